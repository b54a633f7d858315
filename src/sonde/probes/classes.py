"""The two class means of a problem, and what leaving out one row does to them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from sonde.probes.platt import unit_left_out
from sonde.probes.problem import Problem


@dataclass(frozen=True)
class ClassMeans:
    """Class means in principal axes.

    Attributes:
        delta: `[r]` mean of the positives minus mean of the negatives.
        middle: `[r]` the point midway.
        residual: `[n, r]` rows minus the mean of their own class.
        sign: `[n]` +1 for positives, -1 for negatives.
        own: `[n]` total weight of the row's class.
        left: `[n]` the same with one unit of the row left out; where nothing would be left, the row stays in.
        unit: `[n]` how much of the row is left out.
        positive, negative: total weights.
    """

    delta: Float[np.ndarray, " r"]
    middle: Float[np.ndarray, " r"]
    residual: Float[np.ndarray, "n r"]
    sign: Float[np.ndarray, " n"]
    own: Float[np.ndarray, " n"]
    left: Float[np.ndarray, " n"]
    unit: Float[np.ndarray, " n"]
    positive: float
    negative: float

    @staticmethod
    def of(problem: Problem) -> ClassMeans:
        """Compute them, weighted."""
        R, y, w = problem.R, problem.y, problem.w
        positive, negative = float(w[y].sum()), float(w[~y].sum())
        mean_1, mean_0 = w[y] @ R[y] / positive, w[~y] @ R[~y] / negative
        own = np.where(y, positive, negative)
        unit = unit_left_out(w)
        unit = np.where(own - unit > 1e-9 * own, unit, 0.0)
        residual = R - np.where(y[:, None], mean_1, mean_0)
        sign = np.where(y, 1.0, -1.0)
        middle = (mean_1 + mean_0) / 2
        return ClassMeans(mean_1 - mean_0, middle, residual, sign, own, own - unit, unit, positive, negative)

    def left_out_scores(
        self, rr: Float[np.ndarray, " n"], rd: Float[np.ndarray, " n"], dd: Float[np.ndarray, " n"]
    ) -> Float[np.ndarray, " n"]:
        """Return `(x - middle')ᵀ A' delta'` for every row `x`, where `'` means without one unit of that row.

        Without it the own class's mean moves by `-g·residual`, `g = unit / left`, so with `r` the residual
        `x - middle' = (1 + g/2)·r + sign·delta/2` and `delta' = delta - sign·g·r`.

        Args:
            rr, rd, dd: `[n]` the products `rᵀA'r`, `rᵀA'delta`, `deltaᵀA'delta`.
        """
        g = self.unit / self.left
        along_r = (1 + g / 2) * (rd - self.sign * g * rr)
        along_delta = self.sign / 2 * (dd - self.sign * g * rd)
        return along_r + along_delta
