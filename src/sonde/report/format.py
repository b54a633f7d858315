"""Numbers as people read them: with an interval, a unit, thin separators, and `undefined` with its reason."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

THIN = "\u202f"  # a narrow space that does not break
MINUS = "\u2212"


@dataclass(frozen=True)
class Cell:
    """One entry of a table.

    Attributes:
        main: the value, or `undefined` or `not measured`.
        interval: its 95 % interval, or empty.
        note: why there is no value, or a remark; empty when there is nothing to say.
        defined: whether `main` is a value.
    """

    main: str
    interval: str = ""
    note: str = ""
    defined: bool = True

    def __str__(self) -> str:
        interval = f" [{self.interval}]" if self.interval else ""
        return f"{self.main}{interval}" + (f": {self.note}" if self.note else "")


NOT_MEASURED = Cell("not measured", defined=False)


def number(value: float | None, digits: int = 3) -> str:
    """Return `value` with `digits` decimals and a true minus sign.

    Example:
        >>> number(0.9731)
        '0.973'
    """
    if value is None or not math.isfinite(value):
        return "undefined"
    text = f"{value:.{digits}f}"
    if float(text) == 0:
        text = text.removeprefix("-")
    return text.replace("-", MINUS)


def percent(fraction: float | None) -> str:
    """Return a fraction as a percentage: one decimal, two below 1 %.

    Example:
        >>> percent(0.5).replace(THIN, " ")
        '50.0 %'
    """
    if fraction is None or not math.isfinite(fraction):
        return "undefined"
    digits = 2 if 0 < abs(fraction) < 0.00995 else 1
    return f"{number(100 * fraction, digits)}{THIN}%"


def target_percent(fraction: float) -> str:
    """Return a chosen rate without needless decimals (0.01 → `1 %`)."""
    return f"{100 * fraction:.4g}{THIN}%"


def count(value: int | None) -> str:
    """Return a count with thin separators (12 345 678)."""
    return "unknown" if value is None else f"{int(value):,}".replace(",", THIN)


def seconds(value: float | None) -> str:
    """Return a duration: `0.42 s`, `12.3 s`, `3 min 05 s`, `2 h 04 min`."""
    if value is None or not math.isfinite(value):
        return "not measured"
    if value < 60:
        return f"{value:.{2 if value < 10 else 1}f}{THIN}s"
    whole = round(value)
    if whole < 3600:
        return f"{whole // 60}{THIN}min {whole % 60:02d}{THIN}s"
    return f"{whole // 3600}{THIN}h {whole % 3600 // 60:02d}{THIN}min"


def memory(size: int) -> str:
    """Return a number of bytes as `512 B`, `1.5 KB`, `20.0 MB`, `3.2 GB` (powers of 1000)."""
    for power, unit in ((3, "GB"), (2, "MB"), (1, "KB")):
        if size >= 1000**power:
            return f"{size / 1000**power:.1f}{THIN}{unit}"
    return f"{size}{THIN}B"


def multiple(value: float | None, of: float | None) -> str:
    """Return how many times `of` goes into `value`, as `1.3×`."""
    if value is None or not of:
        return "not measured"
    return f"{value / of:.2g}×" if value / of < 10 else f"{value / of:.0f}×"


def interval(low: float | None, high: float | None, as_percent: bool = False) -> str:
    """Return `0.961 to 0.983`, or an empty text where a bound is missing."""
    if low is None or high is None:
        return ""
    shown = percent if as_percent else number
    return f"{shown(low)} to {shown(high)}"


def estimate(entry: Mapping[str, Any] | None, as_percent: bool = False) -> Cell:
    """Turn an `Estimate` as JSON (`value`, `low`, `high`, `reason`, `note`) into a cell.

    A missing entry is `not measured`; an entry without a value is `undefined`, with its reason.

    Example:
        >>> str(estimate({"value": 0.973, "low": 0.961, "high": 0.983}))
        '0.973 [0.961 to 0.983]'
    """
    if not entry:
        return NOT_MEASURED
    value = entry.get("value")
    reason, note = str(entry.get("reason") or ""), str(entry.get("note") or "")
    if value is None or not math.isfinite(value):
        return Cell("undefined", note=reason or "no reason was recorded", defined=False)
    shown = percent(value) if as_percent else number(value)
    return Cell(shown, interval(entry.get("low"), entry.get("high"), as_percent), note)
