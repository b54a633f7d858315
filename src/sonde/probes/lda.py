"""Linear discriminant analysis with a shrunken shared covariance."""

from __future__ import annotations

from collections.abc import Sequence
from typing import no_type_check

import numpy as np
from jaxtyping import Bool, Float

from sonde.probes.classes import ClassMeans
from sonde.probes.closed_form import LinearSolution, gaussian_log_odds, shrunken_directions
from sonde.probes.facts import Facts
from sonde.probes.fold_rows import FoldRows, FoldScores, closed_form_scores
from sonde.probes.inputs import DataError
from sonde.probes.linear import LinearProbe
from sonde.probes.platt import platt_scaling
from sonde.probes.problem import Problem
from sonde.probes.sums import ClassSums


def solve_lda(problem: Problem, l2: float) -> tuple[np.ndarray, float, np.ndarray]:
    """Return weights, constant, and the scores of the rows with one unit of each left out.

    Bayes' rule for two Gaussians of covariance `Σ = (S + l2·I) / N`, `S` the scatter within classes and `N` the total
    weight: `w = Σ⁻¹(μ₁ - μ₀)`, `b = -½(μ₁ + μ₀)·w + log(N₁ / N₀)`. In principal axes `S` is the diagonal of total
    scatter minus `k₀ δδᵀ`, `k₀ = N₁N₀ / N`, so both its inverse and the one without a row are rank-one updates
    (Sherman-Morrison).

    Raises:
        InputError: the within-class covariance is singular and `l2` is 0.
    """
    m = ClassMeans.of(problem)
    total, k0 = m.positive + m.negative, m.positive * m.negative / (m.positive + m.negative)
    inverse = 1 / (problem.lam + l2)
    b_delta = inverse * m.delta
    spare = 1.0 - k0 * float(m.delta @ b_delta)
    if spare < 1e-10:
        raise DataError(
            f"LDAProbe with l2={l2:g} meets a within-class covariance that is singular "
            f"({problem.R.shape[0]} rows, {problem.basis.shape[0]} features): choose a larger l2."
        )
    a_delta = b_delta / spare
    coef = total * a_delta
    prior = np.log(m.positive / m.negative)
    constant = float(prior - m.middle @ coef)

    rb = m.residual @ b_delta
    rr, rd, dd = (m.residual**2) @ inverse + k0 * rb**2 / spare, rb / spare, float(m.delta @ a_delta)
    k = m.unit * m.own / m.left
    gap = 1.0 - k * rr
    gain = np.where(gap > 1e-10, k / np.where(gap > 1e-10, gap, 1.0), 0.0)
    scores = m.left_out_scores(rr + gain * rr**2, rd + gain * rr * rd, dd + gain * rd**2)
    left_1, left_0 = np.where(problem.y, m.left, m.positive), np.where(problem.y, m.negative, m.left)
    return coef, constant, (total - m.unit) * scores + np.log(left_1 / left_0)


class LDAProbe(LinearProbe):
    """Linear discriminant analysis: the direction of class means, freed from shared variance.

    The log-odds of Bayes' rule (see `solve_lda`) are too sure in many dimensions, so they go through Platt scaling
    fitted on left-out scores.

    Args:
        l2: added to the diagonal of the within-class scatter of standardised features.
        standardize: divide each feature by its standard deviation on the training rows.

    Example:
        >>> X = np.array([[0.0, 1.0], [1.0, 1.0], [4.0, 1.0], [5.0, 1.0]])
        >>> LDAProbe(l2=1.0).fit(X, [0, 0, 1, 1]).predict([[2.4, 1.0], [2.6, 1.0]])
        array([0, 1])
    """

    kind = "lda"
    l2: float
    standardize: bool

    @no_type_check  # stores what it is given, of any type; `fit` checks it, as scikit-learn's contract has it
    def __init__(self, l2: float = 10.0, standardize: bool = True) -> None:
        self.l2 = l2
        self.standardize = standardize

    def solution(
        self, X: Float[np.ndarray, "n d"], y: Bool[np.ndarray, " n"], w: Float[np.ndarray, " n"], facts: Facts
    ) -> LinearSolution:
        """Apply Bayes' rule, and calibrate."""
        problem = Problem.build(X, y, w, standardize=self.standardize)
        coef, constant, left_out = solve_lda(problem, float(self.l2))
        a, b = platt_scaling(left_out, problem.y, problem.w)
        return problem.unfold(a * coef, a * constant + b)

    @classmethod
    def from_sums(cls, sums: ClassSums, l2: float = 10.0, standardize: bool = True) -> LDAProbe:
        """Return a probe fitted on sums of rows that were never kept; see `ClassSums`.

        Its direction is that of `fit`; its log-odds are `gaussian_log_odds`. Classes are 0 and 1.

        Raises:
            InputError: one class only, or a singular scatter with `l2=0`.
        """
        probe = cls(l2=l2, standardize=standardize)
        probe.check_parameters()
        (direction,) = shrunken_directions(sums, [l2], standardize=standardize)
        return probe._fitted_from_sums(gaussian_log_odds(sums, direction, standardize=standardize), sums)

    def out_of_fold(self, rows: FoldRows, strengths: Sequence[float | None]) -> FoldScores:
        """Solve every strength from the sums of each training set."""
        self.check_parameters()
        l2 = [float(s or 0.0) for s in strengths]
        return closed_form_scores(rows, rows.shrunken(l2, standardize=self.standardize))
