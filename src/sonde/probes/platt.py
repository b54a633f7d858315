"""From scores to log-odds: Platt scaling on scores of rows that were left out, in closed form.

A probe's scores of its own training rows are too sure. The closed-form probes therefore know the score that each row
would get had one unit of its weight been left out of training; the scaling is fitted on those. Rows that nearly repeat
each other leak into it, so calibration on held-out groups is what the report measures.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float
from scipy.special import expit

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
    targets = smooth_targets(y, w)
    centre = float(w @ scores / w.sum()) if offset else 0.0
    spread = float(np.sqrt(w @ (scores - centre) ** 2 / w.sum()))
    if spread == 0.0:
        return 1.0, 0.0
    x = (scores - centre) / spread
    line = small_logistic(np.stack([x, np.ones_like(x)], 1)[:, : 1 + offset], targets, w)
    a = max(float(line[0]), _FLOOR) / spread
    return a, float(line[1]) - a * centre if offset else 0.0


def smooth_targets(y: Bool[np.ndarray, " n"], w: Float[np.ndarray, " n"]) -> Float[np.ndarray, " n"]:
    """Return Platt's targets: a little inside 0…1, so that classes that do not overlap have a finite optimum."""
    positive, negative = w[y].sum(), w[~y].sum()
    return np.where(y, (positive + 1) / (positive + 2), 1 / (negative + 2))


def small_logistic(
    Z: Float[np.ndarray, "n q"], targets: Float[np.ndarray, " n"], w: Float[np.ndarray, " n"]
) -> Float[np.ndarray, " q"]:
    """Return the logistic regression of soft targets on few features, by damped Newton steps.

    Soft targets strictly inside 0…1 have a finite optimum always.
    """

    def loss(weights: np.ndarray) -> float:
        f = Z @ weights
        return float(w @ (np.logaddexp(0.0, f) - targets * f))

    weights = np.zeros(Z.shape[1])
    for _ in range(100):
        chance = expit(Z @ weights)
        slope = (w * (chance - targets)) @ Z
        bend = (Z.T * (w * chance * (1 - chance))) @ Z + 1e-12 * w.sum() * np.eye(len(weights))
        step, before, size = np.linalg.solve(bend, slope), loss(weights), 1.0
        while loss(weights - size * step) > before and size > 1e-8:
            size /= 2
        weights = weights - size * step
        if float(slope @ step) <= 1e-18 * w.sum():
            break
    return weights


def unit_left_out(w: Float[np.ndarray, " n"]) -> Float[np.ndarray, " n"]:
    """Return how much of each row's weight is left out: one row of as many as its weight stands for."""
    return np.minimum(w, 1.0)
