"""Intervals by resampling groups: rows of one group share a fate, so they are drawn together."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Real, Shaped

from sonde.base.errors import InputError
from sonde.base.seeds import generator
from sonde.scores.arrays import check_pair
from sonde.scores.calibration import brier, ece
from sonde.scores.decisions import balanced_accuracy, false_positive_rate, recall
from sonde.scores.estimate import Estimate
from sonde.scores.intervals import clopper_pearson
from sonde.scores.partial import stratified_auroc
from sonde.scores.ranking import auroc, recall_at_fpr
from sonde.scores.weighted import (
    Kernel,
    auroc_kernel,
    balanced_accuracy_kernel,
    brier_kernel,
    ece_kernel,
    false_positive_rate_kernel,
    recall_at_fpr_kernel,
    recall_kernel,
    stratified_auroc_kernel,
)

#: Any function of labels and scores; a `functools.partial` binds its further arguments by keyword.
Metric = Callable[..., Estimate | float]

_KERNELS: Mapping[Metric, Callable[..., Kernel]] = {
    auroc: auroc_kernel,
    recall_at_fpr: recall_at_fpr_kernel,
    balanced_accuracy: balanced_accuracy_kernel,
    recall: recall_kernel,
    false_positive_rate: false_positive_rate_kernel,
    brier: brier_kernel,
    ece: ece_kernel,
    stratified_auroc: stratified_auroc_kernel,
}
_CELLS = 2_000_000  # weights held at once: 16 MB


def bootstrap(
    metric: Metric,
    y: Shaped[np.ndarray, " n"],
    s: Real[np.ndarray, " m"],
    groups: Shaped[np.ndarray, " g"] | None = None,
    resamples: int = 1000,
    seed: int = 0,
    level: float = 0.95,
) -> Estimate:
    """Return the metric with its expanded percentile interval over resampled groups.

    Efron & Tibshirani 1993, chapter 13, widened for the number of groups as Hesterberg 2015 has it (see `tail`). Groups
    are drawn with replacement, as many as there are, and all rows of a group come with it. Resamples in which the
    metric is undefined (one class only) are left out, counted, and noted.

    Args:
        metric: `auroc`, `partial(recall_at_fpr, fpr=0.01)`, …, or any function of `(y, s)`; the metrics of this room
            run on all resamples at once.
        y: `[n]` 1 = positive class, 0 = negative.
        s: `[n]` scores (probabilities for `brier` and `ece`).
        groups: `[n]` any hashable names; None = every row its own group.
        resamples: how many; 1,000 or more for a reported number.
        seed: the same seed draws the same resamples, whatever the metric.
        level: coverage of the interval.

    Example:
        >>> round(bootstrap(auroc, np.array([0, 1] * 20), np.arange(40.0), resamples=200).value, 3)
        0.525
    """
    point = as_estimate(metric(y, s))
    if not point.defined:
        return point
    draws = resample([prepare(metric, y, s)], len(y), groups, resamples, seed)[0]
    return attach_interval(point, draws, level, count_units(len(y), groups))


def bootstrap_difference(
    metric: Metric,
    y: Shaped[np.ndarray, " n"],
    s_a: Real[np.ndarray, " m"],
    s_b: Real[np.ndarray, " k"],
    groups: Shaped[np.ndarray, " g"] | None = None,
    resamples: int = 1000,
    seed: int = 0,
    level: float = 0.95,
) -> Estimate:
    """Return metric(a) - metric(b) with a paired interval: both detectors see the same resamples.

    Example:
        >>> y, s = np.array([0, 1] * 20), np.arange(40.0)
        >>> bootstrap_difference(auroc, y, s, s, resamples=200).value
        0.0
    """
    a, b = as_estimate(metric(y, s_a)), as_estimate(metric(y, s_b))
    if not (a.defined and b.defined):
        return Estimate.undefined(a.reason or b.reason)
    kernels = [prepare(metric, y, s_a), prepare(metric, y, s_b)]
    draws = resample(kernels, len(y), groups, resamples, seed)
    difference = Estimate(float(a) - float(b), note=a.note)
    return attach_interval(difference, draws[0] - draws[1], level, count_units(len(y), groups))


def as_estimate(value: Estimate | float) -> Estimate:
    """Return an `Estimate` of what a metric returned; NaN is undefined."""
    if isinstance(value, Estimate):
        return value
    return Estimate.undefined("the metric is not a number here") if np.isnan(value) else Estimate(float(value))


def prepare(metric: Metric, y: Shaped[np.ndarray, " n"], s: Real[np.ndarray, " m"]) -> Kernel:
    """Return the metric as a kernel over weightings: vectorised where this room knows how, one by one elsewhere."""
    labels, scores = check_pair(y, s)
    bound: dict[str, Any] = {}
    function = metric
    if isinstance(metric, partial) and not metric.args:
        function, bound = metric.func, metric.keywords
    if function in _KERNELS:
        return _KERNELS[function](labels, scores, **bound)

    def one_by_one(w: np.ndarray) -> np.ndarray:
        rows = (np.repeat(np.arange(len(y)), counts.astype(np.int64)) for counts in w)
        values = (as_estimate(metric(y[r], s[r])).value for r in rows)
        return np.array([np.nan if v is None else v for v in values])

    return one_by_one


def resample(
    kernels: Sequence[Kernel], n: int, groups: Shaped[np.ndarray, " g"] | None, resamples: int, seed: int
) -> Float[np.ndarray, "k b"]:
    """Return every kernel on the same grouped resamples; NaN where it is undefined. One group: no columns."""
    draws = [np.stack([kernel(w) for kernel in kernels]) for w in group_weights(n, groups, resamples, seed)]
    return np.concatenate(draws, axis=1) if draws else np.empty((len(kernels), 0))


def group_weights(
    n: int, groups: Shaped[np.ndarray, " g"] | None, resamples: int, seed: int
) -> Iterator[Float[np.ndarray, "b n"]]:
    """Yield how often each row is drawn in each resample, some resamples at a time; nothing for fewer than two groups.

    Raises:
        InputError: there is not one group name for each row.
    """
    if groups is not None and len(groups) != n:
        raise InputError(f"There are {len(groups)} group names for {n} rows: pass one for each row, or none at all.")
    owner = np.arange(n) if groups is None else np.unique(groups, return_inverse=True)[1]
    count = int(owner.max()) + 1 if n else 0
    if count < 2:
        return
    rng, batch = generator(seed, "bootstrap"), max(1, _CELLS // n)
    for first in range(0, resamples, batch):
        b = min(batch, resamples - first)
        drawn = rng.integers(count, size=(b, count)) + count * np.arange(b)[:, None]
        times = np.bincount(drawn.ravel(), minlength=b * count).reshape(b, count)
        yield times.astype(np.float64)[:, owner]


def attach_interval(
    point: Estimate, draws: Float[np.ndarray, " b"], level: float = 0.95, units: int | None = None
) -> Estimate:
    """Return the point with the percentile interval of its draws, and notes on what the interval cannot show.

    Args:
        point: what was measured.
        draws: the same on each resample; NaN where it is undefined.
        level: coverage of the interval.
        units: how many groups were resampled; their number widens the interval (see `tail`). None = not widened.
    """
    if len(draws) == 0:
        return point.with_interval(None, None, "no interval: it takes two groups or more")
    kept = draws[~np.isnan(draws)]
    lost = f"undefined in {len(draws) - len(kept)} of {len(draws)} resamples" if len(kept) < len(draws) else ""
    if len(kept) == 0:
        return point.with_interval(None, None, lost)
    share = tail(level, units)
    low, high = (float(q) for q in np.quantile(kept, [share, 1 - share]))
    flat = "every resample gives the same value, so the interval is too narrow" if low == high else ""
    return point.with_interval(low, high, "; ".join(n for n in (lost, flat) if n))


def tail(level: float, units: int | None) -> float:
    """Return the share of draws outside each end of an interval.

    A bootstrap of few units is too narrow, by a factor of √((m - 1) / m) in spread and by the normal quantile where
    Student's belongs. The expanded percentile interval (Hesterberg 2015, "What teachers should know about the
    bootstrap", §4.3) takes the quantile at Φ(-√(m / (m - 1)) · t), t Student's quantile with m - 1 degrees of freedom.

    Example:
        >>> round(tail(0.95, None), 4), round(tail(0.95, 20), 4), round(tail(0.95, 10_000), 4)
        (0.025, 0.0159, 0.025)
    """
    from scipy.stats import norm, t

    outside = (1 - level) / 2
    if units is None or units < 2:
        return outside
    return float(norm.cdf(np.sqrt(units / (units - 1)) * t.ppf(outside, units - 1)))


def count_units(n: int, groups: Shaped[np.ndarray, " g"] | None) -> int:
    """Return how many units a bootstrap of `n` rows resamples: groups, or rows where none are known."""
    return n if groups is None else len(np.unique(groups))


def widen(rate: Estimate, flagged: Bool[np.ndarray, " n"]) -> Estimate:
    """Return the rate of True in `flagged` with an interval at least as wide as the exact binomial one.

    A bootstrap of 0 of 200 rows would claim certainty.
    """
    if rate.value is None:
        return rate
    low, high = clopper_pearson(int(flagged.sum()), len(flagged))
    ends = (low if rate.low is None else min(low, rate.low), high if rate.high is None else max(high, rate.high))
    return Estimate(rate.value, *ends)
