"""The difference of class means: the probe with nothing to tune."""

from __future__ import annotations

from collections.abc import Sequence
from typing import no_type_check

import numpy as np
from jaxtyping import Bool, Float

from sonde.probes.classes import ClassMeans
from sonde.probes.linear import LinearProbe
from sonde.probes.platt import platt_scaling
from sonde.probes.problem import Problem, Solution


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

    def problem(self, X: Float[np.ndarray, "n d"], y: Bool[np.ndarray, " n"], w: Float[np.ndarray, " n"]) -> Problem:
        """Return the rows in their principal axes."""
        return Problem.build(X, y, w, standardize=self.standardize)

    def solve(self, problem: Problem, strengths: Sequence[float | None]) -> list[Solution]:
        """Take the difference; it has no strength, so all solutions are the same."""
        m = ClassMeans.of(problem)
        rr, rd = (m.residual**2).sum(axis=1), m.residual @ m.delta
        left_out = m.left_out_scores(rr, rd, np.full(len(rr), m.delta @ m.delta))
        a, _ = platt_scaling(left_out, problem.y, problem.w * (m.positive + m.negative) / (2 * m.own), offset=False)
        return [Solution(a * m.delta, -a * float(m.middle @ m.delta))] * len(strengths)
