"""Closed forms from sums alone: the direction of every strength, and log-odds for it, without the rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from sonde.probes.inputs import DataError
from sonde.probes.sums import ClassSums


@dataclass(frozen=True)
class LinearSolution:
    """A linear decision on raw rows: `X @ coef + intercept`, in log-odds.

    Attributes:
        coef: `[d]` weights.
        intercept: the constant.
        mean, scale: `[d]` of the scaler that is folded in; 0 and 1 where there was none.
        n_iter: iterations; 1 for a closed form.
        gradient_norm: Euclidean norm of the objective's gradient over the total weight; 0 for a closed form.
    """

    coef: Float[np.ndarray, " d"]
    intercept: float
    mean: Float[np.ndarray, " d"]
    scale: Float[np.ndarray, " d"]
    n_iter: int = 1
    gradient_norm: float = 0.0


def shrunken_directions(
    sums: ClassSums, strengths: Sequence[float], *, standardize: bool, centre: bool = True
) -> Float[np.ndarray, "k d"]:
    """Return `(S + l2·I)⁻¹ Σ w·t·z` on raw rows for each strength, `z` the scaled rows, `S` their scatter, `t = ±1`.

    With centred rows that is the direction of ridge regression onto ±1. `Σ w·t·z` is then along the difference of class
    means, so it is also that of linear discriminant analysis with `(S_within + l2·I) / N` (Sherman-Morrison: the
    scatter between classes changes the length only).

    Args:
        sums: of the training rows.
        strengths: `l2`, in units of summed squares on scaled features.
        standardize: divide features by their standard deviations.
        centre: take scatter and rows about the mean, not about 0.

    Raises:
        DataError: a strength of 0 on features that are linearly dependent.
    """
    system = ShrunkenSystem.of(sums, standardize=standardize, centre=centre)
    return np.stack([system.solved(l2) for l2 in strengths]) / system.scale


@dataclass(frozen=True)
class ShrunkenSystem:
    """The equations `(S + l2·I) x = target` on scaled features; `x / scale` acts on raw rows.

    Attributes:
        S: `[d, d]` scatter.
        target: `[d]`.
        scale: `[d]`.
        rows: how many rows are behind it.
    """

    S: Float[np.ndarray, "d d"]
    target: Float[np.ndarray, " d"]
    scale: Float[np.ndarray, " d"]
    rows: int

    @staticmethod
    def of(sums: ClassSums, *, standardize: bool, centre: bool) -> ShrunkenSystem:
        """Set them up; see `shrunken_directions`."""
        sums.check_classes()
        mean, scale, S = sums.scatter()
        scale = scale if standardize else np.ones_like(scale)
        target = sums.total[1] - sums.total[0] - (sums.weight[1] - sums.weight[0]) * (mean - sums.anchor)
        if not (centre or standardize):
            raw = sums.about(np.zeros_like(mean))
            S, target = raw.product.sum(0), raw.total[1] - raw.total[0]
        if standardize:
            S /= scale * scale[:, None]
        return ShrunkenSystem(S, target / scale, scale, sums.rows)

    def solved(self, l2: float) -> Float[np.ndarray, " d"]:
        """Return `x`, by Cholesky's factors.

        Raises:
            DataError: the scatter is singular and `l2` does not mend it.
        """
        from scipy.linalg import LinAlgError, cho_factor, cho_solve

        shifted, diagonal = self.S.copy(order="F"), np.arange(len(self.target))
        shifted[diagonal, diagonal] += l2
        try:
            factor = cho_factor(shifted, overwrite_a=True, check_finite=False)
        except LinAlgError as error:
            raise DataError(
                f"The scatter of {self.rows} rows in {len(self.target)} features is singular and l2={l2:g} does not "
                "mend it: choose a larger l2."
            ) from error
        return cho_solve(factor, self.target, check_finite=False)


def gaussian_log_odds(sums: ClassSums, direction: Float[np.ndarray, " d"], *, standardize: bool) -> LinearSolution:
    """Return log-odds along a raw direction: those of two Gaussians with the classes' means and their shared variance.

    The moments are those of the training rows, so with few rows a feature the log-odds are too sure: a probe fitted on
    rows in memory is calibrated on left-out scores instead (see `platt`).
    """
    mean_0, mean_1, mean = sums.means()
    scale = sums.scatter()[1] if standardize else np.ones_like(mean)
    negative, positive = sums.weight
    centres = (sums.total / sums.weight[:, None]) @ direction
    within = np.einsum("d,cde,e->", direction, sums.product, direction) - sums.weight @ centres**2
    if within <= 0:
        raise DataError(
            f"Within their class all {sums.rows} rows score the same, so no log-odds follow from their sums: add rows."
        )
    slope = (centres[1] - centres[0]) * sums.weight.sum() / within
    coef = slope * direction
    constant = float(np.log(positive / negative) - coef @ (mean_0 + mean_1) / 2)
    return LinearSolution(coef, constant, mean if standardize else np.zeros_like(mean), scale)


def weigh_sums(sums: ClassSums, class_weight: str | Mapping | None) -> ClassSums:
    """Return the sums with class weights: None, `"balanced"` (both classes weigh half), or `{0: …, 1: …}`.

    Raises:
        DataError: a class is left without weight.
    """
    sums.check_classes()
    if class_weight is None:
        return sums
    if isinstance(class_weight, Mapping):
        factors = np.array([float(class_weight.get(c, 1.0)) for c in (0, 1)])
    else:
        factors = sums.weight.sum() / (2 * sums.weight)
    weighed = sums.weighed(factors)
    if not (weighed.weight > 0).all():
        raise DataError(f"class_weight={class_weight!r} leaves one class without weight: give both classes some.")
    return weighed
