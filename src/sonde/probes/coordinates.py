"""Coordinates in which a batch of logistic regressions is round, shared by all of its problems.

At the origin the Hessian of a problem is `¼·(share of rows)·XᵀX + l2·I`. In the eigenvectors `V` of `XᵀX` that is
diagonal for every strength at once, and scaling each axis by its root makes it the identity. Away from the origin, and
for a fold's own standardisation, it stays close to it: that costs steps, never exactness.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float, Shaped
from torch import Tensor


@dataclass(frozen=True)
class Coordinates:
    """`theta = (u * along) @ V.T`, and with fewer rows than features `+ across * (u - u @ V @ V.T)`, `u @ V` for `u`.

    The constant is an axis of its own, the last.

    Attributes:
        V: `[p, r]` orthonormal.
        along: `[k, r]` scale of each axis.
        across: `[k]` scale of everything orthogonal to all axes.
        alive: `[k, p]` 0 for a weight that stays 0, else 1; None = all move.
        centre: `[k, p]` where there is no constant of one's own: it follows from the weights, so that a row at
            `centre` scores 0; None = it is free.
    """

    V: Float[Tensor, "p r"]
    along: Float[Tensor, "k r"]
    across: Float[Tensor, " k"]
    alive: Float[Tensor, "k p"] | None = None
    centre: Float[Tensor, "k p"] | None = None

    def take(self, index: Shaped[Tensor, " j"]) -> Coordinates:
        """Return the coordinates of the problems `index`."""
        alive, centre = (None if part is None else part[index] for part in (self.alive, self.centre))
        return Coordinates(self.V, self.along[index], self.across[index], alive, centre)

    def to(self, dtype: torch.dtype) -> Coordinates:
        """Return the same coordinates in another precision."""
        alive, centre = (None if part is None else part.to(dtype) for part in (self.alive, self.centre))
        return Coordinates(self.V.to(dtype), self.along.to(dtype), self.across.to(dtype), alive, centre)

    def theta(self, u: Float[Tensor, "k u"]) -> Float[Tensor, "k p"]:
        """Return weights and constants on the shared rows."""
        return self.held((u * self.along) @ self.V.T if self._square else self._wide(u))

    def held(self, theta: Float[Tensor, "k p"]) -> Float[Tensor, "k p"]:
        """Return weights and constants as `alive` and `centre` have them."""
        if self.alive is not None:
            theta = theta * self.alive
        if self.centre is not None:
            constant = -(theta * self.centre).sum(1, keepdim=True)
            theta = torch.cat([theta[:, :-1], constant], 1)
        return theta

    def back(self, slope: Float[Tensor, "k p"]) -> Float[Tensor, "k u"]:
        """Return the gradient in `u` of a gradient in weights and constants."""
        if self.centre is not None:
            slope = slope - self.centre * slope[:, -1:]
        if self.alive is not None:
            slope = slope * self.alive
        return (slope @ self.V).mul_(self.along) if self._square else self._wide(slope)

    @property
    def _square(self) -> bool:
        return self.V.shape[0] == self.V.shape[1]

    def _wide(self, u: Float[Tensor, "k p"]) -> Float[Tensor, "k p"]:
        inside = (u @ self.V) * (self.along - self.across[:, None])
        return inside @ self.V.T + self.across[:, None] * u

    @staticmethod
    def round(
        axes: tuple[Float[Tensor, "d r"], Float[Tensor, " r"]],
        n: int,
        total: Float[Tensor, " k"],
        l2: Float[Tensor, " k"],
        *,
        ratio: Float[Tensor, "k d"],
        shift: Float[Tensor, "k d"],
        intercept: bool,
    ) -> Coordinates:
        """Make them, in float64.

        Args:
            axes: eigenvectors and eigenvalues of `XᵀX` (see `gram_axes`).
            n: rows of `X`.
            total: `[k]` weight of each problem.
            l2: `[k]` strengths.
            ratio, shift: `[k, d]` standardisation of each problem (see `SharedRows`).
            intercept: whether the constant is free.
        """
        V, lam = axes[0].double(), axes[1].double()
        share = total / n / 4
        floor = axes[1].max().clamp(min=1e-30).double() * torch.finfo(axes[1].dtype).eps
        along = (share[:, None] * (lam + floor) + l2[:, None]).rsqrt()
        last = (total / 4).rsqrt() if intercept else torch.zeros_like(total)
        one = torch.ones_like(total)[:, None]
        alive = None if (ratio > 0).all() else torch.cat([(ratio > 0).double(), one], 1)
        centre = shift / torch.where(ratio > 0, ratio, torch.ones_like(ratio))
        return Coordinates(
            torch.block_diag(V, torch.ones_like(V[:1, :1])),
            torch.cat([along, last[:, None]], 1),
            (l2 + share * floor).rsqrt(),
            alive,
            None if intercept or not centre.any() else torch.cat([centre, 0 * one], 1),
        )


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
