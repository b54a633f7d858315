"""Contrast-consistent search: a direction found without labels, from pairs of which exactly one row is positive."""

from __future__ import annotations

from collections.abc import Sequence
from typing import no_type_check

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor

from sonde.base.seeds import derive_seed
from sonde.probes.closed_form import LinearSolution
from sonde.probes.facts import Facts
from sonde.probes.fold_rows import FoldRows, FoldScores, refitted_scores
from sonde.probes.linear import LinearProbe
from sonde.probes.pairs import contrast_pairs
from sonde.probes.platt import platt_scaling
from sonde.probes.scaling import fit_scaler


class CCSProbe(LinearProbe):
    """A direction whose probabilities are consistent and confident on contrast pairs.

    Burns et al. 2022 (2212.03827), equations 1 to 3; optimised as EleutherAI's `elk` does, by L-BFGS with weight decay,
    and the restart of lowest loss kept. Pairs are the groups of exactly two rows, one of each class, such as a
    statement and its negation; `fit(X, y, groups=…)` names them. Labels give the sign and the calibration only. As in
    the paper the two sides of the pairs (first and second row) are centred separately, unless side and label are one.

    Args:
        lr: first step length of L-BFGS.
        decay: weight decay, half its product with the squared norm joins the loss.
        restarts: random starting points; the one of lowest loss is kept.
        max_iter: steps of each restart at most.
        seed: of the starting points.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> y, pair = np.tile([0, 1], 20), np.repeat(np.arange(20), 2)
        >>> X = rng.normal(size=(40, 3)) + np.outer(y, [4.0, 0.0, 0.0])
        >>> CCSProbe().fit(X, y, groups=pair).score(X, y) > 0.9
        True
    """

    kind = "ccs"
    lr: float
    decay: float
    restarts: int
    max_iter: int
    seed: int

    @no_type_check  # stores what it is given, of any type; `fit` checks it, as scikit-learn's contract has it
    def __init__(
        self, lr: float = 1e-2, decay: float = 0.01, restarts: int = 10, max_iter: int = 1000, seed: int = 0
    ) -> None:
        self.lr = lr
        self.decay = decay
        self.restarts = restarts
        self.max_iter = max_iter
        self.seed = seed

    def solution(
        self, X: Float[np.ndarray, "n d"], y: Bool[np.ndarray, " n"], w: Float[np.ndarray, " n"], facts: Facts
    ) -> LinearSolution:
        """Search on the pairs, then give the direction the classes' sign, and calibrate on all rows."""
        pairs = contrast_pairs(facts, y, type(self).__name__)
        mean, scale = fit_scaler(X, w, standardize=True)
        Z = (X - mean) / scale
        sides = Z[pairs]
        if len(np.unique(y[pairs[:, 0]])) == 2:
            sides = sides - sides.mean(0)
        weights = np.sqrt(w[pairs].prod(1))
        direction = self._search(torch.as_tensor(sides[:, 0]), torch.as_tensor(sides[:, 1]), torch.as_tensor(weights))
        direction = direction if np.ptp(Z @ direction) > 0 else np.zeros_like(direction)
        gap = w[y] @ (Z[y] @ direction) / w[y].sum() - w[~y] @ (Z[~y] @ direction) / w[~y].sum()
        direction = direction if gap >= 0 else -direction
        a, b = platt_scaling(Z @ direction, y, w)
        raw = a * direction / scale
        return LinearSolution(raw, float(b - mean @ raw), mean, scale)

    def out_of_fold(self, rows: FoldRows, strengths: Sequence[float | None]) -> FoldScores:
        """Fit every fold; there is no strength."""
        return refitted_scores(self, rows, strengths)

    def _search(self, first: Tensor, second: Tensor, w: Tensor) -> Float[np.ndarray, " d"]:
        best, lowest = torch.zeros(first.shape[1], dtype=torch.float64), np.inf
        for restart in range(int(self.restarts)):
            random = torch.Generator().manual_seed(derive_seed(int(self.seed), "ccs", restart))
            start = torch.randn(first.shape[1] + 1, generator=random, dtype=torch.float64)
            start[:-1] *= (first.abs() + second.abs()).sum(0) > 0  # no weight on a constant feature
            theta = (start / start.norm()).requires_grad_()
            loss = minimise_ccs(theta, first, second, w, float(self.lr), float(self.decay), int(self.max_iter))
            if loss < lowest:
                best, lowest = theta.detach()[:-1], loss
        return best.numpy()


def ccs_loss(theta: Tensor, first: Tensor, second: Tensor, w: Tensor, decay: float) -> Tensor:
    """Return the mean over pairs of `(p₁ - (1 - p₂))² + min(p₁, p₂)²`, plus the decay; `theta` is `[d + 1]`."""
    p1, p2 = (torch.sigmoid(side @ theta[:-1] + theta[-1]) for side in (first, second))
    each = (p1 + p2 - 1) ** 2 + torch.minimum(p1, p2) ** 2
    return (w * each).sum() / w.sum() + 0.5 * decay * (theta[:-1] ** 2).sum()


def minimise_ccs(
    theta: Tensor, first: Tensor, second: Tensor, w: Tensor, lr: float, decay: float, max_iter: int
) -> float:
    """Change `theta` in place to a local minimum, and return the loss there."""
    steps = torch.optim.LBFGS(
        [theta], lr=lr, max_iter=max_iter, tolerance_grad=1e-9, tolerance_change=1e-12, line_search_fn="strong_wolfe"
    )

    def closure() -> float:
        steps.zero_grad()
        loss = ccs_loss(theta, first, second, w, decay)
        loss.backward()
        return loss.item()

    steps.step(closure)
    with torch.no_grad():
        return float(ccs_loss(theta, first, second, w, decay))
