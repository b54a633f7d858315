"""Logistic regression with an L2 penalty: the reference recipe of deception probes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, no_type_check

import numpy as np
from jaxtyping import Bool, Float

from sonde.probes.closed_form import LinearSolution
from sonde.probes.facts import Facts
from sonde.probes.fold_rows import FoldRows, FoldScores
from sonde.probes.linear import LinearProbe
from sonde.probes.solver import as_rows, solve_logistic
from sonde.probes.training_sets import Solved

FIT_GAP = 1e-15  # relative objective that three further steps may gain, for a probe that is kept
SWEEP_GAP = 3e-5  # the same for a cell of a sweep, which is compared and dropped; it ends within a gap of 1e-4


class LogisticProbe(LinearProbe):
    """Logistic regression on standardised activations.

    Minimises `½·l2·‖w‖² + Σ log-loss`, scikit-learn's objective with `C = 1 / l2`. Defaults: Goldowsky-Dill et al. 2025
    (2502.03407), whose paper states λ = 10 and whose code uses 1e3: sweep it.

    Args:
        l2: strength of the penalty, in units of summed log-loss on standardised features.
        standardize: divide each feature by its standard deviation on the training rows.
        fit_intercept: learn an unpenalised constant.
        class_weight: None, "balanced", or a weight for each class.
        max_iter: solver steps at most, on float32 rows and then on float64 rows; beyond, a `ConvergenceWarning` states
            the gradient norm.
        tol: the gradient norm (over the number of rows) above which that warning is given.
        seed: unused, the solver is deterministic; there so that all probes can be seeded alike.

    Example:
        >>> X = np.array([[0.0, 1.0], [1.0, 1.0], [4.0, 1.0], [5.0, 1.0]])
        >>> LogisticProbe(l2=1.0).fit(X, [0, 0, 1, 1]).direction_
        array([1., 0.])
    """

    kind = "logistic"
    l2: float
    standardize: bool
    fit_intercept: bool
    class_weight: str | Mapping | None
    max_iter: int
    tol: float
    seed: int

    @no_type_check  # stores what it is given, of any type; `fit` checks it, as scikit-learn's contract has it
    def __init__(
        self,
        l2: float = 10.0,
        standardize: bool = True,
        fit_intercept: bool = True,
        class_weight: str | Mapping | None = None,
        max_iter: int = 1000,
        tol: float = 1e-5,
        seed: int = 0,
    ) -> None:
        self.l2 = l2
        self.standardize = standardize
        self.fit_intercept = fit_intercept
        self.class_weight = class_weight
        self.max_iter = max_iter
        self.tol = tol
        self.seed = seed

    def solution(
        self, X: Float[np.ndarray, "n d"], y: Bool[np.ndarray, " n"], w: Float[np.ndarray, " n"], facts: Facts
    ) -> LinearSolution:
        """Solve to the last digits."""
        found = self._solve(X, y[None], w[None], [self.l2], FIT_GAP, "cpu")
        raw, constant = found.rows.unfold(found.coef, found.constant, found.sets)
        mean, scale = found.rows.own_scaler(0)
        steps, norm = max(1, int(found.steps[0])), float(found.gradient_norm[0])
        return LinearSolution(raw[0].numpy(), float(constant[0]), mean.numpy(), scale.numpy(), steps, norm)

    def out_of_fold(self, rows: FoldRows, strengths: Sequence[float | None]) -> FoldScores:
        """Solve every fold and strength at once; the held-out rows are scored on the way."""
        self.check_parameters()
        train = np.stack([rows.fold != k for k in range(rows.folds)])
        weights = np.zeros(train.shape)
        for k, mine in enumerate(train):
            weights[k, mine] = self._weigh(rows.y[mine], np.ones(int(mine.sum())), np.array([0, 1]))
        targets = np.broadcast_to(rows.y, train.shape)
        found = self._solve(rows.X, targets, weights, [float(l2 or 0.0) for l2 in strengths], SWEEP_GAP, rows.device)
        logits = found.logits.view(len(strengths), rows.folds, -1).cpu().numpy()
        held_out = logits[:, rows.fold, np.arange(len(rows.y))]
        norm = found.gradient_norm.view(len(strengths), rows.folds).amax(1).cpu().numpy()
        converged = found.converged.view(len(strengths), rows.folds).all(1).cpu().numpy()
        return FoldScores(rows.per_example(held_out), True, norm, converged)

    def _solve(
        self, X: np.ndarray, y: np.ndarray, w: np.ndarray, strengths: Sequence[float], gap: float, device: Any
    ) -> Solved:
        targets, weights = as_rows(y, device), as_rows(w, device)
        return solve_logistic(
            as_rows(X, device),
            targets,
            weights,
            strengths,
            standardize=bool(self.standardize),
            intercept=bool(self.fit_intercept),
            gap=gap,
            max_iter=int(self.max_iter),
        )
