"""Exact intervals of a rate."""

from __future__ import annotations

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
