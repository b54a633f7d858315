"""The optimisers of a training: Muon for the matrices of the blocks, AdamW for embeddings and scales."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch

from sonde.organism.muon import Muon


@dataclass(frozen=True)
class Optimisers:
    """Several optimisers that step together; every rate is its own peak times a common factor.

    Attributes:
        parts: the optimisers.
        peaks: the peak rate of each.
    """

    parts: Sequence[torch.optim.Optimizer]
    peaks: Sequence[float]

    def step(self, factor: float) -> None:
        """Step at `factor` times the peak rates, and forget the gradients."""
        for part, peak in zip(self.parts, self.peaks, strict=True):
            for group in part.param_groups:
                group["lr"] = peak * factor
            part.step()
            part.zero_grad(set_to_none=True)

    def state(self) -> list[dict[str, Any]]:
        """Return what a checkpoint needs."""
        return [part.state_dict() for part in self.parts]

    def load(self, states: Sequence[dict[str, Any]]) -> None:
        """Take up the states of a checkpoint."""
        for part, state in zip(self.parts, states, strict=True):
            part.load_state_dict(state)


def make_optimisers(
    model: torch.nn.Module, matrix_rate: float, rate: float, weight_decay: float, dtype: torch.dtype
) -> Optimisers:
    """Make Muon and AdamW.

    Args:
        model: whose two-dimensional parameters, embeddings apart, go to Muon.
        matrix_rate, rate: peak rates of Muon and of AdamW.
        weight_decay: of the matrices.
        dtype: of Muon's own products.
    """
    named = list(model.named_parameters())
    matrices = [p for name, p in named if p.ndim == 2 and "embed" not in name]
    others = [p for name, p in named if p.ndim != 2 or "embed" in name]
    muon = Muon(matrices, lr=matrix_rate, weight_decay=weight_decay, momentum=0.95, dtype=dtype)
    adamw = torch.optim.AdamW(others, lr=rate, betas=(0.9, 0.98), weight_decay=0.0, fused=True)
    return Optimisers((muon, adamw), (matrix_rate, rate))
