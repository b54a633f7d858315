"""Many logistic regressions that share their rows: every fold and every strength of a site at once.

A problem is not a copy of rows: fold membership is a weight of 0 or 1, and the standardisation learnt on a fold's
training rows is an exact change of scale and origin of the shared rows, `z = x * ratio - shift`. So one product
`theta @ X.T` serves all problems going forward and one `G @ X` all of them coming back.

Where which precision: products with the rows are made in the rows' own, everything else is float64. So the steps can be
made on float32 rows, at twice the speed, while logits, losses and inner products keep the digits that weak penalties on
separable classes need (logits of 10 and more next to losses of 1e-5).

Axis letters: `k` problems, `n` rows, `d` features.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from jaxtyping import Float, Shaped
from torch import Tensor
from torch.nn.functional import softplus

LOOKS = 20  # along a line, at most
FLAT = 0.5  # share of the slope at the start that may be left at the step taken


@dataclass(frozen=True)
class LogisticBatch:
    """`k` problems `min ½·l2·‖w‖² + Σ weight·log-loss(target, z·w + b)` on shared rows.

    Attributes:
        X: `[n, d]` rows, standardised over all of them, in the precision in which products are made.
        targets: `[k, n]` in 0…1.
        weights: `[k, n]` at least 0; 0 = this problem does not see the row.
        ratio, shift: `[k, d]` what turns `X` into each problem's own standardised rows.
        l2: `[k]` strengths, in units of summed log-loss.
        intercept: whether there is an unpenalised constant.
    """

    X: Float[Tensor, "n d"]
    targets: Float[Tensor, "k n"]
    weights: Float[Tensor, "k n"]
    ratio: Float[Tensor, "k d"]
    shift: Float[Tensor, "k d"]
    l2: Float[Tensor, " k"]
    intercept: bool = True

    def __len__(self) -> int:
        return len(self.l2)

    def on(self, X: Float[Tensor, "n d"]) -> LogisticBatch:
        """Return the same problems with their rows in another precision."""
        return replace(self, X=X)

    def take(self, index: Shaped[Tensor, " j"]) -> LogisticBatch:
        """Return the problems `index`; the rows stay shared."""
        names = ("targets", "weights", "ratio", "shift", "l2")
        return replace(self, **{name: getattr(self, name)[index] for name in names})

    def logits(self, coef: Float[Tensor, "k d"], constant: Float[Tensor, " k"]) -> Float[Tensor, "k n"]:
        """Return `[k, n]` scores of all rows, those of weight 0 too."""
        product = (coef * self.ratio).to(self.X.dtype) @ self.X.T
        return product.double() + (constant - (coef * self.shift).sum(1))[:, None]

    def objective(self, logits: Float[Tensor, "k n"], coef: Float[Tensor, "k d"]) -> Float[Tensor, " k"]:
        """Return `[k]` the objective."""
        loss = self.weights * (softplus(logits) - self.targets * logits)
        return loss.sum(1) + 0.5 * self.l2 * (coef * coef).sum(1)

    def pull(self, logits: Float[Tensor, "k n"]) -> Float[Tensor, "k n"]:
        """Return `[k, n]` the derivative of the objective by each logit."""
        return torch.sigmoid(logits).sub_(self.targets).mul_(self.weights)

    def gradient(
        self, pull: Float[Tensor, "k n"], coef: Float[Tensor, "k d"]
    ) -> tuple[Float[Tensor, "k d"], Float[Tensor, " k"]]:
        """Return the gradients for weights and constant; that for the constant is 0 where there is none."""
        total = pull.sum(1)
        product = (pull.to(self.X.dtype) @ self.X).double()
        slope = product * self.ratio - self.shift * total[:, None] + self.l2[:, None] * coef
        return slope, total if self.intercept else torch.zeros_like(total)

    def line_search(
        self,
        logits: Float[Tensor, "k n"],
        change: Float[Tensor, "k n"],
        coef: Float[Tensor, "k d"],
        way: Float[Tensor, "k d"],
        first: Float[Tensor, " k"],
    ) -> tuple[Float[Tensor, " k"], Float[Tensor, "k n"], Float[Tensor, "k n"]]:
        """Return step lengths, and the logits and pulls there, by Newton's method in one variable, safeguarded.

        It costs no product with the rows: `logits` moves by `step * change` while `coef` moves by `step * way`. A step
        is taken where the slope `first` has fallen by half (the curvature condition of Nocedal & Wright 2006, 3.7b);
        the objective is convex, so that is a descent. Where rounding leaves no such step, it is 0.
        """
        linear, square = self.l2 * (coef * way).sum(1), self.l2 * (way * way).sum(1)
        step = torch.ones_like(self.l2)
        low, high = torch.zeros_like(step), torch.full_like(step, torch.inf)
        for _ in range(LOOKS):
            there = torch.addcmul(logits, change, step[:, None])
            pull = self.pull(there)
            slope = (pull * change).sum(1) + linear + step * square
            flat = (slope.abs() <= FLAT * first.abs()) | (step == 0)
            if flat.all():
                return step, there, pull
            chance = torch.sigmoid(there)
            bend = (self.weights * change * change * chance * (1 - chance)).sum(1) + square
            low, high = torch.where(slope < 0, step, low), torch.where(slope < 0, high, step)
            wish = step - slope / bend.clamp(min=torch.finfo(bend.dtype).tiny)
            inside = (wish >= low) & (wish <= torch.where(high.isinf(), 10 * step, high))
            between = torch.where(high.isinf(), 10 * step, (low + high) / 2)
            step = torch.where(flat, step, torch.where(inside, wish, between))
        step = torch.where(flat, step, torch.zeros_like(step))
        there = torch.where((step > 0)[:, None], logits + step[:, None] * change, logits)
        return step, there, self.pull(there)
