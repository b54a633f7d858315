"""Coordinates in which a batch of logistic regressions is round, shared by all of its problems.

At the origin the Hessian of a problem is `¼·(share of rows)·XᵀX + l2·I`. In the eigenvectors `V` of `XᵀX` that is
diagonal for every strength at once, and scaling each axis by its root makes it the identity. Away from the origin, and
for a fold's own standardisation, it stays close to it: that costs steps, never exactness.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from jaxtyping import Float, Shaped
from torch import Tensor

from sonde.probes.logistic_batch import LogisticBatch


@dataclass(frozen=True)
class Coordinates:
    """`coef = (u * along) @ V.T`, and with fewer rows than features `+ across * (u - u @ V @ V.T)`, `u @ V` for `u`.

    Attributes:
        V: `[d, r]` orthonormal.
        along: `[k, r]` scale of each axis.
        across: `[k]` scale of everything orthogonal to all axes.
        constant: `[k]` scale of the constant.
    """

    V: Float[Tensor, "d r"]
    along: Float[Tensor, "k r"]
    across: Float[Tensor, " k"]
    constant: Float[Tensor, " k"]

    @staticmethod
    def of(batch: LogisticBatch, V: Float[Tensor, "d r"], lam: Float[Tensor, " r"]) -> Coordinates:
        """Make them for `batch`, from the eigenvectors and eigenvalues of `XᵀX` (see `gram_axes`)."""
        total = batch.weights.sum(1)
        share = total / batch.X.shape[0] / 4
        floor = lam.max().clamp(min=1e-30) * torch.finfo(lam.dtype).eps
        curved = share[:, None] * lam.double() + batch.l2[:, None] + share[:, None] * floor
        return Coordinates(V, curved.rsqrt(), (batch.l2 + share * floor).rsqrt(), (total / 4).rsqrt())

    def take(self, index: Shaped[Tensor, " j"]) -> Coordinates:
        """Return the coordinates of the problems `index`."""
        return replace(self, along=self.along[index], across=self.across[index], constant=self.constant[index])

    def coef(self, u: Float[Tensor, "k d"]) -> Float[Tensor, "k d"]:
        """Return weights on standardised rows."""
        if self.V.shape[1] == self.V.shape[0]:
            return ((u * self.along).to(self.V.dtype) @ self.V.T).double()
        return self._wide(u)

    def back(self, slope: Float[Tensor, "k d"]) -> Float[Tensor, "k d"]:
        """Return the gradient in `u` of a gradient in the weights."""
        if self.V.shape[1] == self.V.shape[0]:
            return (slope.to(self.V.dtype) @ self.V).double() * self.along
        return self._wide(slope)

    def _wide(self, u: Float[Tensor, "k d"]) -> Float[Tensor, "k d"]:
        inside = ((u.to(self.V.dtype) @ self.V).double() * (self.along - self.across[:, None])).to(self.V.dtype)
        return (inside @ self.V.T).double() + self.across[:, None] * u


def gram_axes(X: Float[Tensor, "n d"]) -> tuple[Float[Tensor, "d r"], Float[Tensor, " r"]]:
    """Return eigenvectors and eigenvalues of `XᵀX`, all `d` of them, or with fewer rows than features those not 0.

    float32 rows do: rounding makes the coordinates a little less round.
    """
    n, d = X.shape
    if d <= n:
        lam, V = torch.linalg.eigh(X.T @ X)
        return V, lam.clamp(min=0.0)
    lam, U = torch.linalg.eigh(X @ X.T)
    kept = lam > lam[-1] * n * torch.finfo(X.dtype).eps
    V = X.T @ U[:, kept] * lam[kept].rsqrt()
    return torch.linalg.qr(V)[0] if kept.any() else V, lam[kept]
