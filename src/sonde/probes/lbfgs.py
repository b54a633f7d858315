"""Batched L-BFGS (Liu & Nocedal 1989) on logistic regressions that share their rows.

All problems take their steps together, so that each step is one product with the rows forth and one back, whatever
their number; those that have converged leave the batch. A step's length is found on the margins, without a product.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor
from torch.linalg import vecdot

from sonde.probes.coordinates import Coordinates
from sonde.probes.logistic_batch import LogisticBatch

MEMORY = 10  # pairs kept
ROUND = 3  # steps looked back on
ROUNDING = 50  # units in the last place of an objective that its own rounding may pretend to gain
#: What the memory holds of each step: how the point moved, how the slope changed, and one over their product.
Pairs = list[tuple[Tensor, Tensor, Tensor]]


@dataclass
class Point:
    """Where the problems of a batch stand.

    Attributes:
        theta: `[k, p]` weights and the constant, on the shared rows.
        margins: `[k, n]` of all rows.
    """

    theta: Float[Tensor, "k p"]
    margins: Float[Tensor, "k n"]

    def take(self, index: Tensor) -> Point:
        """Return the problems `index`."""
        return Point(self.theta[index], self.margins[index])

    def put(self, index: Tensor, other: Point) -> None:
        """Overwrite the problems `index`."""
        self.theta[index], self.margins[index] = other.theta, other.margins

    def to(self, dtype: torch.dtype) -> Point:
        """Return the point in another precision."""
        return Point(self.theta.to(dtype), self.margins.to(dtype))

    def beyond(self, other: Point, share: float) -> Point:
        """Return the point on the line to `other`, `share` of the way past it."""
        ends = (self.theta, other.theta), (self.margins, other.margins)
        return Point(*(torch.lerp(here, there, 1 + share) for here, there in ends))

    @staticmethod
    def join(points: Sequence[Point]) -> Point:
        """Return the problems of all points, one after the other."""
        return Point(torch.cat([point.theta for point in points]), torch.cat([point.margins for point in points]))


def minimise(
    batch: LogisticBatch, coordinates: Coordinates, start: Point, *, gap: float, max_iter: int
) -> tuple[Point, Float[Tensor, " k"], Bool[Tensor, " k"]]:
    """Return where the problems end, the steps each took, and whether it left by itself.

    A problem leaves when its last `ROUND` steps together gained no more than the share `gap` of its objective, and the
    next one promises no more either: half the slope along the quasi-Newton direction, which is the gap itself where the
    memory has learnt the curvature. One for which rounding leaves no step that helps leaves too, and is said not to
    have ended by itself.
    """
    end = Point(start.theta.clone(), start.margins.clone())
    taken = torch.zeros_like(start.theta[:, 0])
    settled = torch.zeros_like(taken, dtype=torch.bool)
    index = torch.arange(len(batch), device=taken.device)
    here, pairs, stuck = start, Pairs(), torch.zeros_like(taken)
    objectives = [batch.objective(here.margins, here.theta)]
    slope = coordinates.back(batch.gradient(torch.sigmoid(-here.margins), here.theta))
    rounding = ROUNDING * torch.finfo(taken.dtype).eps
    for done in range(max_iter + 1):
        way = _direction(slope, pairs)
        first = vecdot(slope, way)
        gained = objectives[0] - objectives[-1]
        gaining, promising = gained > max(gap, rounding) * objectives[-1], -0.5 * first > gap * objectives[-1]
        going = (gaining | promising) & (stuck < 2) if done else torch.ones_like(promising)
        if done == max_iter or not going.all():
            end.put(index, here)
            taken[index], settled[index] = float(done), ~going & (stuck < 2) & objectives[-1].isfinite()
            if done == max_iter or not going.any():
                break
            kept = going.nonzero().squeeze(1)
            index, here, batch, coordinates = index[kept], here.take(kept), batch.take(kept), coordinates.take(kept)
            slope, way, first, stuck = slope[kept], way[kept], first[kept], stuck[kept]
            objectives = [objective[kept] for objective in objectives]
            pairs = [(s[kept], y[kept], r[kept]) for s, y, r in pairs]
        before, course = slope, coordinates.theta(way)
        step, margins, chance = batch.line_search(here.margins, here.theta, course, first)
        here = Point(torch.addcmul(here.theta, course, step[:, None]), margins)
        objectives = [*objectives[-ROUND:], batch.objective(margins, here.theta)]
        slope = coordinates.back(batch.gradient(chance, here.theta))
        pairs = _remembered(pairs, step[:, None] * way, slope - before, step > 0)
        stuck = torch.where(step > 0, torch.zeros_like(stuck), stuck + 1)
    return end, taken, settled


def _remembered(pairs: Pairs, moved: Tensor, bent: Tensor, stepped: Tensor) -> Pairs:
    """Return the pairs with one more; a problem that found no step forgets its own, to go straight down next."""
    product = vecdot(moved, bent)
    zero = torch.zeros_like(product)
    kept = pairs[-(MEMORY - 1) :]
    if not stepped.all():
        kept = [(s, y, torch.where(stepped[:, None], r, 0.0)) for s, y, r in kept]
    return [*kept, (moved, bent, torch.where(product > 0, 1 / product, zero)[:, None])]


def _direction(slope: Tensor, steps: Pairs) -> Tensor:
    """Return the two-loop recursion's descent direction (Nocedal & Wright 2006, algorithm 7.4)."""
    way = -slope
    shares = []
    for moved, bent, inverse in reversed(steps):
        share = inverse * vecdot(moved, way)[:, None]
        way = torch.addcmul(way, bent, share, value=-1)
        shares.append(share)
    if steps:
        moved, bent, inverse = steps[-1]
        square = vecdot(bent, bent)[:, None] * inverse
        way = way / torch.where(square > 0, square, 1.0)
    for (moved, bent, inverse), share in zip(steps, reversed(shares), strict=True):
        way = torch.addcmul(way, moved, share - inverse * vecdot(bent, way)[:, None])
    return way
