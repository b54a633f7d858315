"""Rows that several training sets share: each set's own standardisation as a change of scale and origin."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

_CONSTANT = 1e-12  # share of a feature's mean square that counts as rounding, not as variance


@dataclass(frozen=True)
class SharedRows:
    """Rows standardised once over everything, and what turns them into each training set's own standardised rows.

    Attributes:
        X: `[n, d]` rows, `(raw - mean) / scale`.
        mean, scale: `[d]` over all rows; `scale` is 1 where features keep their own.
        ratio, shift: `[f, d]` so that `X * ratio - shift` has weighted mean 0 and variance 1 in training set `f`. A
            feature that is constant there becomes 0.
    """

    X: Float[Tensor, "n d"]
    mean: Float[Tensor, " d"]
    scale: Float[Tensor, " d"]
    ratio: Float[Tensor, "f d"]
    shift: Float[Tensor, "f d"]

    @staticmethod
    def of(raw: Float[Tensor, "n d"], weights: Float[Tensor, "f n"], *, standardize: bool, centre: bool) -> SharedRows:
        """Standardise float64 rows; means and variances need that precision, the rest does not.

        Args:
            raw: `[n, d]` rows, float64.
            weights: `[f, n]` of each training set; 0 = not in it.
            standardize: divide each feature by its standard deviation (a constant feature stays as it is).
            centre: move the mean to 0 even where features keep their scale.
        """
        if not (standardize or centre):
            zero, one = torch.zeros_like(raw[0]), torch.ones_like(raw[0])
            return SharedRows(raw, zero, one, *(v.expand(len(weights), -1) for v in (one, zero)))
        mean = raw.mean(0)
        X = raw - mean
        spread = (X * X).mean(0)
        alive = spread > _CONSTANT * mean**2
        scale = torch.where(alive & standardize, spread.sqrt(), torch.ones_like(spread))
        X = torch.where(alive, X / scale, torch.zeros_like(X))
        total = weights.sum(1, keepdim=True)
        centres, squares = weights @ X / total, weights @ (X * X) / total
        spreads = squares - centres**2
        kept = spreads > _CONSTANT * squares
        own = spreads.clamp(min=0).rsqrt() if standardize else torch.ones_like(spreads)
        ratio = torch.where(kept, own, torch.zeros_like(own))
        return SharedRows(X, mean, scale, ratio, centres * ratio)

    def own_scaler(self, f: int) -> tuple[Float[Tensor, " d"], Float[Tensor, " d"]]:
        """Return mean and scale of training set `f` in raw units; scale 1 for a feature that is constant there."""
        kept = self.ratio[f] > 0
        safe = torch.where(kept, self.ratio[f], torch.ones_like(self.ratio[f]))
        mean = self.mean + self.scale * torch.where(kept, self.shift[f] / safe, torch.zeros_like(safe))
        return mean, torch.where(kept, self.scale / safe, torch.ones_like(safe))

    def unfold(
        self, coef: Float[Tensor, "k d"], constant: Float[Tensor, " k"], sets: Tensor
    ) -> tuple[Float[Tensor, "k d"], Float[Tensor, " k"]]:
        """Return weights and constants that act on raw rows, for solutions of the training sets `sets` `[k]`."""
        raw = coef * self.ratio[sets] / self.scale
        return raw, constant - (coef * self.shift[sets]).sum(1) - raw @ self.mean
