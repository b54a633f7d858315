"""Metrics of order: AUROC, recall at a fixed false-positive rate, the ROC curve.

Throughout sonde a row counts as flagged when its score is strictly greater than the threshold.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from jaxtyping import Float, Real, Shaped

from sonde.base.errors import InputError
from sonde.scores.arrays import check_pair, missing_class
from sonde.scores.estimate import Estimate


def auroc(y: Shaped[np.ndarray, " n"], s: Real[np.ndarray, " m"]) -> Estimate:
    """Return the area under the ROC curve: how often a positive outscores a negative, ties counting half.

    Args:
        y: `[n]` 1 = positive class, 0 = negative.
        s: `[n]` scores, higher = more positive.

    Returns:
        A number in 0…1 without interval (see `bootstrap`); undefined when there is one class only.

    Example:
        >>> auroc(np.array([0, 0, 1]), np.array([0.1, 0.4, 0.3])).value
        0.5
    """
    from sklearn.metrics import roc_auc_score

    labels, scores = check_pair(y, s)
    if reason := missing_class(labels):
        return Estimate.undefined(reason)
    return Estimate(float(roc_auc_score(labels, scores)))


def exact_rate(fpr: float) -> Fraction:
    """Return the decimal fraction that `fpr` was written as: 0.29 is 29/100, so that 29 of 100 rows stay within it.

    Raises:
        InputError: `fpr` is not between 0 and 1.
    """
    if not 0 < fpr < 1:
        raise InputError(f"A false-positive rate of {fpr} was asked for, expected one between 0 and 1, such as 0.01.")
    return Fraction(repr(float(fpr)))


def allowed_false_positives(fpr: float, n_negative: int) -> int:
    """Return the largest count of false positives whose rate does not exceed `fpr`.

    Example:
        >>> allowed_false_positives(0.01, 100), allowed_false_positives(0.01, 199), allowed_false_positives(0.29, 100)
        (1, 1, 29)
    """
    rate = exact_rate(fpr)
    return n_negative * rate.numerator // rate.denominator


def size_guard(fpr: float, n_negative: int) -> tuple[str, str]:
    """Return `(reason, note)`: the reason refuses rates that the sample cannot resolve, the note says "coarse".

    Below `1 / fpr` negatives (100 for 1 %, 1,000 for 0.1 %) one false positive already exceeds the rate; below
    ten times that the rate rests on fewer than ten of them.
    """
    rate = exact_rate(fpr)
    needed = -(-rate.denominator // rate.numerator)
    if n_negative < needed:
        return f"{n_negative} negative rows cannot resolve a {fpr:.4g} FPR: it takes at least {needed}", ""
    if n_negative < 10 * needed:
        return "", f"coarse: {n_negative} negative rows, fewer than {10 * needed}"
    return "", ""


def smallest_threshold(negatives: Real[np.ndarray, " m"], fpr: float) -> float:
    """Return the smallest threshold that at most `fpr` of the negatives lie strictly above.

    With `a` false positives allowed it is the score of the `(a + 1)`-th highest negative: one step lower and that row,
    and every row tied with it, would be flagged too. No randomised tie-breaking, no interpolation.
    """
    a = allowed_false_positives(fpr, len(negatives))
    return float(np.partition(negatives, -(a + 1))[-(a + 1)])


def recall_at_fpr(y: Shaped[np.ndarray, " n"], s: Real[np.ndarray, " m"], fpr: float) -> Estimate:
    """Return the largest recall whose realised false-positive rate on these negatives does not exceed `fpr`.

    Args:
        y: `[n]` 1 = positive class, 0 = negative.
        s: `[n]` scores, higher = more positive.
        fpr: a rate between 0 and 1.

    Returns:
        The recall, without interval; undefined below `1 / fpr` negatives, noted as coarse below ten times that.

    Example:
        >>> recall_at_fpr(np.repeat([0, 1], 100), np.arange(200), 0.01).value
        1.0
    """
    labels, scores = check_pair(y, s)
    if reason := missing_class(labels):
        return Estimate.undefined(reason)
    reason, note = size_guard(fpr, int((~labels).sum()))
    if reason:
        return Estimate.undefined(reason)
    threshold = smallest_threshold(scores[~labels], fpr)
    return Estimate(float((scores[labels] > threshold).mean()), note=note)


def roc_points(
    y: Shaped[np.ndarray, " n"], s: Real[np.ndarray, " m"]
) -> tuple[Float[np.ndarray, " p"], Float[np.ndarray, " p"]]:
    """Return false-positive rates and recalls along the ROC curve, from (0, 0) to (1, 1), without collinear points.

    Raises:
        InputError: there is one class only.
    """
    from sklearn.metrics import roc_curve

    labels, scores = check_pair(y, s)
    if reason := missing_class(labels):
        raise InputError(f"No ROC curve can be drawn ({reason}): score rows of both classes.")
    fpr, recall, _ = roc_curve(labels, scores, drop_intermediate=True)
    return fpr, recall
