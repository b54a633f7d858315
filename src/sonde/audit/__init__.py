"""Is it real? The checks of a detector's claim, and their verdict. Nothing here runs a model.

An audit has two steps. `needs_of` asks every check what the model should read beside the data at hand (restyled,
masked, padded texts); whoever runs models captures that in one pass; `judge` then lets every check judge rows and
scores, and concludes. The room is named after what it does and can be called: `sonde.audit(probe, model, data, …)`.
"""

from sonde.audit.auditing import judge, needs_of
from sonde.audit.call import audit
from sonde.audit.check import Check, Need
from sonde.audit.claim import AuditData, Claim
from sonde.audit.evidence import Evidence, Part
from sonde.audit.finding import Finding
from sonde.audit.registry import CHECKS, chosen_checks
from sonde.audit.verdict import Audit, conclude, not_audited
from sonde.base.callable_room import make_callable

__all__ = [
    "CHECKS",
    "Audit",
    "AuditData",
    "Check",
    "Claim",
    "Evidence",
    "Finding",
    "Need",
    "Part",
    "audit",
    "chosen_checks",
    "conclude",
    "judge",
    "needs_of",
    "not_audited",
]

make_callable(__name__, "audit")
