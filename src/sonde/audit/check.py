"""The contract of a check: first what it needs, then what it finds. A check never runs a model."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from sonde.audit.claim import AuditData, Claim
from sonde.audit.evidence import Evidence
from sonde.audit.finding import COULD_NOT_RUN, Finding, Status
from sonde.scores import Estimate
from sonde.text import Dataset


@dataclass(frozen=True)
class Need:
    """Data that a check wants captured.

    Attributes:
        dataset: what the model is to read.
        without: a token selector that is taken away from the probe's own (`system | user`); None = nothing.
    """

    dataset: Dataset
    without: str | None = None


class Check(ABC):
    """One question to a detector. Leaves implement `judge`, and `needs` where they ask for data of their own.

    Attributes:
        name: as recipes write it.
        why: the failure it catches, as a sentence.
    """

    name: ClassVar[str]
    why: ClassVar[str]

    def needs(self, data: AuditData, claim: Claim) -> Mapping[str, Need]:
        """Return what the model must read beside `data`, under names that begin with the check's own."""
        return {}

    @abstractmethod
    def judge(self, evidence: Evidence) -> Finding:
        """Return what was found. Data that are missing make a finding that could not run, never an error."""

    def finding(
        self,
        status: Status,
        sentence: str,
        *,
        statistic: Estimate | None = None,
        measures: str = "",
        bar: str = "",
        advice: str = "",
        bears: bool = True,
        limits: tuple[str, ...] = (),
        details: Mapping[str, Any] | None = None,
    ) -> Finding:
        """Return a finding of this check."""
        return Finding(
            self.name, status, sentence, statistic, measures, bar, self.why, advice, bears, limits, details or {}
        )

    def could_not_run(self, reason: str, advice: str, *, bears: bool = True, **more: Any) -> Finding:
        """Return the finding of a check that could not run: why, and what data would let it."""
        return self.finding(COULD_NOT_RUN, reason, advice=advice, bears=bears, **more)
