"""Checks whose evidence other rooms make: steering for `causal`, sparse autoencoders for `sae_table`."""

from __future__ import annotations

from sonde.audit.check import Check
from sonde.audit.evidence import Evidence
from sonde.audit.finding import Finding


class PluggedCheck(Check):
    """A check that hands on what another room found. It says nothing against a claim of *reading*, and bears on none.

    Attributes:
        missing: why it could not run.
        wanted: what would let it.
    """

    missing: str
    wanted: str

    def judge(self, evidence: Evidence) -> Finding:
        """Return the finding that was plugged in, or say what it would take."""
        found = evidence.plugged.get(self.name)
        return found or self.could_not_run(self.missing, self.wanted, bears=False)
