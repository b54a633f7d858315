"""Logistic regression for many training sets and strengths at once, exact, on a CPU or a GPU.

The strengths are a path, from the strongest to the weakest: all sets are solved together at one strength, and start at
the next from where the path leads, in a straight line over `log l2`. Where classes separate, the optimum of a weak
penalty lies far out, at about `log(1 / l2)` along the widest margin, and that line is most of the way.

Where which precision: means and variances are float64; the steps are float32 until the gap is `COARSE`, and float64
after, where a finer one is asked for or rounding kept a problem from ending. What is reported (logits, objective,
gradient) is computed again at the end, in float64. A penalty above 0 always has a finite optimum, however far out; what
has not converged within `max_iter` is returned as it is and says so.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor

from sonde.probes.coordinates import Coordinates, gram_axes
from sonde.probes.lbfgs import Point, minimise
from sonde.probes.logistic_batch import LogisticBatch
from sonde.probes.shared_rows import SharedRows

AT_ONCE = 15  # problems solved together: more start further from where they end, fewer make slower products
COARSE = 1e-5  # relative gap that steps in float32 are good for


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


def solve_logistic(
    X: Float[Tensor, "n d"],
    targets: Float[Tensor, "f n"],
    weights: Float[Tensor, "f n"],
    strengths: Sequence[float],
    *,
    standardize: bool = True,
    intercept: bool = True,
    gap: float = 1e-5,
    max_iter: int = 1000,
) -> Solved:
    """Minimise `½·l2·‖w‖² + Σ weight·log-loss`, scikit-learn's objective with `C = 1 / l2`, for every set and strength.

    The problems run strength by strength, sets inside: problem `i * f + j` is strength `i` on set `j`.

    Args:
        X: `[n, d]` raw rows in float64, on the device that is to work.
        targets: `[f, n]` the labels of each training set, 0 or 1 (a row of weight 0 may have either).
        weights: `[f, n]` row weights of each training set; 0 = not in it.
        strengths: `l2`, in units of summed log-loss on standardised features.
        standardize: divide each feature by its standard deviation in the training set.
        intercept: whether there is an unpenalised constant.
        gap: share of the objective that three further steps may gain at most.
        max_iter: steps at most of each problem.
    """
    problems = _Problems.of(X, targets, weights, standardize=standardize, intercept=intercept)
    order = sorted(range(len(strengths)), key=lambda i: -strengths[i])
    solved: dict[int, tuple[Tensor, Tensor, Tensor]] = {}
    f, each = len(weights), max(1, AT_ONCE // len(weights))
    path: list[tuple[float, Point]] = []
    for at in range(0, len(order), each):
        chunk = order[at : at + each]
        batch, coordinates = problems.at([strengths[i] for i in chunk])
        coarse = batch.on(problems.coarse)
        members = torch.arange(len(batch), device=X.device).view(len(chunk), f)
        starts = [_start(coarse.take(mine), strengths[i], path) for mine, i in zip(members, chunk, strict=True)]
        end, steps, settled = _solve(batch, coarse, coordinates, Point.join(starts), gap=gap, max_iter=max_iter)
        for mine, i in zip(members, chunk, strict=True):
            solved[i] = end.theta[mine], steps[mine], settled[mine]
            path = [*path[-1:], (strengths[i], end.take(mine).to(coarse.X.dtype))]
    return problems.reported(strengths, [solved[i] for i in range(len(strengths))])


def _start(batch: LogisticBatch, l2: float, path: Sequence[tuple[float, Point]]) -> Point:
    """Return where the path leads, in a straight line over `log l2`; where it ends, if that is lower; or the origin."""
    if not path:
        return Point(torch.zeros_like(batch.penalty), torch.zeros_like(batch.signs))
    last = path[-1][1]
    if len(path) < 2 or not path[0][0] > path[1][0] > l2 > 0:
        return last
    ahead = math.log(path[1][0] / l2) / math.log(path[0][0] / path[1][0])
    led = path[0][1].beyond(last, ahead)
    lower = (batch.objective(led.margins, led.theta) < batch.objective(last.margins, last.theta))[:, None]
    return Point(torch.where(lower, led.theta, last.theta), torch.where(lower, led.margins, last.margins))


def _solve(
    batch: LogisticBatch,
    coarse: LogisticBatch,
    coordinates: Coordinates,
    start: Point,
    *,
    gap: float,
    max_iter: int,
) -> tuple[Point, Tensor, Tensor]:
    """Solve in float32; then in float64 all problems, if a finer gap is asked for, or those that rounding held up."""
    rough = coordinates.to(coarse.X.dtype)
    end, steps, settled = minimise(coarse, rough, start, gap=max(gap, COARSE), max_iter=max_iter)
    end, steps = end.to(batch.X.dtype), steps.to(batch.X.dtype)
    left = torch.arange(len(batch), device=steps.device) if gap < COARSE else (~settled).nonzero().squeeze(1)
    if len(left):
        part, own = batch.take(left), coordinates.take(left)
        theta = own.held(end.theta[left])
        finer, more, settled[left] = minimise(part, own, Point(theta, part.margins(theta)), gap=gap, max_iter=max_iter)
        end.put(left, finer)
        steps[left] += more
    return end, steps, settled


@dataclass(frozen=True)
class _Problems:
    """The training sets of a site, at any strength.

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
    def of(X: Tensor, targets: Tensor, weights: Tensor, *, standardize: bool, intercept: bool) -> _Problems:
        rows = SharedRows.of(X, weights, standardize=standardize, centre=intercept)
        with_ones = torch.cat([rows.X, torch.ones_like(rows.X[:, :1])], 1)
        coarse = with_ones.float()
        return _Problems(rows, with_ones, coarse, gram_axes(coarse[:, :-1]), 2 * targets - 1, weights, intercept)

    def at(self, strengths: Sequence[float]) -> tuple[LogisticBatch, Coordinates]:
        """Return the problems of every strength and set, sets inside."""
        sets, l2 = self._members(strengths)
        ratio, shift = self.rows.ratio[sets], self.rows.shift[sets]
        penalty = torch.where(ratio > 0, l2[:, None] / (ratio * ratio), torch.zeros_like(ratio))
        penalty = torch.cat([penalty, torch.zeros_like(penalty[:, :1])], 1)
        batch = LogisticBatch(self.X, self.signs[sets], self.weights[sets], penalty)
        coordinates = Coordinates.round(
            self.axes, len(self.X), batch.weights.sum(1), l2, ratio=ratio, shift=shift, intercept=self.intercept
        )
        return batch, coordinates

    def reported(self, strengths: Sequence[float], solved: Sequence[tuple[Tensor, Tensor, Tensor]]) -> Solved:
        """Return the solutions of all strengths with what is said of them, computed in float64."""
        sets, l2 = self._members(strengths)
        theta, steps, settled = (torch.cat(part) for part in zip(*solved, strict=True))
        ratio, shift, signs = self.rows.ratio[sets], self.rows.shift[sets], self.signs[sets]
        coef = torch.where(ratio > 0, theta[:, :-1] / ratio, torch.zeros_like(ratio))
        constant = theta[:, -1] + (coef * shift).sum(1) if self.intercept else torch.zeros_like(l2)
        theta = torch.cat([coef * ratio, (constant - (coef * shift).sum(1))[:, None]], 1)
        batch = LogisticBatch(self.X, signs, self.weights[sets], torch.zeros_like(theta))
        margins = batch.margins(theta)
        slope = batch.gradient(torch.sigmoid(-margins), theta)
        total = slope[:, -1]
        own = slope[:, :-1] * ratio - shift * total[:, None] + l2[:, None] * coef
        norm = (own * own).sum(1) + (total * total if self.intercept else 0.0)
        norm = norm.sqrt() / batch.weights.sum(1)
        objective = batch.objective(margins, theta) + 0.5 * l2 * (coef * coef).sum(1)
        return Solved(self.rows, sets, coef, constant, margins * signs, objective, norm, steps, settled)

    def _members(self, strengths: Sequence[float]) -> tuple[Tensor, Tensor]:
        """Return `[k]` the set of each problem, and its strength."""
        f, like = len(self.weights), self.weights
        l2 = torch.tensor(list(strengths), dtype=like.dtype, device=like.device).repeat_interleave(f)
        return torch.arange(f, device=like.device).repeat(len(strengths)), l2


def as_rows(X: np.ndarray, device: torch.device | str = "cpu") -> Float[Tensor, "n d"]:
    """Return rows as a float64 tensor on the device that is to work."""
    return torch.as_tensor(np.ascontiguousarray(X), dtype=torch.float64, device=device)
