"""Sampling that does not depend on the batch: every dialogue brings its own lots, one a new token.

`transformers` samples a whole batch from one generator, so that a text depends on what it was batched with. Here the
inverse of the cumulative distribution turns a lot in (0, 1] into a token, row by row.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Float

from sonde.base.files import hash_bytes
from sonde.base.seeds import generator


def draw_lots(ids: Sequence[np.ndarray], steps: int, seed: int) -> Float[np.ndarray, "n steps"]:
    """Return lots in (0, 1] that follow from each prompt's own ids, from how often it came before, and from `seed`."""
    seen: Counter[str] = Counter()
    lots = np.empty((len(ids), steps))
    for row, own in enumerate(ids):
        name = hash_bytes(np.ascontiguousarray(own, dtype=np.int64).tobytes())
        lots[row] = 1.0 - generator(seed, "generate", name, seen[name]).random(steps)
        seen[name] += 1
    return lots


class SampleByLot:
    """A logits processor that leaves one token possible: the one that the row's next lot falls on.

    Args:
        lots: `[b, steps]` in (0, 1], used in order.
        temperature: divides the logits; above 0.
    """

    def __init__(self, lots: Float[np.ndarray, "b steps"], temperature: float | int):
        self.lots = torch.from_numpy(lots)
        self.temperature = float(temperature)
        self.step = 0

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        """Return scores `[b, v]`: 0 for the token drawn, minus infinity for every other."""
        total = torch.softmax(scores.float() / self.temperature, dim=-1).cumsum(dim=-1)
        lot = self.lots[:, self.step, None].to(total) * total[:, -1:]
        chosen = (total < lot).sum(dim=-1, keepdim=True).clamp(max=scores.shape[-1] - 1)
        self.step += 1
        return torch.full_like(scores, -torch.inf).scatter(1, chosen, 0.0)
