"""Logistic regression for many training sets and strengths at once, exact, on a CPU or a GPU.

Where which precision: means, variances, axes and the last steps are float64, as are the reported objective and
gradient; all steps before are float32. float32 alone stalls at a relative gap of about 2e-4 where the penalty is weak
and the classes separate (`l2 = 1e-4`: logits of 10 and more carry an error that is large next to losses of 1e-5).

A penalty above 0 always has a finite optimum, however far out. Weak ones on separable classes take more steps (75
instead of 10 in the benchmark); what has not converged within `max_iter` is returned as it is and says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor

from sonde.probes.coordinates import Coordinates, gram_axes
from sonde.probes.lbfgs import minimise
from sonde.probes.logistic_batch import LogisticBatch
from sonde.probes.shared_rows import SharedRows

COARSE = 1e-4  # relative gap of the float32 steps
COARSE_STEPS = 200  # in float32 at most
AT_ONCE = 64  # problems solved together: more gain nothing, and the logits take memory


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
        converged: `[k]` whether the last steps gained no more than the gap asked for.
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

    The problems run strength by strength, sets inside: problem `i * f + j` is strength `i` on set `j`. From the
    strongest to the weakest; problems too many to be solved at once start from the weakest strength solved before.

    Args:
        X: `[n, d]` raw rows in float64, on the device that is to work.
        targets: `[f, n]` in 0…1, of each training set (a row of weight 0 may have any).
        weights: `[f, n]` row weights of each training set; 0 = not in it.
        strengths: `l2`, in units of summed log-loss on standardised features.
        standardize: divide each feature by its standard deviation in the training set.
        intercept: whether there is an unpenalised constant.
        gap: share of the objective that three further steps may gain at most.
        max_iter: steps at most in float64, after as many (200 at most) in float32.
    """
    rows = SharedRows.of(X, weights, standardize=standardize, centre=intercept)
    axes = gram_axes(rows.X)
    f, each = len(weights), max(1, AT_ONCE // len(weights))
    order = sorted(range(len(strengths)), key=lambda i: -strengths[i])
    found: dict[int, Solved] = {}
    last: Solved | None = None
    for at in range(0, len(order), each):
        chunk = order[at : at + each]
        sets = torch.arange(f, device=X.device).repeat(len(chunk))
        l2 = torch.tensor([strengths[i] for i in chunk], dtype=X.dtype, device=X.device).repeat_interleave(f)
        batch = LogisticBatch(rows.X, targets[sets], weights[sets], rows.ratio[sets], rows.shift[sets], l2, intercept)
        solved = _solve(rows, sets, batch, axes, last, gap=gap, max_iter=max_iter)
        found.update({i: _part(solved, slice(j * f, (j + 1) * f)) for j, i in enumerate(chunk)})
        last = found[chunk[-1]]
    return _joined([found[i] for i in range(len(strengths))])


def _solve(
    rows: SharedRows,
    sets: Tensor,
    batch: LogisticBatch,
    axes: tuple[Tensor, Tensor],
    last: Solved | None,
    *,
    gap: float,
    max_iter: int,
) -> Solved:
    """Solve one batch: coarsely in float32, then to the gap asked for in float64."""
    coarse, fine = batch.to(torch.float32), batch
    finer = Coordinates.of(fine, *axes)
    coordinates = finer.to(torch.float32)
    u, b = torch.zeros_like(coarse.ratio), torch.zeros_like(coarse.l2)
    if last is not None:
        u = coordinates.start(last.coef.float().repeat(len(batch) // len(last.coef), 1))
        b = last.constant.float().repeat(len(batch) // len(last.coef)) / coordinates.constant
    u, b, steps, _ = minimise(coarse, coordinates, u, b, gap=max(gap, COARSE), max_iter=min(max_iter, COARSE_STEPS))
    u, b, more, settled = minimise(fine, finer, u.double(), b.double(), gap=gap, max_iter=max_iter)
    coef, constant = finer.coef(u), b * finer.constant
    logits = batch.logits(coef, constant)
    slope, total = batch.gradient(batch.pull(logits), coef)
    norm = torch.sqrt((slope * slope).sum(1) + total * total) / batch.weights.sum(1)
    objective = batch.objective(logits, coef)
    return Solved(rows, sets, coef, constant, logits, objective, norm, steps + more, settled)


_COLUMNS = ("sets", "coef", "constant", "logits", "objective", "gradient_norm", "steps", "converged")


def _part(solved: Solved, which: slice) -> Solved:
    return Solved(solved.rows, *(getattr(solved, name)[which] for name in _COLUMNS))


def _joined(parts: Sequence[Solved]) -> Solved:
    return Solved(parts[0].rows, *(torch.cat([getattr(part, name) for part in parts]) for name in _COLUMNS))


def as_rows(X: np.ndarray, device: torch.device | str = "cpu") -> Float[Tensor, "n d"]:
    """Return rows as a float64 tensor on the device that is to work."""
    return torch.as_tensor(np.ascontiguousarray(X), dtype=torch.float64, device=device)
