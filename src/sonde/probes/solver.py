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

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from sonde.probes.coordinates import Coordinates
from sonde.probes.lbfgs import Point, minimise
from sonde.probes.logistic_batch import LogisticBatch
from sonde.probes.training_sets import Solved, TrainingSets

AT_ONCE = 15  # problems solved together: more start further from where they end, fewer make slower products
COARSE = 1e-5  # relative gap that steps in float32 are good for


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
    sets = TrainingSets.of(X, targets, weights, standardize=standardize, intercept=intercept)
    order = sorted(range(len(strengths)), key=lambda i: -strengths[i])
    solved: dict[int, tuple[Tensor, Tensor, Tensor]] = {}
    f, each = len(weights), max(1, AT_ONCE // len(weights))
    path: list[tuple[float, Point]] = []
    for at in range(0, len(order), each):
        chunk = order[at : at + each]
        batch, coordinates = sets.at([strengths[i] for i in chunk])
        coarse = batch.on(sets.coarse)
        members = torch.arange(len(batch), device=X.device).view(len(chunk), f)
        starts = [_start(coarse.take(mine), strengths[i], path) for mine, i in zip(members, chunk, strict=True)]
        end, steps, settled = _solve(batch, coarse, coordinates, Point.join(starts), gap=gap, max_iter=max_iter)
        for mine, i in zip(members, chunk, strict=True):
            solved[i] = end.theta[mine], steps[mine], settled[mine]
            path = [*path[-1:], (strengths[i], end.take(mine).to(coarse.X.dtype))]
    return sets.reported(strengths, [solved[i] for i in range(len(strengths))])


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


def as_rows(X: np.ndarray, device: torch.device | str = "cpu") -> Float[Tensor, "n d"]:
    """Return rows as a float64 tensor on the device that is to work."""
    return torch.as_tensor(np.ascontiguousarray(X), dtype=torch.float64, device=device)
