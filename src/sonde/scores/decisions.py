"""Metrics of decisions: what happens when every row above a fixed threshold is flagged."""

from __future__ import annotations

import numpy as np
from jaxtyping import Real, Shaped

from sonde.scores.arrays import check_pair, missing_class
from sonde.scores.estimate import Estimate


def balanced_accuracy(y: Shaped[np.ndarray, " n"], s: Real[np.ndarray, " m"], threshold: float | int = 0.0) -> Estimate:
    """Return the mean of recall and specificity when `s > threshold` is flagged; 0.5 = chance.

    Example:
        >>> balanced_accuracy(np.array([0, 0, 0, 1]), np.array([-1.0, -2.0, 3.0, 1.0])).value
        0.8333333333333333
    """
    from sklearn.metrics import balanced_accuracy_score

    labels, scores = check_pair(y, s)
    if reason := missing_class(labels):
        return Estimate.undefined(reason)
    return Estimate(float(balanced_accuracy_score(labels, scores > threshold)))


def recall(y: Shaped[np.ndarray, " n"], s: Real[np.ndarray, " m"], threshold: float | int = 0.0) -> Estimate:
    """Return the share of positives with `s > threshold`; undefined without positives."""
    labels, scores = check_pair(y, s)
    if not labels.any():
        return Estimate.undefined("no positive rows")
    return Estimate(float((scores[labels] > threshold).mean()))


def false_positive_rate(
    y: Shaped[np.ndarray, " n"], s: Real[np.ndarray, " m"], threshold: float | int = 0.0
) -> Estimate:
    """Return the share of negatives with `s > threshold`; undefined without negatives."""
    labels, scores = check_pair(y, s)
    if labels.all():
        return Estimate.undefined("no negative rows")
    return Estimate(float((scores[~labels] > threshold).mean()))
