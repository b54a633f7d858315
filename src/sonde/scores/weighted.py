"""The metrics under many weightings of the same rows at once: what makes a thousand resamples cheap.

A *kernel* is prepared once from labels and scores (one sort); called with weights `[b, n]` it returns the metric under
each of the `b` weightings, NaN where it is undefined there. NaN never leaves `bootstrap`.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from jaxtyping import Bool, Float

from sonde.scores.calibration import bin_of
from sonde.scores.ranking import exact_rate

Kernel = Callable[[np.ndarray], np.ndarray]


def _ratio(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.divide(a, b, out=np.full(np.broadcast_shapes(a.shape, b.shape), np.nan), where=b > 0)


def _tie_starts(sorted_scores: np.ndarray) -> np.ndarray:
    return np.flatnonzero(np.r_[True, sorted_scores[1:] != sorted_scores[:-1]])


def _by_tie(w: np.ndarray, starts: np.ndarray) -> np.ndarray:
    """Sum the columns of each run of tied scores."""
    return w if len(starts) == w.shape[1] else np.add.reduceat(w, starts, axis=1)


def auroc_kernel(y: Bool[np.ndarray, " n"], s: Float[np.ndarray, " n"]) -> Kernel:
    """Weighted AUROC: for every positive the weight of negatives below it, plus half of those tied with it."""
    order = np.argsort(s, kind="stable")
    starts, positive = _tie_starts(s[order]), y[order]

    def kernel(w: np.ndarray) -> np.ndarray:
        w = w[:, order]
        pos, neg = _by_tie(w * positive, starts), _by_tie(w * ~positive, starts)
        below = np.cumsum(neg, axis=1) - 0.5 * neg
        return _ratio(np.einsum("bn,bn->b", pos, below), pos.sum(1) * neg.sum(1))

    return kernel


def stratified_auroc_kernel(y: Bool[np.ndarray, " n"], s: Float[np.ndarray, " n"], strata: np.ndarray) -> Kernel:
    """Weighted AUROC over the pairs that share a stratum."""
    _, owner = np.unique(strata, return_inverse=True)
    rows = [np.flatnonzero(owner == k) for k in range(int(owner.max(initial=-1)) + 1)]
    both = [r for r in rows if y[r].any() and not y[r].all()]
    kernels = [(r, auroc_kernel(y[r], s[r])) for r in both]

    def kernel(w: np.ndarray) -> np.ndarray:
        won, pairs = np.zeros(len(w)), np.zeros(len(w))
        for r, inside in kernels:
            weighed = w[:, r]
            share = (weighed @ y[r]) * (weighed @ ~y[r])
            won += np.where(share > 0, np.nan_to_num(inside(weighed)) * share, 0.0)
            pairs += share
        return _ratio(won, pairs)

    return kernel


def recall_at_fpr_kernel(y: Bool[np.ndarray, " n"], s: Float[np.ndarray, " n"], fpr: float) -> Kernel:
    """Weighted recall at a fixed FPR, by the rule of `recall_at_fpr`; weights are whole numbers."""
    order = np.argsort(-s, kind="stable")
    starts, positive, rate = _tie_starts(s[order]), y[order], exact_rate(fpr)

    def kernel(w: np.ndarray) -> np.ndarray:
        w = w[:, order]
        caught = np.cumsum(_by_tie(w * positive, starts), axis=1)
        false = np.cumsum(_by_tie(w * ~positive, starts), axis=1)
        n_negative = false[:, -1:].astype(np.int64)
        within = false <= n_negative * rate.numerator // rate.denominator
        best = np.where(within, caught, 0).max(axis=1)
        return np.where(n_negative[:, 0] > 0, _ratio(best, caught[:, -1]), np.nan)

    return kernel


def rate_kernel(rows: Bool[np.ndarray, " n"], s: Float[np.ndarray, " n"], threshold: float | int) -> Kernel:
    """Weighted share of `rows` with `s > threshold`."""
    flagged, of = (rows & (s > threshold)).astype(float), rows.astype(float)
    return lambda w: _ratio(w @ flagged, w @ of)


def recall_kernel(y: Bool[np.ndarray, " n"], s: Float[np.ndarray, " n"], threshold: float | int = 0.0) -> Kernel:
    """Weighted recall at a threshold."""
    return rate_kernel(y, s, threshold)


def false_positive_rate_kernel(
    y: Bool[np.ndarray, " n"], s: Float[np.ndarray, " n"], threshold: float | int = 0.0
) -> Kernel:
    """Weighted false-positive rate at a threshold."""
    return rate_kernel(~y, s, threshold)


def balanced_accuracy_kernel(
    y: Bool[np.ndarray, " n"], s: Float[np.ndarray, " n"], threshold: float | int = 0.0
) -> Kernel:
    """Weighted balanced accuracy at a threshold."""
    caught, false = rate_kernel(y, s, threshold), rate_kernel(~y, s, threshold)
    return lambda w: 0.5 * (caught(w) + 1.0 - false(w))


def brier_kernel(y: Bool[np.ndarray, " n"], p: Float[np.ndarray, " n"]) -> Kernel:
    """Weighted Brier score."""
    squares = (p - y) ** 2
    return lambda w: _ratio(w @ squares, w.sum(axis=1))


def ece_kernel(y: Bool[np.ndarray, " n"], p: Float[np.ndarray, " n"], bins: int = 15) -> Kernel:
    """Weighted expected calibration error."""
    gaps = np.zeros((len(p), bins))
    gaps[np.arange(len(p)), bin_of(p, bins)] = y - p
    return lambda w: _ratio(np.abs(w @ gaps).sum(axis=1), w.sum(axis=1))
