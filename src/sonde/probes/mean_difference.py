"""The difference of class means: the probe with nothing to tune."""

from __future__ import annotations

from collections.abc import Sequence
from typing import no_type_check

import numpy as np
from jaxtyping import Bool, Float

from sonde.probes.classes import ClassMeans
from sonde.probes.closed_form import LinearSolution, gaussian_log_odds, weigh_sums
from sonde.probes.facts import Facts
from sonde.probes.fold_rows import FoldRows, FoldScores, closed_form_scores
from sonde.probes.linear import LinearProbe
from sonde.probes.platt import platt_scaling
from sonde.probes.problem import Problem
from sonde.probes.sums import ClassSums


class MeanDifferenceProbe(LinearProbe):
    """Project onto the difference of class means; even odds midway between them.

    The mass-mean direction of Marks & Tegmark 2023 (2310.06824), without their covariance correction (see `LDAProbe`).
    One slope turns the projection into log-odds, fitted on left-out scores with both classes weighing the same: the
    probabilities are those of a world with as many positives as negatives.

    Args:
        standardize: divide each feature by its standard deviation first; off, as in the paper.

    Example:
        >>> X = np.array([[0.0, 1.0], [2.0, 1.0], [4.0, 3.0], [6.0, 3.0]])
        >>> probe = MeanDifferenceProbe().fit(X, [0, 0, 1, 1])
        >>> probe.direction_.round(3), round(float(probe.decision_function([[3.0, 2.0]])[0]), 9)
        (array([0.894, 0.447]), 0.0)
    """

    kind = "mean_difference"
    standardize: bool

    @no_type_check  # stores what it is given, of any type; `fit` checks it, as scikit-learn's contract has it
    def __init__(self, standardize: bool = False) -> None:
        self.standardize = standardize

    def solution(
        self, X: Float[np.ndarray, "n d"], y: Bool[np.ndarray, " n"], w: Float[np.ndarray, " n"], facts: Facts
    ) -> LinearSolution:
        """Take the difference, and calibrate its length."""
        problem = Problem.build(X, y, w, standardize=self.standardize)
        m = ClassMeans.of(problem)
        rr, rd = (m.residual**2).sum(axis=1), m.residual @ m.delta
        left_out = m.left_out_scores(rr, rd, np.full(len(rr), m.delta @ m.delta))
        a, _ = platt_scaling(left_out, problem.y, problem.w * (m.positive + m.negative) / (2 * m.own), offset=False)
        return problem.unfold(a * m.delta, -a * float(m.middle @ m.delta))

    @classmethod
    def from_sums(cls, sums: ClassSums, standardize: bool = False) -> MeanDifferenceProbe:
        """Return a probe fitted on sums of rows that were never kept; see `ClassSums`.

        Its direction and its even odds are those of `fit`; its slope is that of `gaussian_log_odds`. Classes are 0
        and 1.

        Raises:
            InputError: one class only.
        """
        probe = cls(standardize=standardize)
        probe.check_parameters()
        direction = mean_direction(sums, standardize=standardize)
        balanced = weigh_sums(sums, "balanced")
        return probe._fitted_from_sums(gaussian_log_odds(balanced, direction, standardize=standardize), sums)

    def out_of_fold(self, rows: FoldRows, strengths: Sequence[float | None]) -> FoldScores:
        """Take the difference in each training set; it has no strength, so all of them are the same."""
        self.check_parameters()
        found = [mean_direction(s, standardize=self.standardize) for s in rows.training_sums]
        return closed_form_scores(rows, [np.repeat(d[None], len(strengths), 0) for d in found])


def mean_direction(sums: ClassSums, *, standardize: bool) -> Float[np.ndarray, " d"]:
    """Return the difference of class means on raw rows, divided by the features' variances if they are scaled."""
    sums.check_classes()
    mean_0, mean_1, _ = sums.means()
    return (mean_1 - mean_0) / (sums.scatter()[1] ** 2 if standardize else 1.0)
