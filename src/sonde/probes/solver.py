"""Logistic regression for many training sets and strengths at once, exact, on a CPU or a GPU.

The strengths are a path, from the strongest to the weakest: all sets are solved together at one strength, and start at
the next from where the path leads, in a straight line over `log l2`. Where classes separate, the optimum of a weak
penalty lies far out, at about `log(1 / l2)` along the widest margin, and that line is most of the way.

Where which precision: means and variances, logits, losses and inner products are float64; the products with the rows
and the axes are float32 until the gap is `COARSE`, and float64 after. What is reported (logits, objective, gradient) is
computed again at the end, in float64. A penalty above 0 always has a finite optimum, however far out; what has not
converged within `max_iter` is returned as it is and says so.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor

from sonde.probes.coordinates import Coordinates, gram_axes
from sonde.probes.lbfgs import Point, minimise
from sonde.probes.logistic_batch import LogisticBatch
from sonde.probes.shared_rows import SharedRows

AT_ONCE = 15  # problems solved together: more start further from where they end, fewer make slower products
COARSE = 1e-6  # relative gap that steps on float32 rows are good for


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
        targets: `[f, n]` in 0…1, of each training set (a row of weight 0 may have any).
        weights: `[f, n]` row weights of each training set; 0 = not in it.
        strengths: `l2`, in units of summed log-loss on standardised features.
        standardize: divide each feature by its standard deviation in the training set.
        intercept: whether there is an unpenalised constant.
        gap: share of the objective that three further steps may gain at most.
        max_iter: steps at most of each problem.
    """
    rows = SharedRows.of(X, weights, standardize=standardize, centre=intercept)
    coarse = rows.X.float()
    axes = gram_axes(coarse)
    order = sorted(range(len(strengths)), key=lambda i: -strengths[i])
    solved: dict[int, tuple[Point, Tensor, Tensor]] = {}
    f, each = len(weights), max(1, AT_ONCE // len(weights))
    path: list[tuple[float, Point]] = []
    for at in range(0, len(order), each):
        chunk = order[at : at + each]
        batch = _batch(rows, targets, weights, [strengths[i] for i in chunk], intercept)
        members = torch.arange(len(batch), device=X.device).view(len(chunk), f)
        starts = [_start(batch.take(mine), strengths[i], path) for mine, i in zip(members, chunk, strict=True)]
        end, steps, settled = _solve(batch, coarse, axes, Point.join(starts), gap=gap, max_iter=max_iter)
        for mine, i in zip(members, chunk, strict=True):
            solved[i] = end.take(mine), steps[mine], settled[mine]
            path = [*path[-1:], (strengths[i], solved[i][0])]
    return _reported(rows, targets, weights, strengths, intercept, [solved[i] for i in range(len(strengths))])


def _start(batch: LogisticBatch, l2: float, path: Sequence[tuple[float, Point]]) -> Point:
    """Return where the path leads, in a straight line over `log l2`; where it ends, if that is lower; or the origin."""
    if not path:
        zero = torch.zeros_like(batch.ratio)
        return Point(zero, torch.zeros_like(batch.l2), torch.zeros_like(batch.targets))
    last = path[-1][1]
    if len(path) < 2 or not path[0][0] > path[1][0] > l2 > 0:
        return last
    ahead = math.log(path[1][0] / l2) / math.log(path[0][0] / path[1][0])
    led = path[0][1].beyond(last, ahead)
    lower = batch.objective(led.logits, led.coef) < batch.objective(last.logits, last.coef)
    start = Point(last.coef.clone(), last.constant.clone(), last.logits.clone())
    start.put(lower, led.take(lower))
    return start


def _batch(
    rows: SharedRows, targets: Tensor, weights: Tensor, strengths: Sequence[float], intercept: bool
) -> LogisticBatch:
    """Return the problems of every strength and set, sets inside."""
    f = len(weights)
    sets = torch.arange(f, device=weights.device).repeat(len(strengths))
    l2 = torch.tensor(list(strengths), dtype=weights.dtype, device=weights.device).repeat_interleave(f)
    return LogisticBatch(rows.X, targets[sets], weights[sets], rows.ratio[sets], rows.shift[sets], l2, intercept)


def _solve(
    batch: LogisticBatch,
    coarse: Tensor,
    axes: tuple[Tensor, Tensor],
    start: Point,
    *,
    gap: float,
    max_iter: int,
) -> tuple[Point, Tensor, Tensor]:
    """Solve the sets at one strength: on float32 rows, and where a finer gap is asked for, on float64 rows after."""
    coordinates = Coordinates.of(batch, *axes)
    end, steps, settled = minimise(batch.on(coarse), coordinates, start, gap=max(gap, COARSE), max_iter=max_iter)
    if gap < COARSE:
        fine = replace(coordinates, V=coordinates.V.double())
        end.logits = batch.logits(end.coef, end.constant)
        end, more, settled = minimise(batch, fine, end, gap=gap, max_iter=max_iter)
        steps = steps + more
    return end, steps, settled


def _reported(
    rows: SharedRows,
    targets: Tensor,
    weights: Tensor,
    strengths: Sequence[float],
    intercept: bool,
    solved: Sequence[tuple[Point, Tensor, Tensor]],
) -> Solved:
    """Return the solutions of all strengths with what is said of them, computed in float64."""
    sets = torch.arange(len(weights), device=weights.device).repeat(len(strengths))
    batch = _batch(rows, targets, weights, strengths, intercept)
    coef, constant = (torch.cat([getattr(s[0], name) for s in solved]) for name in ("coef", "constant"))
    logits = batch.logits(coef, constant)
    slope, total = batch.gradient(batch.pull(logits), coef)
    norm = torch.sqrt((slope * slope).sum(1) + total * total) / batch.weights.sum(1)
    objective = batch.objective(logits, coef)
    steps, settled = torch.cat([s[1] for s in solved]), torch.cat([s[2] for s in solved])
    return Solved(rows, sets, coef, constant, logits, objective, norm, steps, settled)


def as_rows(X: np.ndarray, device: torch.device | str = "cpu") -> Float[Tensor, "n d"]:
    """Return rows as a float64 tensor on the device that is to work."""
    return torch.as_tensor(np.ascontiguousarray(X), dtype=torch.float64, device=device)
