"""One labelled set of rows, turned once into coordinates in which every linear probe is cheap to solve."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from sonde.probes.closed_form import LinearSolution


@dataclass(frozen=True)
class Problem:
    """Rows in principal axes: `R = ((X - mean) / scale) @ basis`, so that `R.T @ diag(w) @ R = diag(lam)`.

    The basis is orthonormal, so an L2 penalty is the same in both coordinates; axes without variance are left out,
    and with fewer rows than features there are at most as many axes as rows.

    Attributes:
        R: `[n, r]` rows.
        y: `[n]` True = positive class.
        w: `[n]` row weights, all positive.
        lam: `[r]` weighted sums of squares along the axes, all positive.
        basis: `[d, r]` the axes.
        mean, scale: `[d]` of the scaler; 0 and 1 where it does nothing.
    """

    R: Float[np.ndarray, "n r"]
    y: Bool[np.ndarray, " n"]
    w: Float[np.ndarray, " n"]
    lam: Float[np.ndarray, " r"]
    basis: Float[np.ndarray, "d r"]
    mean: Float[np.ndarray, " d"]
    scale: Float[np.ndarray, " d"]

    @staticmethod
    def build(
        X: Float[np.ndarray, "n d"],
        y: Bool[np.ndarray, " n"],
        w: Float[np.ndarray, " n"],
        *,
        standardize: bool,
        centre: bool = True,
    ) -> Problem:
        """Scale (weighted mean and variance of these rows; constant features get scale 1) and rotate.

        Without `standardize` features keep their scale; without `centre` too, they keep their place.
        """
        from sklearn.preprocessing import StandardScaler

        mean, scale = np.zeros(X.shape[1]), np.ones(X.shape[1])
        if standardize or centre:
            scaler = StandardScaler().fit(X, sample_weight=w)
            mean, scale = scaler.mean_, scaler.scale_ if standardize else scale
        Z = (X - mean) / scale
        lam, basis = principal_axes(Z, w)
        return Problem(Z @ basis, y, w, lam, basis, mean, scale)

    def unfold(self, coef: Float[np.ndarray, " r"], intercept: float) -> LinearSolution:
        """Return the decision `R @ coef + intercept` as one on raw rows `X`."""
        raw = (self.basis @ coef) / self.scale
        return LinearSolution(raw, float(intercept - self.mean @ raw), self.mean, self.scale)


def principal_axes(
    Z: Float[np.ndarray, "n d"], w: Float[np.ndarray, " n"]
) -> tuple[Float[np.ndarray, " r"], Float[np.ndarray, "d r"]]:
    """Return `(lam, basis)` of the weighted rows, axes without variance left out.

    With more features than rows the rows are first written in an orthonormal basis of their span (QR), exactly.
    """
    from scipy.linalg import eigh, qr

    span = None
    if Z.shape[1] > Z.shape[0]:
        span = qr(Z.T, mode="economic")[0]
        Z = Z @ span
    lam, axes = eigh((Z.T * w) @ Z)
    kept = lam > lam[-1] * max(Z.shape) * np.finfo(np.float64).eps
    axes = axes[:, kept]
    return lam[kept], axes if span is None else span @ axes
