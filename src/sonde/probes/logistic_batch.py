"""Many logistic regressions that share their rows: every fold and every strength of a site at once.

A problem is not a copy of rows: fold membership is a weight of 0 or 1, and the standardisation learnt on a fold's
training rows is a penalty of its own for each feature. So one product `theta @ X.T` serves all problems going forward
and one `G @ X` all of them coming back.

What is kept of a row is its margin, the logit signed by the label: its loss `softplus(-margin)` and the slope of that,
`-sigmoid(-margin)`, keep all their digits where classes separate, in float32 too (`softplus(logit) - logit` does not).

Axis letters: `k` problems, `n` rows, `p` features and the constant.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float, Shaped
from torch import Tensor
from torch.linalg import vecdot
from torch.nn.functional import softplus

LOOKS = 20  # along a line, at most
FLAT = 0.5  # share of the slope at the start that may be left at the step taken


@dataclass(frozen=True)
class LogisticBatch:
    """`k` problems `min ½·Σ penalty·theta² + Σ weight·softplus(-margin)`, `margin = sign·(x·theta)`, on shared rows.

    Attributes:
        X: `[n, p]` rows, the last column 1.
        signs: `[k, n]` the labels, -1 or 1.
        weights: `[k, n]` at least 0; 0 = this problem does not see the row.
        penalty: `[k, p]` of each weight; 0 for the constant.
    """

    X: Float[Tensor, "n p"]
    signs: Float[Tensor, "k n"]
    weights: Float[Tensor, "k n"]
    penalty: Float[Tensor, "k p"]

    def __len__(self) -> int:
        return len(self.signs)

    def on(self, X: Float[Tensor, "n p"]) -> LogisticBatch:
        """Return the same problems in the precision of other rows."""
        return LogisticBatch(X, *(part.to(X.dtype) for part in (self.signs, self.weights, self.penalty)))

    def take(self, index: Shaped[Tensor, " j"]) -> LogisticBatch:
        """Return the problems `index`; the rows stay shared."""
        return LogisticBatch(self.X, self.signs[index], self.weights[index], self.penalty[index])

    def margins(self, theta: Float[Tensor, "k p"]) -> Float[Tensor, "k n"]:
        """Return `[k, n]` margins of all rows, those of weight 0 too."""
        return (theta @ self.X.T).mul_(self.signs)

    def objective(self, margins: Float[Tensor, "k n"], theta: Float[Tensor, "k p"]) -> Float[Tensor, " k"]:
        """Return `[k]` the objective."""
        return vecdot(self.weights, softplus(-margins)) + 0.5 * vecdot(self.penalty * theta, theta)

    def gradient(self, chance: Float[Tensor, "k n"], theta: Float[Tensor, "k p"]) -> Float[Tensor, "k p"]:
        """Return `[k, p]` the gradient, from `chance = sigmoid(-margins)`, the probability of the other label."""
        return ((chance * self.weights).mul_(self.signs) @ self.X).neg_().addcmul_(self.penalty, theta)

    def line_search(
        self,
        margins: Float[Tensor, "k n"],
        theta: Float[Tensor, "k p"],
        way: Float[Tensor, "k p"],
        first: Float[Tensor, " k"],
    ) -> tuple[Float[Tensor, " k"], Float[Tensor, "k n"], Float[Tensor, "k n"]]:
        """Return step lengths, and margins and chances there, by Newton's method in one variable, safeguarded.

        It costs one product with the rows: `margins` moves by `step * change` while `theta` moves by `step * way`. A
        step is taken where the slope `first` has fallen by half (the curvature condition of Nocedal & Wright 2006,
        3.7b); the objective is convex, so that is a descent. Where rounding leaves no such step, it is 0.
        """
        change = self.margins(way)
        pull, stiff = self.weights * change, self.penalty * way
        linear, square = vecdot(stiff, theta), vecdot(stiff, way)
        step = torch.ones_like(first)
        low, high = torch.zeros_like(step), torch.full_like(step, torch.inf)
        for look in range(LOOKS):
            there = torch.addcmul(margins, change, step[:, None]) if look else margins + change
            chance = torch.sigmoid(-there)
            slope = linear + step * square - vecdot(pull, chance)
            flat = (slope.abs() <= FLAT * first.abs()) | (step == 0)
            if flat.all():
                return step, there, chance
            bend = vecdot(pull * change, chance * (1 - chance)) + square
            low, high = torch.where(slope < 0, step, low), torch.where(slope < 0, high, step)
            wish = step - slope / bend.clamp(min=torch.finfo(bend.dtype).tiny)
            inside = (wish >= low) & (wish <= torch.where(high.isinf(), 10 * step, high))
            between = torch.where(high.isinf(), 10 * step, (low + high) / 2)
            step = torch.where(flat, step, torch.where(inside, wish, between))
        step = torch.where(flat, step, torch.zeros_like(step))
        there = torch.where((step > 0)[:, None], torch.addcmul(margins, change, step[:, None]), margins)
        return step, there, torch.sigmoid(-there)
