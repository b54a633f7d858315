"""The audit as a table: what was asked, what was found, and what to do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sonde.report.format import NOT_MEASURED, Cell, estimate
from sonde.report.tables import Row, Table

_MARKS = {"passed": "✓ passed", "failed": "✗ failed", "could not run": "? could not run"}


def audit_table(audit: Mapping[str, Any]) -> Table | None:
    """Return one row a check, or None where none was made."""
    findings = audit.get("findings") or ()
    rows = tuple(_row(finding) for finding in findings)
    columns = ("Check", "Result", "What was found", "Statistic", "Bar", "What to do")
    return Table("The checks of the audit", columns, rows, prose=True) if rows else None


def _row(finding: Mapping[str, Any]) -> Row:
    status = str(finding.get("status", ""))
    statistic = estimate(finding["statistic"]) if finding.get("statistic") else NOT_MEASURED
    found = str(finding.get("sentence", ""))
    limits = "; ".join(finding.get("limits") or ())
    cells = (
        Cell(_MARKS.get(status, status), note="" if finding.get("bears", True) else "does not bear on this claim"),
        Cell(found, note=f"limit: {limits}" if limits else ""),
        Cell(statistic.main, statistic.interval, str(finding.get("measures", "")), statistic.defined),
        Cell(str(finding.get("bar") or "none")),
        Cell(str(finding.get("advice") or "nothing")),
    )
    return Row(
        str(finding.get("check", "")).replace("_", " "),
        cells,
        note=str(finding.get("why", "")),
        strong=status == "failed" and bool(finding.get("bears", True)),
    )
