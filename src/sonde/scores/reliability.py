"""How often what was called 0.8 happens, bin by bin: what a reliability diagram draws."""

from __future__ import annotations

from typing import Any

import numpy as np
from jaxtyping import Real, Shaped

from sonde.scores.calibration import bin_of, check_probabilities
from sonde.scores.estimate import Estimate
from sonde.scores.resampling import attach_interval, count_units, resample, widen
from sonde.scores.weighted import rate_kernel


def reliability(
    y: Shaped[np.ndarray, " n"],
    p: Real[np.ndarray, " m"],
    groups: Shaped[np.ndarray, " g"] | None = None,
    bins: int = 15,
    resamples: int = 1000,
    seed: int = 0,
) -> list[dict[str, Any]]:
    """Return the bins of `ece` that hold rows: the mean probability said, and the share of positives that came.

    Args:
        y: `[n]` 1 = positive class, 0 = negative.
        p: `[n]` probability of the positive class.
        groups: `[n]` rows of one group are resampled together; None = every row its own group.
        bins: equal-width bins of 0…1.
        resamples, seed: of the bootstrap over groups behind the intervals, which are widened to the exact binomial one
            where that is wider.

    Returns:
        Per bin, JSON-ready: `low` and `high` ends, `n` rows, mean `probability`, and `share` of positives.

    Example:
        >>> reliability(np.array([0, 1, 1, 1]), np.full(4, 0.5))[0]["share"]["value"]
        0.75
    """
    labels, chances = check_probabilities(y, p)
    place = bin_of(chances, bins)
    filled = np.unique(place)
    if len(filled) == 0:
        return []
    kernels = [rate_kernel(place == k, labels.astype(np.float64), 0.5) for k in filled]
    draws = resample(kernels, len(labels), groups, resamples, seed)
    units = count_units(len(labels), groups)
    made = []
    for k, drawn in zip(filled, draws, strict=True):
        mine = place == k
        share = attach_interval(Estimate(float(labels[mine].mean())), drawn, units=units)
        made.append(
            {
                "low": float(k / bins),
                "high": float((k + 1) / bins),
                "n": int(mine.sum()),
                "probability": float(chances[mine].mean()),
                "share": widen(share, labels[mine]).to_json(),
            }
        )
    return made
