"""Batched L-BFGS (Liu & Nocedal 1989) on logistic regressions that share their rows.

All problems take their steps together, so that each step is one product with the rows forth and one back, whatever
their number; those that have converged leave the batch. A step's length is found on the logits, without a product.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from sonde.probes.coordinates import Coordinates
from sonde.probes.logistic_batch import LogisticBatch

MEMORY = 10  # pairs kept
ROUND = 3  # steps looked back on
ROUNDING = 1e-14  # share of an objective that its own rounding may pretend to gain
_POINT = ("coef", "constant", "logits")
#: What the memory holds of each step: how the point moved, how the slope changed, and one over their product.
Pairs = list[tuple[Tensor, Tensor, Tensor]]


@dataclass
class Point:
    """Where the problems of a batch stand.

    Attributes:
        coef, constant: `[k, d]`, `[k]` on each problem's own standardised rows.
        logits: `[k, n]` of all rows.
    """

    coef: Float[Tensor, "k d"]
    constant: Float[Tensor, " k"]
    logits: Float[Tensor, "k n"]

    def take(self, index: Tensor) -> Point:
        """Return the problems `index`."""
        return Point(self.coef[index], self.constant[index], self.logits[index])

    def put(self, index: Tensor, other: Point) -> None:
        """Overwrite the problems `index`."""
        self.coef[index], self.constant[index], self.logits[index] = other.coef, other.constant, other.logits

    def beyond(self, other: Point, share: float) -> Point:
        """Return the point on the line to `other`, `share` of the way past it."""
        ends = [(getattr(self, name), getattr(other, name)) for name in _POINT]
        return Point(*(there + share * (there - here) for here, there in ends))

    @staticmethod
    def join(points: Sequence[Point]) -> Point:
        """Return the problems of all points, one after the other."""
        return Point(*(torch.cat([getattr(point, name) for point in points]) for name in _POINT))


def minimise(
    batch: LogisticBatch, coordinates: Coordinates, start: Point, *, gap: float, max_iter: int
) -> tuple[Point, Float[Tensor, " k"], Bool[Tensor, " k"]]:
    """Return where the problems end, the steps each took, and whether it left by itself.

    A problem leaves when its last `ROUND` steps together gained no more than the share `gap` of its objective, and the
    next one promises no more either: half the slope along the quasi-Newton direction, which is the gap itself where the
    memory has learnt the curvature.
    """
    end = Point(start.coef.clone(), start.constant.clone(), start.logits.clone())
    taken = torch.zeros_like(start.constant)
    settled = torch.zeros_like(taken, dtype=torch.bool)
    index = torch.arange(len(batch), device=taken.device)
    here, pairs = start, Pairs()
    objectives = [batch.objective(here.logits, here.coef)]
    slope = _slope(batch, coordinates, batch.pull(here.logits), here.coef)
    for done in range(max_iter + 1):
        way = _direction(slope, pairs)
        first = (slope * way).sum(1)
        gained = objectives[0] - objectives[-1]
        gaining, promising = gained > max(gap, ROUNDING) * objectives[-1], -0.5 * first > gap * objectives[-1]
        going = (gaining | promising) if done else torch.ones_like(promising)
        if done == max_iter or not going.all():
            end.put(index, here)
            taken[index], settled[index] = float(done), ~going
            if done == max_iter or not going.any():
                break
            kept = going.nonzero().squeeze(1)
            index, here, batch, coordinates = index[kept], here.take(kept), batch.take(kept), coordinates.take(kept)
            slope, way, first = slope[kept], way[kept], first[kept]
            objectives = [objective[kept] for objective in objectives]
            pairs = [(s[kept], y[kept], r[kept]) for s, y, r in pairs]
        old = slope
        here, pull, step = _moved(batch, coordinates, here, way, first)
        objectives = [*objectives[-ROUND:], batch.objective(here.logits, here.coef)]
        slope = _slope(batch, coordinates, pull, here.coef)
        pairs = _remembered(pairs, step[:, None] * way, slope - old, step > 0)
    return end, taken, settled


def _slope(batch: LogisticBatch, coordinates: Coordinates, pull: Tensor, coef: Tensor) -> Tensor:
    slope, constant = batch.gradient(pull, coef)
    return torch.cat([coordinates.back(slope), (constant * coordinates.constant)[:, None]], 1)


def _moved(
    batch: LogisticBatch, coordinates: Coordinates, here: Point, way: Tensor, first: Tensor
) -> tuple[Point, Tensor, Tensor]:
    """Return the point a step along `way`, the pulls there, and the steps' lengths."""
    way_coef, way_constant = coordinates.coef(way[:, :-1]), way[:, -1] * coordinates.constant
    change = batch.logits(way_coef, way_constant)
    step, logits, pull = batch.line_search(here.logits, change, here.coef, way_coef, first)
    coef = torch.addcmul(here.coef, way_coef, step[:, None])
    return Point(coef, here.constant + step * way_constant, logits), pull, step


def _remembered(pairs: Pairs, moved: Tensor, bent: Tensor, stepped: Tensor) -> Pairs:
    """Return the pairs with one more; a problem that found no step forgets its own, to go straight down next."""
    product = (moved * bent).sum(1)
    zero = torch.zeros_like(product)
    kept = pairs[-(MEMORY - 1) :]
    if not stepped.all():
        kept = [(s, y, torch.where(stepped, r, zero)) for s, y, r in kept]
    return [*kept, (moved, bent, torch.where(product > 0, 1 / product, zero))]


def _direction(slope: Tensor, steps: Pairs) -> Tensor:
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
