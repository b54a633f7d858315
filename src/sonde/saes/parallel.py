"""What several processes that train one autoencoder must agree on. Launched by `torchrun`; alone, nothing is sent."""

from __future__ import annotations

from collections.abc import Iterable

import torch
import torch.distributed as dist
from jaxtyping import Float
from torch import Tensor


class Peers:
    """The processes of a training; `Peers()` is one process alone.

    Attributes:
        rank: this process.
        world: how many there are.
    """

    def __init__(self, rank: int = 0, world: int = 1) -> None:
        self.rank = rank
        self.world = world

    @staticmethod
    def here() -> Peers:
        """Return the processes of the default group, or one alone where none was started."""
        if not (dist.is_available() and dist.is_initialized()):
            return Peers()
        return Peers(dist.get_rank(), dist.get_world_size())

    def average(self, tensors: Iterable[Tensor]) -> None:
        """Replace each tensor by its mean over the processes, in place."""
        if self.world > 1:
            for tensor in tensors:
                dist.all_reduce(tensor)
                tensor.div_(self.world)

    def total(self, tensor: Tensor) -> Tensor:
        """Return the sum over the processes, in place."""
        if self.world > 1:
            dist.all_reduce(tensor)
        return tensor

    def wait(self) -> None:
        """Go on when all have come here."""
        if self.world > 1:
            dist.barrier()

    def smallest_of_top(self, values: Float[Tensor, " a"], count: int) -> float:
        """Return the smallest of the `count` largest values of all processes; 0 where none has any."""
        local = torch.full((count,), -torch.inf, device=values.device)
        top = values.topk(min(count, len(values)), sorted=False).values
        local[: len(top)] = top
        everyone = local.new_empty(self.world * count)
        dist.all_gather_into_tensor(everyone, local)
        found = everyone.topk(count, sorted=False).values
        found = found[torch.isfinite(found)]
        return float(found.min()) if len(found) else 0.0
