"""Ridge regression onto ±1: every strength from one eigendecomposition."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import no_type_check

import numpy as np
from jaxtyping import Bool, Float

from sonde.probes.closed_form import LinearSolution, gaussian_log_odds, shrunken_directions, weigh_sums
from sonde.probes.facts import Facts
from sonde.probes.fold_rows import FoldRows, FoldScores, closed_form_scores
from sonde.probes.linear import LinearProbe
from sonde.probes.platt import platt_scaling, unit_left_out
from sonde.probes.problem import Problem
from sonde.probes.sums import ClassSums


def solve_ridge(problem: Problem, l2: float, intercept: bool) -> tuple[np.ndarray, float, np.ndarray]:
    """Return weights, constant, and the scores of the rows with one unit of each left out.

    Minimises `Σ w·(t - R c - b)² + l2·‖c‖²` for targets `t = ±1`. In principal axes `c = Rᵀ diag(w) t / (lam + l2)`.
    Leaving out a unit `u` of row `i` turns its residual `e` into `e / (1 - u·q)`, `q` its leverage per unit of weight
    (Golub, Heath & Wahba 1979).
    """
    R, w = problem.R, problem.w
    t = np.where(problem.y, 1.0, -1.0)
    constant = float(w @ t / w.sum()) if intercept else 0.0
    coef = (w * t) @ R / (problem.lam + l2)
    leverage = (R**2) @ (1 / (problem.lam + l2)) + (1 / w.sum() if intercept else 0.0)
    left = 1.0 - unit_left_out(w) * leverage
    residual = t - (R @ coef + constant)
    return coef, constant, t - residual / np.where(left > 1e-12, left, 1.0)


class RidgeProbe(LinearProbe):
    """Ridge regression onto targets of ±1, its scores turned into log-odds by Platt scaling on left-out scores.

    Args:
        l2: strength of the penalty, in units of summed squared error on standardised features.
        standardize: divide each feature by its standard deviation on the training rows.
        fit_intercept: learn an unpenalised constant.
        class_weight: None, "balanced", or a weight for each class.

    Example:
        >>> X = np.array([[0.0, 1.0], [1.0, 1.0], [4.0, 1.0], [5.0, 1.0]])
        >>> RidgeProbe(l2=1.0).fit(X, ["honest", "honest", "lie", "lie"]).predict([[6.0, 1.0]])
        array(['lie'], dtype='<U6')
    """

    kind = "ridge"
    l2: float
    standardize: bool
    fit_intercept: bool
    class_weight: str | Mapping | None

    @no_type_check  # stores what it is given, of any type; `fit` checks it, as scikit-learn's contract has it
    def __init__(
        self,
        l2: float = 10.0,
        standardize: bool = True,
        fit_intercept: bool = True,
        class_weight: str | Mapping | None = None,
    ) -> None:
        self.l2 = l2
        self.standardize = standardize
        self.fit_intercept = fit_intercept
        self.class_weight = class_weight

    def solution(
        self, X: Float[np.ndarray, "n d"], y: Bool[np.ndarray, " n"], w: Float[np.ndarray, " n"], facts: Facts
    ) -> LinearSolution:
        """Divide by `lam + l2` in principal axes, and calibrate."""
        problem = Problem.build(X, y, w, standardize=self.standardize, centre=self.fit_intercept)
        coef, constant, left_out = solve_ridge(problem, float(self.l2), self.fit_intercept)
        a, b = platt_scaling(left_out, problem.y, problem.w)
        return problem.unfold(a * coef, a * constant + b)

    @classmethod
    def from_sums(
        cls, sums: ClassSums, l2: float = 10.0, standardize: bool = True, class_weight: str | Mapping | None = None
    ) -> RidgeProbe:
        """Return a probe fitted on sums of rows that were never kept; see `ClassSums`.

        Its direction is that of `fit`; its log-odds are `gaussian_log_odds`. Classes are 0 and 1.

        Raises:
            InputError: one class only, or a singular scatter with `l2=0`.
        """
        probe = cls(l2=l2, standardize=standardize, class_weight=class_weight)
        probe.check_parameters()
        weighed = weigh_sums(sums, class_weight)
        (direction,) = shrunken_directions(weighed, [l2], standardize=standardize)
        return probe._fitted_from_sums(gaussian_log_odds(weighed, direction, standardize=standardize), sums)

    def out_of_fold(self, rows: FoldRows, strengths: Sequence[float | None]) -> FoldScores:
        """Solve every strength from the sums of each training set."""
        self.check_parameters()
        l2 = [float(s or 0.0) for s in strengths]
        directions = rows.shrunken(
            l2, standardize=self.standardize, centre=self.fit_intercept, class_weight=self.class_weight
        )
        return closed_form_scores(rows, directions)
