"""From findings to one word, and to the sentence that says why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sonde.audit.claim import Claim
from sonde.audit.falsity import SPOKEN
from sonde.audit.finding import COULD_NOT_RUN, FAILED, PASSED, Finding
from sonde.base.display import Displayed

SUPPORTED, WEAK, NOT_SUPPORTED, NOT_AUDITED = "supported", "weak", "not supported", "not audited"
#: Checks whose failure explains the result otherwise: then nothing is left of the claim.
EXPLAIN = ("text_baselines", "shuffled_labels", "prompt_reader", "falsity")
#: What a failure says about the detector.
SAYS = {
    "text_baselines": "the text gives the label away",
    "uncertainty": "it is largely an entropy probe",
    "shuffled_labels": "it is not told from labels drawn by lot",
    "control_task": "it reads who or what a row is about",
    "prompt_reader": "it reads the prompt",
    "topic": "it fires on talk of the topic",
    "style": "it depends on style",
    "length_position": "it depends on length, position or context",
    "transfer": "it does not transfer",
    "falsity": "it fires on negatives that the claim covers",
    "pairs": "the split leaks",
    "calibration": "its threshold does not travel",
    "seeds": "it depends on the sample",
}


@dataclass(frozen=True)
class Audit(Displayed):
    """What an audit concludes.

    Attributes:
        verdict: `supported`, `weak`, `not supported`, or `not audited`.
        sentence: why.
        findings: one a check, in the order of the registry.
    """

    verdict: str
    sentence: str
    findings: tuple[Finding, ...] = ()

    def __getitem__(self, check: str) -> Finding:
        for finding in self.findings:
            if finding.check == check:
                return finding
        raise KeyError(check)

    @property
    def failed(self) -> tuple[str, ...]:
        """Names of the checks that failed and bear on the claim."""
        return tuple(f.check for f in self.findings if f.bears and f.status == FAILED)

    @property
    def missing(self) -> tuple[str, ...]:
        """Names of the checks that bear on the claim and could not run."""
        return tuple(f.check for f in self.findings if f.bears and f.status == COULD_NOT_RUN)

    @property
    def exit_code(self) -> int:
        """3 when the claim is not supported, else 0: what the command line exits with."""
        return 3 if self.verdict == NOT_SUPPORTED else 0

    def table(self) -> str:
        """Return the verdict, its sentence, and a line a check."""
        marks = {PASSED: "passed", FAILED: "FAILED", COULD_NOT_RUN: "could not run"}
        width = max((len(f.check) for f in self.findings), default=0)
        lines = [f"verdict: {self.verdict}", self.sentence, ""]
        for f in self.findings:
            lines.append(f"{f.check.ljust(width)}  {marks[f.status].ljust(13)}  {f.sentence}")
            if f.status != PASSED and f.advice:
                lines.append(f"{' ' * width}  {' ' * 13}  -> {f.advice}")
        return "\n".join(lines)

    def to_json(self) -> dict[str, Any]:
        """Return what `run.json` holds."""
        return {
            "verdict": self.verdict,
            "sentence": self.sentence,
            "findings": [finding.to_json() for finding in self.findings],
        }

    @staticmethod
    def from_json(said: Mapping[str, Any]) -> Audit:
        """Return the audit that `to_json` wrote."""
        findings = tuple(Finding.from_json(finding) for finding in said.get("findings") or ())
        return Audit(str(said["verdict"]), str(said.get("sentence") or ""), findings)

    def __repr__(self) -> str:
        return f"Audit({self.verdict!r}: {self.sentence})"


def not_audited(reason: str = "No check was asked for.") -> Audit:
    """Return the audit of a run in which no check was made, and why."""
    return Audit(NOT_AUDITED, reason)


def conclude(findings: Sequence[Finding], claim: Claim) -> Audit:
    """Return the verdict on findings.

    *not supported*: a text baseline, shuffled labels, the prompt reader or the falsity check failed, and so explains
    the result otherwise. *supported*: every check that bears on the claim ran and passed. *weak*: everything between.
    """
    bearing = [f for f in findings if f.bears]
    failed = [f for f in bearing if f.status == FAILED]
    missing = [f for f in bearing if f.status == COULD_NOT_RUN]
    explained = sorted((f for f in failed if f.check in EXPLAIN), key=lambda f: EXPLAIN.index(f.check))
    limits = [limit for f in findings for limit in f.limits]
    if explained:
        others = [f for f in failed if f not in explained]
        sentence = "Not supported: " + _because([*explained, *others], claim)
        return Audit(NOT_SUPPORTED, _end(sentence, limits), tuple(findings))
    if failed or missing:
        parts = [_because(failed, claim)] if failed else []
        if missing:
            parts.append(f"left open: {_names([f.check for f in missing])} ({_reason(missing)})")
        return Audit(WEAK, _end("Weak: " + "; ".join(parts), limits), tuple(findings))
    against = [SPOKEN.get(kind, kind) for kind in claim.scope]
    sentence = "Supported" + (f" against {_names(against)}" if against else " against the negatives of its test sets")
    return Audit(SUPPORTED, _end(sentence, limits), tuple(findings))


def _because(failed: Sequence[Finding], claim: Claim) -> str:
    """Say what failed: the first finding in full, the others by what they say of the detector."""
    first, others = failed[0], failed[1:]
    said = f"{SAYS[first.check]} ({first.check}: {first.sentence})"
    if others:
        said += "; also " + ", ".join(f"{SAYS[f.check]} ({f.check})" for f in others)
    return said


def _reason(missing: Sequence[Finding]) -> str:
    return missing[0].sentence if len(missing) == 1 else f"for example, {missing[0].check}: {missing[0].sentence}"


def _names(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _end(sentence: str, limits: Sequence[str]) -> str:
    return "; ".join([sentence, *limits]) + "."
