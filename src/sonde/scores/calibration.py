"""Metrics of probabilities: does 0.8 happen eight times in ten?"""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float, Int, Real, Shaped

from sonde.base.errors import InputError
from sonde.scores.arrays import check_pair
from sonde.scores.estimate import Estimate


def check_probabilities(
    y: Shaped[np.ndarray, " n"], p: Real[np.ndarray, " m"]
) -> tuple[Bool[np.ndarray, " n"], Float[np.ndarray, " m"]]:
    """Return labels as booleans and probabilities as float64, both checked.

    Raises:
        InputError: a value lies outside 0…1.
    """
    labels, chances = check_pair(y, p, "The probability")
    outside = (chances < 0) | (chances > 1)
    if outside.any():
        row = int(np.flatnonzero(outside)[0])
        raise InputError(
            f"The probability in row {row} is {chances[row]}, expected 0 to 1: pass `predict_proba(X)[:, 1]`, "
            "not scores."
        )
    return labels, chances


def brier(y: Shaped[np.ndarray, " n"], p: Real[np.ndarray, " m"]) -> Estimate:
    """Return the Brier score, the mean squared distance of probability and outcome: 0 = perfect, 0.25 = always 0.5.

    Example:
        >>> brier(np.array([0, 1]), np.array([0.0, 0.5])).value
        0.125
    """
    from sklearn.metrics import brier_score_loss

    labels, chances = check_probabilities(y, p)
    if len(labels) == 0:
        return Estimate.undefined("no rows")
    return Estimate(float(brier_score_loss(labels, chances, labels=[False, True])))


def bin_of(p: Float[np.ndarray, " n"], bins: int) -> Int[np.ndarray, " n"]:
    """Return the equal-width bin of each probability: `[0, 1/bins)`, …, the last one including 1."""
    return np.minimum((p * bins).astype(np.int64), bins - 1)


def ece(y: Shaped[np.ndarray, " n"], p: Real[np.ndarray, " m"], bins: int = 15) -> Estimate:
    """Return the expected calibration error: 0 = calibrated, 1 = certain and always wrong.

    Guo et al. 2017 (1706.04599), equation 3, for the probability of the positive class: over equal-width bins, the
    mean of |share of positives - mean probability|, weighted by rows. Biased upwards in small samples.

    Example:
        >>> ece(np.array([0, 1, 1, 1]), np.full(4, 0.5)).value
        0.25
    """
    labels, chances = check_probabilities(y, p)
    if len(labels) == 0:
        return Estimate.undefined("no rows")
    gaps = np.bincount(bin_of(chances, bins), weights=labels - chances, minlength=bins)
    return Estimate(float(np.abs(gaps).sum() / len(labels)))
