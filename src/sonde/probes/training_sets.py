"""The training sets of a site: the problems they make at any strength, and what is said of the solutions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from sonde.probes.coordinates import Coordinates, gram_axes
from sonde.probes.logistic_batch import LogisticBatch
from sonde.probes.shared_rows import SharedRows


@dataclass(frozen=True)
class Solved:
    """`k` solved problems, on the rows they share.

    Attributes:
        rows: the shared rows.
        sets: `[k]` the training set of each problem.
        coef, constant: `[k, d]`, `[k]` on each problem's own standardised rows.
        logits: `[k, n]` scores of all rows.
        objective: `[k]` at the solution.
        gradient_norm: `[k]` Euclidean norm of the objective's gradient, over the total weight.
        steps: `[k]` taken.
        converged: `[k]` whether the last steps gained no more than the gap asked for, and the next would not either.
    """

    rows: SharedRows
    sets: Tensor
    coef: Float[Tensor, "k d"]
    constant: Float[Tensor, " k"]
    logits: Float[Tensor, "k n"]
    objective: Float[Tensor, " k"]
    gradient_norm: Float[Tensor, " k"]
    steps: Float[Tensor, " k"]
    converged: Bool[Tensor, " k"]


@dataclass(frozen=True)
class TrainingSets:
    """The training sets of a site, which share its rows.

    A problem's weights are those of the shared rows: its own standardised rows have `coef = theta / ratio`, and a
    constant higher by `coef · shift`.

    Attributes:
        rows: the shared rows, and what standardises them for each set.
        X, coarse: `[n, d + 1]` the rows and a column of ones, in float64 and in float32.
        axes: eigenvectors and eigenvalues of the rows.
        signs, weights: `[f, n]` the labels, -1 or 1, and the row weights.
        intercept: whether there is an unpenalised constant.
    """

    rows: SharedRows
    X: Float[Tensor, "n p"]
    coarse: Float[Tensor, "n p"]
    axes: tuple[Tensor, Tensor]
    signs: Float[Tensor, "f n"]
    weights: Float[Tensor, "f n"]
    intercept: bool

    @staticmethod
    def of(X: Tensor, targets: Tensor, weights: Tensor, *, standardize: bool, intercept: bool) -> TrainingSets:
        """Prepare rows `[n, d]` for sets with targets (0 or 1) and row weights `[f, n]`."""
        rows = SharedRows.of(X, weights, standardize=standardize, centre=intercept)
        with_ones = torch.cat([rows.X, torch.ones_like(rows.X[:, :1])], 1)
        coarse = with_ones.float()
        return TrainingSets(rows, with_ones, coarse, gram_axes(coarse[:, :-1]), 2 * targets - 1, weights, intercept)

    def at(self, strengths: Sequence[float]) -> tuple[LogisticBatch, Coordinates]:
        """Return the problems of every strength and set, sets inside, and coordinates to solve them in."""
        batch, sets, l2 = self._problems(strengths)
        ratio, shift, total = self.rows.ratio[sets], self.rows.shift[sets], batch.weights.sum(1)
        return batch, Coordinates.round(
            self.axes, len(self.X), total, l2, ratio=ratio, shift=shift, intercept=self.intercept
        )

    def reported(self, strengths: Sequence[float], solved: Sequence[tuple[Tensor, Tensor, Tensor]]) -> Solved:
        """Return the solutions of all strengths with what is said of them, computed in float64.

        Args:
            strengths: `l2` of each.
            solved: of each strength, `[f, d + 1]` weights, `[f]` steps, `[f]` whether they had converged.
        """
        batch, sets, _ = self._problems(strengths)
        theta, steps, settled = (torch.cat(part) for part in zip(*solved, strict=True))
        ratio, shift = self.rows.ratio[sets], self.rows.shift[sets]
        coef = torch.where(ratio > 0, theta[:, :-1] / ratio, torch.zeros_like(ratio))
        lift = (coef * shift).sum(1)
        constant = theta[:, -1] + lift if self.intercept else torch.zeros_like(lift)
        theta = torch.cat([coef * ratio, (constant - lift)[:, None]], 1)
        margins = batch.margins(theta)
        slope = batch.gradient(torch.sigmoid(-margins), theta)
        own = slope[:, :-1] * ratio - shift * slope[:, -1:]
        norm = (own * own).sum(1) + (slope[:, -1] ** 2 if self.intercept else 0.0)
        return Solved(
            self.rows,
            sets,
            coef,
            constant,
            logits=margins * batch.signs,
            objective=batch.objective(margins, theta),
            gradient_norm=norm.sqrt() / batch.weights.sum(1),
            steps=steps,
            converged=settled,
        )

    def _problems(self, strengths: Sequence[float]) -> tuple[LogisticBatch, Tensor, Tensor]:
        """Return the problems, `[k]` the set of each, and its strength."""
        f, like = len(self.weights), self.weights
        l2 = torch.tensor(list(strengths), dtype=like.dtype, device=like.device).repeat_interleave(f)
        sets = torch.arange(f, device=like.device).repeat(len(strengths))
        ratio = self.rows.ratio[sets]
        penalty = torch.where(ratio > 0, l2[:, None] / (ratio * ratio), torch.zeros_like(ratio))
        penalty = torch.cat([penalty, torch.zeros_like(penalty[:, :1])], 1)
        return LogisticBatch(self.X, self.signs[sets], self.weights[sets], penalty), sets, l2
