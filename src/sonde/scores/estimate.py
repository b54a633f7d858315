"""A number beside its interval, or the reason why there is none."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from sonde.base.errors import InputError


@dataclass(frozen=True)
class Estimate:
    """One measured number.

    Attributes:
        value: the point; None when it is undefined.
        low, high: ends of the 95 % interval; None when there is no interval.
        reason: why the value is undefined; empty when it is defined.
        note: what a reader must know beside the number ("coarse: …", resamples left out); may be empty.

    Example:
        >>> Estimate.undefined("one class only").to_json()
        {'value': None, 'low': None, 'high': None, 'reason': 'one class only'}
    """

    value: float | None
    low: float | None = None
    high: float | None = None
    reason: str = ""
    note: str = ""

    def __post_init__(self) -> None:
        if (self.value is None) == (not self.reason):
            raise ValueError("An Estimate holds a value or a reason why there is none, never both or neither")

    @staticmethod
    def undefined(reason: str) -> Estimate:
        """Make an estimate without a value."""
        return Estimate(None, reason=reason)

    @property
    def defined(self) -> bool:
        """Whether there is a value."""
        return self.value is not None

    def __float__(self) -> float:
        if self.value is None:
            raise InputError(
                f"This number is undefined ({self.reason}): ask `.defined` before turning it into a float."
            )
        return self.value

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        """Say the number in a notebook as a reader wants it: the point, its interval, and what to know beside it."""
        printer.text(str(self) + (f" ({self.note})" if self.note else ""))

    def __str__(self) -> str:
        if self.value is None:
            return f"undefined ({self.reason})"
        return f"{self.value:.3f}" + ("" if self.low is None else f" [{self.low:.3f}, {self.high:.3f}]")

    def with_interval(self, low: float | None, high: float | None, note: str = "") -> Estimate:
        """Return the same value with an interval; `note` is added to the notes it has."""
        return replace(self, low=low, high=high, note="; ".join(n for n in (self.note, note) if n))

    def to_json(self) -> dict[str, float | str | None]:
        """Return value, low and high, and reason or note where there is one."""
        shown: dict[str, float | str | None] = {"value": self.value, "low": self.low, "high": self.high}
        return shown | {k: v for k, v in (("reason", self.reason), ("note", self.note)) if v}
