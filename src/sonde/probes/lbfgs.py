"""Batched L-BFGS (Liu & Nocedal 1989) on logistic regressions that share their rows.

All problems take their steps together, so that each step is one product with the rows forth and one back, whatever
their number; those that have converged leave the batch. A step's length is found on the logits, without a product.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from sonde.probes.coordinates import Coordinates
from sonde.probes.logistic_batch import LogisticBatch

MEMORY = 10  # pairs kept
ROUND = 3  # steps between two looks at who has converged


@dataclass
class _State:
    """Where the problems of a batch stand, in the solver's coordinates."""

    u: Tensor
    b: Tensor
    coef: Tensor
    logits: Tensor
    slope: Tensor
    steps: list[tuple[Tensor, Tensor, Tensor]]

    def take(self, index: Tensor) -> _State:
        now = (getattr(self, name)[index] for name in ("u", "b", "coef", "logits", "slope"))
        return _State(*now, steps=[(s[index], y[index], r[index]) for s, y, r in self.steps])


def minimise(
    batch: LogisticBatch,
    coordinates: Coordinates,
    u: Float[Tensor, "k d"],
    b: Float[Tensor, " k"],
    *,
    gap: float,
    max_iter: int,
) -> tuple[Float[Tensor, "k d"], Float[Tensor, " k"], Float[Tensor, " k"], Bool[Tensor, " k"]]:
    """Return `u`, the constants, the steps each problem took, and whether it left by itself; from the start `u`, `b`.

    A problem leaves when `ROUND` steps together lowered its objective by no more than the share `gap`, and half the
    squared gradient, in these coordinates about the least that is left to gain, is no more either.
    """
    out_u, out_b, taken = u.clone(), b.clone(), torch.zeros_like(b)
    settled = torch.zeros_like(b, dtype=torch.bool)
    index = torch.arange(len(batch), device=u.device)
    state = _start(batch, coordinates, u, b)
    objective = batch.objective(state.logits, state.coef)
    for done in range(0, max_iter, ROUND):
        for _ in range(min(ROUND, max_iter - done)):
            _advance(batch, coordinates, state)
        out_u[index], out_b[index] = state.u, state.b
        taken[index] = float(min(done + ROUND, max_iter))
        before, objective = objective, batch.objective(state.logits, state.coef)
        rest = torch.maximum(before - objective, 0.5 * (state.slope * state.slope).sum(1, dtype=torch.float64))
        going = rest > gap * objective.abs()
        settled[index] = ~going
        if not going.any():
            break
        if not going.all():
            kept = going.nonzero().squeeze(1)
            index, state, objective = index[kept], state.take(kept), objective[kept]
            batch, coordinates = batch.take(kept), coordinates.take(kept)
    return out_u, out_b, taken, settled


def _start(batch: LogisticBatch, coordinates: Coordinates, u: Tensor, b: Tensor) -> _State:
    coef = coordinates.coef(u)
    logits = batch.logits(coef, b * coordinates.constant)
    slope = _slope(batch, coordinates, batch.pull(logits), coef)
    return _State(u.clone(), b.clone(), coef, logits, slope, [])


def _slope(batch: LogisticBatch, coordinates: Coordinates, pull: Tensor, coef: Tensor) -> Tensor:
    slope, constant = batch.gradient(pull, coef)
    return torch.cat([coordinates.back(slope), (constant * coordinates.constant)[:, None]], 1)


def _advance(batch: LogisticBatch, coordinates: Coordinates, state: _State) -> None:
    """Take one step with every problem; one that finds none forgets its pairs, to go straight down next."""
    way = _direction(state.slope, state.steps)
    way_coef = coordinates.coef(way[:, :-1].contiguous())
    change = batch.logits(way_coef, way[:, -1] * coordinates.constant)
    first = (state.slope * way).sum(1)
    step, logits, pull = batch.line_search(state.logits, change, state.coef, way_coef, first)
    coef = state.coef + step[:, None] * way_coef
    slope = _slope(batch, coordinates, pull, coef)
    moved, bent = step[:, None] * way, slope - state.slope
    product = (moved * bent).sum(1)
    zero = torch.zeros_like(product)
    state.u, state.b = state.u + moved[:, :-1], state.b + moved[:, -1]
    state.steps = state.steps[-(MEMORY - 1) :]
    if not (step > 0).all():
        state.steps = [(s, y, torch.where(step > 0, r, zero)) for s, y, r in state.steps]
    state.steps.append((moved, bent, torch.where(product > 0, 1 / product, zero)))
    state.logits, state.coef, state.slope = logits, coef, slope


def _direction(slope: Tensor, steps: list[tuple[Tensor, Tensor, Tensor]]) -> Tensor:
    """Return the two-loop recursion's descent direction (Nocedal & Wright 2006, algorithm 7.4)."""
    way = -slope
    shares = []
    for moved, bent, inverse in reversed(steps):
        share = inverse * (moved * way).sum(1)
        way = torch.addcmul(way, bent, share[:, None], value=-1)
        shares.append(share)
    if steps:
        moved, bent, inverse = steps[-1]
        square = (bent * bent).sum(1) * inverse
        way = way / torch.where(square > 0, square, torch.ones_like(square))[:, None]
    for (moved, bent, inverse), share in zip(steps, reversed(shares), strict=True):
        way = torch.addcmul(way, moved, (share - inverse * (bent * way).sum(1))[:, None])
    return way
