"""Exact intervals of a rate, over rows or over groups of rows that are alike."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Shaped

from sonde.base.errors import InputError


def clopper_pearson(k: int, n: int, level: float = 0.95) -> tuple[float, float]:
    """Return the exact binomial interval of a rate after `k` of `n` independent rows (Clopper & Pearson 1934).

    Raises:
        InputError: `k` of `n` is not a count of rows.

    Example:
        >>> low, high = clopper_pearson(10, 1000)
        >>> round(low, 4), round(high, 4)
        (0.0048, 0.0183)
    """
    from scipy.stats import binomtest

    if not 0 <= k <= n or n == 0:
        raise InputError(f"{k} of {n} rows is not a rate, expected 0 ≤ k ≤ n and n ≥ 1: pass counts.")
    interval = binomtest(int(k), int(n)).proportion_ci(confidence_level=level, method="exact")
    return float(interval.low), float(interval.high)


def grouped_rate_interval(
    hit: Bool[np.ndarray, " n"], groups: Shaped[np.ndarray, " n"], level: float = 0.95
) -> tuple[float, float]:
    """Return the interval of a rate over rows of which those of one group are alike (Korn & Graubard 1998).

    Clopper & Pearson's, for as many independent rows as would give the variance seen between groups, with the loss of
    degrees of freedom that comes with few groups; never more than there are. Where nothing or everything was hit the
    groups tell nothing of the variance, and it is Clopper & Pearson's own.

    Raises:
        InputError: no rows.

    Example:
        >>> hit = np.repeat([True, False, False, False], 25)
        >>> low, high = grouped_rate_interval(hit, np.repeat(["a", "b", "c", "d"], 25))
        >>> low < clopper_pearson(25, 100)[0] and high > clopper_pearson(25, 100)[1]
        True
    """
    from scipy.stats import beta, t

    n, k = len(hit), int(np.sum(hit))
    _, member = np.unique(groups, return_inverse=True)
    m = int(member.max()) + 1 if n else 0
    if k in (0, n):
        return clopper_pearson(k, n, level)
    if m == 1:
        return 0.0, 1.0
    p = k / n
    rest = np.bincount(member, np.asarray(hit) - p)
    variance = m / (m - 1) * float(rest @ rest) / n**2
    tail = (1 - level) / 2
    lost = (t.ppf(tail, n - 1) / t.ppf(tail, m - 1)) ** 2
    independent = n if variance == 0 else min(float(n), lost * p * (1 - p) / variance)
    x = p * independent
    low, high = beta.ppf(tail, x, independent - x + 1), beta.ppf(1 - tail, x + 1, independent - x)
    return float(low), float(high)
