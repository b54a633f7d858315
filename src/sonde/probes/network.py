"""Training small networks on examples of one or more rows: AdamW, stopped early on held-out groups."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits

from sonde.base.seeds import derive_seed, generator
from sonde.base.tables import offsets_of, rows_of

Weights = dict[str, Tensor]
#: Logits `[m]` of `m` examples from the weights, their rows `[t, d]`, and where each example begins `[m + 1]`.
Forward = Callable[[Weights, Tensor, Tensor], Tensor]


@dataclass(frozen=True)
class Schedule:
    """How a network is trained.

    Attributes:
        lr: learning rate of AdamW.
        weight_decay: of AdamW.
        patience: epochs without a lower validation loss before it stops.
        max_epochs: epochs at most.
        batch: examples in a step.
        validation: share of the groups (or examples) that only stop it.
        seed: of the split and the order.
    """

    lr: float
    weight_decay: float
    patience: int
    max_epochs: int
    batch: int
    validation: float
    seed: int


@dataclass(frozen=True)
class Examples:
    """Examples of one row or more.

    Attributes:
        X: `[t, d]` standardised rows, float32, one example after the other.
        offsets: `[n + 1]` where each begins.
        y: `[n]` True = positive.
        w: `[n]` weights.
        groups: `[n]` examples that stay on one side of the validation split.
    """

    X: Float[Tensor, "t d"]
    offsets: Int[np.ndarray, " n_plus_1"]
    y: Bool[np.ndarray, " n"]
    w: Float[np.ndarray, " n"]
    groups: np.ndarray

    def take(self, index: np.ndarray) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Return rows, bounds, targets and weights of some examples."""
        rows = torch.from_numpy(rows_of(self.offsets, index))
        bounds = torch.from_numpy(offsets_of(np.diff(self.offsets)[index]))
        targets, weights = (torch.as_tensor(v[index], dtype=torch.float32) for v in (self.y, self.w))
        return self.X[rows], bounds, targets, weights


def train_network(
    weights: Weights, forward: Forward, data: Examples, schedule: Schedule
) -> tuple[Weights, int, np.ndarray]:
    """Return the weights of lowest validation loss, the epochs run, and `[v]` the examples validated on."""
    learn, check = split_validation(data, schedule)
    weights = {name: value.clone().requires_grad_() for name, value in weights.items()}
    optimiser = torch.optim.AdamW(weights.values(), lr=schedule.lr, weight_decay=schedule.weight_decay)
    order = generator(schedule.seed, "network", "order")
    best, lowest, since, epoch = _copy(weights), np.inf, 0, 0
    held_out = data.take(check)
    while epoch < schedule.max_epochs and since < schedule.patience:
        epoch += 1
        mixed = order.permutation(learn)
        for i in range(0, len(mixed), schedule.batch):
            optimiser.zero_grad()
            _loss(weights, forward, data.take(mixed[i : i + schedule.batch])).backward()
            optimiser.step()
        with torch.no_grad():
            loss = float(_loss(weights, forward, held_out))
        best, lowest, since = (_copy(weights), loss, 0) if loss < lowest else (best, lowest, since + 1)
    return best, epoch, check


def split_validation(data: Examples, schedule: Schedule) -> tuple[Int[np.ndarray, " m"], Int[np.ndarray, " v"]]:
    """Return who trains and who validates: whole groups, at least one on each side where there are two."""
    names = np.unique(data.groups)
    count = min(max(1, round(schedule.validation * len(names))), len(names) - 1)
    chosen = generator(schedule.seed, "network", "validation").permutation(names)[:count]
    held_out = np.isin(data.groups, chosen)
    if not held_out.any() or len({*data.y[~held_out]}) < 2:
        everybody = np.arange(len(data.y))
        return everybody, everybody  # too few groups to hold one out: it stops on its training loss
    return np.flatnonzero(~held_out), np.flatnonzero(held_out)


def _loss(weights: Weights, forward: Forward, batch: tuple[Tensor, Tensor, Tensor, Tensor]) -> Tensor:
    X, bounds, targets, w = batch
    each = binary_cross_entropy_with_logits(forward(weights, X, bounds), targets, reduction="none")
    return (w * each).sum() / w.sum()


def _copy(weights: Weights) -> Weights:
    return {name: value.detach().clone() for name, value in weights.items()}


def random_weights(seed: int, **shapes: tuple[int, ...]) -> Weights:
    """Return normal weights of the given shapes, scaled by the root of their last axis (He et al. 2015)."""
    found = {}
    for name, shape in shapes.items():
        random = torch.Generator().manual_seed(derive_seed(seed, "network", name))
        found[name] = torch.randn(*shape, generator=random) * (2 / shape[-1]) ** 0.5
    return found
