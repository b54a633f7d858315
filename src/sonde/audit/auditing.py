"""The two steps of an audit: what it needs, and, once that was captured, what it finds."""

from __future__ import annotations

from collections.abc import Sequence

from sonde.audit.check import Need
from sonde.audit.claim import AuditData, Claim
from sonde.audit.evidence import Evidence
from sonde.audit.registry import CHECKS, chosen_checks
from sonde.audit.verdict import Audit, conclude, not_audited
from sonde.base.progress import progress_bar


def needs_of(data: AuditData, claim: Claim, checks: str | Sequence[str] = "all") -> dict[str, Need]:
    """Return everything that the checks want captured beside `data`, by name.

    Raises:
        InputError: no such check.
    """
    return {name: need for check in chosen_checks(checks) for name, need in CHECKS[check].needs(data, claim).items()}


def judge(evidence: Evidence, checks: str | Sequence[str] = "all") -> Audit:
    """Run the checks and conclude.

    Args:
        evidence: `parts` holds every data set of `evidence.data.parts()`, and what `needs_of` asked for.
        checks: `all`, `none`, or names.

    Raises:
        InputError: no such check.
    """
    chosen = chosen_checks(checks)
    if not chosen:
        return not_audited()
    findings = []
    with progress_bar(len(chosen), "audit", "check") as bar:
        for name in CHECKS:
            check = CHECKS[name]
            if name in chosen:
                findings.append(check.judge(evidence))
                bar.update(1)
            else:
                findings.append(check.could_not_run("it was not asked for", f"Add {name!r} to [audit] checks."))
    return conclude(findings, evidence.claim)
