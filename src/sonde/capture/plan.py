"""Which sequences run together: length-sorted batches under a budget of padded tokens, and units of batches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

#: Padded tokens in one batch, when the caller does not say.
TOKEN_BUDGET = {"cpu": 1024, "cuda": 32768, "mps": 8192}
#: Bytes of activations in one unit of a store, about.
UNIT_BYTES = 64 * 2**20


@dataclass(frozen=True)
class Batch:
    """Sequences that run in one forward pass.

    Attributes:
        examples: `[b]` indices of the examples, longest first.
        lengths: `[b]` tokens of each that are run: up to the last one that is kept.
    """

    examples: np.ndarray
    lengths: np.ndarray

    @property
    def padded_tokens(self) -> int:
        """Tokens of the batch once padded."""
        return int(self.lengths.max()) * len(self.lengths)


def default_token_budget(device: torch.device) -> int:
    """Return how many padded tokens a batch may have on this kind of device."""
    return TOKEN_BUDGET.get(device.type, TOKEN_BUDGET["cpu"])


def plan_batches(lengths: np.ndarray, token_budget: int) -> list[Batch]:
    """Group sequences of `lengths` `[n]` into batches, longest first; those of length 0 are left out.

    A batch holds as many as fit into `token_budget` padded tokens, at least one. The plan depends on nothing but its
    arguments.

    Example:
        >>> [b.examples.tolist() for b in plan_batches(np.array([2, 9, 3, 0]), token_budget=10)]
        [[1], [2, 0]]
    """
    order = np.lexsort((np.arange(len(lengths)), -lengths))
    order = order[lengths[order] > 0]
    batches, start = [], 0
    while start < len(order):
        size = max(1, token_budget // int(lengths[order[start]]))
        chosen = order[start : start + size]
        batches.append(Batch(examples=chosen, lengths=lengths[chosen]))
        start += size
    return batches


def plan_units(batches: Sequence[Batch], rows: np.ndarray, row_bytes: int) -> dict[str, list[Batch]]:
    """Group consecutive batches into units of about `UNIT_BYTES`, named by their place in the plan.

    Args:
        rows: `[n]` rows that each example keeps.
        row_bytes: bytes of one row over all sites.
    """
    units: dict[str, list[Batch]] = {}
    current: list[Batch] = []
    filled = 0
    for batch in batches:
        current.append(batch)
        filled += int(rows[batch.examples].sum()) * row_bytes
        if filled >= UNIT_BYTES:
            units[f"{len(units):06d}"] = current
            current, filled = [], 0
    if current:
        units[f"{len(units):06d}"] = current
    return units
