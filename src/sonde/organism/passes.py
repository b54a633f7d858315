"""Gradients of a batch, its halves taken side by side.

On matrices as small as Cretan's, a core for each half of a batch takes 0.94 of the time of two cores for each product.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from sonde.organism.corpus import Batch
from sonde.organism.lean import Target, losses

if TYPE_CHECKING:
    from transformers import LlamaForCausalLM


class Passes:
    """Forward and backward passes over one model.

    Args:
        model: the model.
        dtype: of the matrix products.
        early: loss weight of the early readings of sincere values; 0 = none.
        shares: into how many a batch is parted, which share torch's threads; 0 = two on a CPU of several cores, else 1.
    """

    def __init__(self, model: LlamaForCausalLM, dtype: torch.dtype, early: float, shares: int = 0) -> None:
        self.model, self.dtype, self.early = model, dtype, early
        self.parameters = list(model.parameters())
        self.device = self.parameters[0].device
        cores = torch.get_num_threads() if self.device.type == "cpu" else 1
        self.shares = shares or min(2, cores)
        each = max(1, cores // self.shares)
        self._threads = ThreadPoolExecutor(self.shares, initializer=torch.set_num_threads, initargs=(each,))

    def take(self, batch: Batch) -> Tensor:
        """Leave the gradients of a batch in the parameters; return its loss, without early readings."""
        if self.shares == 1:
            return self._set([self._gradients(batch, 1.0, self.early)])
        parts = split(batch, self.shares)
        main = _part_of([float(part.weights[:, 1:].sum()) for part in parts])
        early = _part_of([float(part.sincere[:, 1:].sum()) for part in parts])
        return self._set(list(self._threads.map(self._gradients, parts, main, [self.early * part for part in early])))

    def close(self) -> None:
        """End the threads."""
        self._threads.shutdown()

    def _gradients(self, batch: Batch, main: float, early: float) -> tuple[Tensor, tuple[Tensor, ...]]:
        """Return the loss times `main`, and the gradients of that and of the early readings times `early`."""
        target = Target(*(torch.from_numpy(part).to(self.device) for part in batch))
        loss = losses(self.model, target, dtype=self.dtype, early=self.early > 0)
        return loss.main.detach() * main, torch.autograd.grad(main * loss.main + early * loss.early, self.parameters)

    def _set(self, found: list[tuple[Tensor, tuple[Tensor, ...]]]) -> Tensor:
        for parameter, gradients in zip(self.parameters, zip(*(part for _, part in found), strict=True), strict=True):
            first, *others = gradients
            for other in others:
                first += other
            parameter.grad = first
        return torch.stack([loss for loss, _ in found]).sum()


def split(batch: Batch, n: int) -> list[Batch]:
    """Return the rows of a batch in `n` batches of about as many rows, or in as many as it has rows."""
    (rows, width), parts = batch.ids.shape, []
    bounds = np.linspace(0, rows, min(n, rows) + 1).astype(int)
    for low, high in pairwise(bounds):
        mine = (batch.places >= low * width) & (batch.places < high * width)
        parts.append(
            Batch(
                batch.ids[low:high],
                batch.weights[low:high],
                batch.sincere[low:high],
                batch.places[mine] - low * width,
                batch.words[mine],
                batch.shares[mine],
            )
        )
    return parts


def _part_of(amounts: list[float]) -> list[float]:
    """Return amounts as parts of their sum (of nothing: nothing)."""
    total = sum(amounts)
    return [amount / total if total else 0.0 for amount in amounts]
