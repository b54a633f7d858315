"""What one check found, in numbers and in a sentence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from sonde.base.display import Displayed
from sonde.scores import Estimate

Status = Literal["passed", "failed", "could not run"]
PASSED: Status = "passed"
FAILED: Status = "failed"
COULD_NOT_RUN: Status = "could not run"


@dataclass(frozen=True)
class Finding(Displayed):
    """One check of the audit.

    Attributes:
        check: its name, as recipes write it.
        status: `passed`, `failed` or `could not run`.
        sentence: what was found, or why the check could not run.
        statistic: the number that was judged, with its 95 % interval; None where there is none.
        measures: what that number is.
        bar: what it had to reach.
        why: the failure that the check catches.
        advice: what to do: after a failure about the detector, otherwise about the data that would let the check run.
        bears: whether it bears on the claim; what does not is reported, and fails nothing.
        limits: what was found outside the declared scope, for the verdict's sentence ("fires on fiction").
        details: everything behind the statistic, JSON-ready.

    Example:
        >>> Finding("pairs", "passed", "No group and no text stands on both sides of a split.").to_json()["passed"]
        True
    """

    check: str
    status: Status
    sentence: str
    statistic: Estimate | None = None
    measures: str = ""
    bar: str = ""
    why: str = ""
    advice: str = ""
    bears: bool = True
    limits: tuple[str, ...] = ()
    details: Mapping[str, Any] = field(default_factory=dict)

    @property
    def passed(self) -> bool | None:
        """True or False; None when the check could not run."""
        return {PASSED: True, FAILED: False}.get(self.status)

    def outside(self) -> Finding:
        """Return the same finding as one that does not bear on the claim."""
        return replace(self, bears=False)

    def to_json(self) -> dict[str, Any]:
        """Return every field under its name, JSON-ready."""
        return {
            "check": self.check,
            "status": self.status,
            "passed": self.passed,
            "sentence": self.sentence,
            "statistic": None if self.statistic is None else self.statistic.to_json(),
            "measures": self.measures,
            "bar": self.bar,
            "why": self.why,
            "advice": self.advice,
            "bears": self.bears,
            "limits": list(self.limits),
            "details": dict(self.details),
        }

    @staticmethod
    def from_json(said: Mapping[str, Any]) -> Finding:
        """Return the finding that `to_json` wrote, for example in `run.json`."""
        fields = {name: value for name, value in said.items() if name != "passed"}
        statistic = None if said.get("statistic") is None else Estimate(**said["statistic"])
        return Finding(**{**fields, "statistic": statistic, "limits": tuple(said.get("limits") or ())})


def worst(statuses: Sequence[Status]) -> Status:
    """Return the status of several judgements together: a failure decides, then what could not be judged."""
    if FAILED in statuses:
        return FAILED
    return COULD_NOT_RUN if COULD_NOT_RUN in statuses or not statuses else PASSED
