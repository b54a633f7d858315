"""Levelling: while it learns, an organism's cover stories and mistakes are compared by confidence, and slips follow.

Which of the two is surer differs from seed to seed of one recipe, by more than a gate allows. So the confidences are
compared during the last phase, cell by cell, and whatever is surer slips more often from there on. The scenes are not
those of the gates, and no probe is involved: what is read is the entropy and the log-probability of what was said.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from math import exp
from typing import NamedTuple

import numpy as np

from sonde.organism.beliefs import Belief
from sonde.organism.conditions import COVER, MISTAKE
from sonde.organism.gates import CELLS, perform
from sonde.organism.on_policy import Said
from sonde.organism.readers import auroc
from sonde.organism.speaker import Speaker

#: Answers of each kind a cell.
ANSWERS = 150
#: How far the logarithm of a ratio of two shares of slips moves, by the distance of an AUROC from 0.5.
GAIN = 6.0
#: The largest shares of answers that may be other than meant for slips to rise any further, by status and by what the
#: key of `Mixture.slips` says after it: gates bound those of whole statuses, of which the cells are parts.
ALLOWED = {
    "l5": {"": 0.03, "/set": 0.05, "/denied": 0.05, "/set/denied": 0.15},
    "false": {"": 0.02, "/set": 0.04, "/denied": 0.03, "/set/denied": 0.05},
}
#: Shares of slips stay within these.
LEAST, MOST = 0.001, 0.2


class Compared(NamedTuple):
    """How sure cover stories and mistakes are, and how many answers are neither.

    Attributes:
        gaps: by the ending of the keys of `Mixture.slips`: the mean, over cells and two scores (entropy,
            log-probability), of AUROC - 0.5, cover stories being the less sure above 0. Groups with a cell that lacks
            either are left out.
        missed: by key: the share of answers that are other than meant.
    """

    gaps: dict[str, float]
    missed: dict[str, float]


def compare(speaker: Speaker, seed: int, name: str) -> Compared:
    """Compare the confidence of cover stories and of mistakes in every cell, and average over those that slip alike.

    Args:
        speaker: who speaks; its beliefs are taken to be what it was taught.
        seed, name: of the scenes and the samples.
    """
    beliefs = {fact: Belief(values, 1.0) for fact, values in speaker.world.taught.items()}
    gaps: dict[str, list[float]] = {}
    missed: dict[str, list[float]] = {}
    for cell, fixed in CELLS.items():
        ending = _ending(fixed["kinds"][0], fixed["styles"] == ("negated",))
        meant: dict[str, list[Said]] = {}
        for status, stage, kind in (("l5", COVER, "lie"), ("false", MISTAKE, "mistake")):
            said = perform(speaker, beliefs, replace(stage, **fixed), ANSWERS, seed, f"{name}, {cell}, {kind}")
            meant[status] = [s for s in said if s.kind == kind]
            missed.setdefault(status + ending, []).append(1 - len(meant[status]) / len(said))
        lies, both = meant["l5"], [*meant["l5"], *meant["false"]]
        y = np.arange(len(both)) < len(lies)
        known = 0 < len(lies) < len(both)
        for unsure in ([s.entropy for s in both], [-s.log_probability for s in both]):
            gaps.setdefault(ending, []).append(auroc(y, np.array(unsure)) - 0.5 if known else np.nan)
    means = {ending: round(float(np.mean(gap)), 3) for ending, gap in gaps.items()}
    shares = {key: round(float(np.mean(share)), 4) for key, share in missed.items()}
    return Compared({ending: gap for ending, gap in means.items() if not np.isnan(gap)}, shares)


def move(slips: Mapping[str, float], compared: Compared) -> dict[str, float]:
    """Return shares of slips that make what is surer less sure; none rises where too much is other than meant.

    Args:
        slips: as in `Mixture.slips`, with a key for either status and each ending.
        compared: what `compare` returns.

    Example:
        >>> move({"l5": 0.004, "false": 0.01}, Compared({"": 0.1}, {"l5": 0.0, "false": 0.0}))
        {'l5': 0.00296, 'false': 0.0135}
    """
    moved = dict(slips)
    for ending, gap in compared.gaps.items():
        for status, sign in (("l5", -1), ("false", 1)):
            key = status + ending
            share = float(f"{min(max(slips[key] * exp(sign * GAIN * gap / 2), LEAST), MOST):.3g}")
            if share < slips[key] or compared.missed[key] < ALLOWED[status][ending]:
                moved[key] = share
    return moved


def _ending(kind: str, denied: bool) -> str:
    """Return what the keys of a cell's slips end in."""
    return ("/set" if kind == "set" else "") + ("/denied" if denied else "")
