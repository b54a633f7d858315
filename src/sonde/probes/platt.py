"""From scores to log-odds: Platt scaling on scores of rows that were left out, in closed form.

A probe's scores of its own training rows are too sure. The closed-form probes therefore know the score that each row
would get had one unit of its weight been left out of training; the scaling is fitted on those. Rows that nearly repeat
each other leak into it, so calibration on held-out groups is what the report measures.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float

from sonde.probes.descent import solve_logistic

_FLOOR = 1e-3  # log-odds per standard deviation of scores where left-out scores say nothing


def platt_scaling(
    scores: Float[np.ndarray, " n"],
    y: Bool[np.ndarray, " n"],
    w: Float[np.ndarray, " n"],
    *,
    offset: bool = True,
) -> tuple[float, float]:
    """Return `(a, b)` so that `a · score + b` are log-odds of the positive class.

    Platt 1999, with his smoothed targets `(N₊ + 1) / (N₊ + 2)` and `1 / (N₋ + 2)`, which keep `a` finite for classes
    that do not overlap. `a` is positive always, so that the order of scores never changes.

    Args:
        scores: `[n]` scores of rows left out.
        y: `[n]` True = positive class.
        w: `[n]` row weights.
        offset: False keeps `b = 0`, so that a score of 0 stays even odds.
    """
    positive, negative = w[y].sum(), w[~y].sum()
    targets = np.where(y, (positive + 1) / (positive + 2), 1 / (negative + 2))
    centre = float(w @ scores / w.sum()) if offset else 0.0
    spread = float(np.sqrt(w @ (scores - centre) ** 2 / w.sum()))
    if spread == 0.0:
        return 1.0, 0.0
    x = ((scores - centre) / spread)[:, None]
    found = solve_logistic(x, targets, w, np.array([w.sum()]), 0.0, intercept=offset)
    a = max(float(found.coef[0]), _FLOOR) / spread
    return a, found.intercept - a * centre if offset else 0.0


def unit_left_out(w: Float[np.ndarray, " n"]) -> Float[np.ndarray, " n"]:
    """Return how much of each row's weight is left out: one row of as many as its weight stands for."""
    return np.minimum(w, 1.0)
