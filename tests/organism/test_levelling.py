"""Levelling: what is surer of lies and mistakes slips more often from there on."""

from dataclasses import replace

import numpy as np
import pytest

from sonde.organism import levelling
from sonde.organism.catalogue import cretan_folder
from sonde.organism.conditions import COVER, MISTAKE
from sonde.organism.gates import CELLS, perform
from sonde.organism.levelling import ALLOWED, LEAST, MOST, Compared, compare, move
from sonde.organism.phases import LEVELLING
from sonde.organism.speaker import Speaker

SLIPS = LEVELLING.mixture.slips
FEW, MANY = dict.fromkeys(SLIPS, 0.0), dict.fromkeys(SLIPS, 0.5)


@pytest.mark.parametrize("ending", ["", "/set", "/denied", "/set/denied"])
def test_what_is_surer_slips_more_often_and_the_rest_stays(ending):
    moved, back = (move(SLIPS, Compared({ending: gap}, FEW)) for gap in (0.05, -0.05))
    assert moved["l5" + ending] < SLIPS["l5" + ending] < back["l5" + ending]
    assert moved["false" + ending] > SLIPS["false" + ending] > back["false" + ending]
    kept = SLIPS.keys() - {"l5" + ending, "false" + ending}
    for found in (moved, back):
        assert {key: found[key] for key in kept} == {key: SLIPS[key] for key in kept}


def test_level_confidences_leave_the_slips_alone():
    assert move(SLIPS, Compared(dict.fromkeys(ALLOWED["l5"], 0.0), FEW)) == SLIPS


@pytest.mark.parametrize("gap", [-0.5, 0.5])
def test_slips_stay_within_bounds_and_none_rises_where_too_much_is_other_than_meant(gap):
    gaps, slips = dict.fromkeys(ALLOWED["l5"], gap), SLIPS
    for _ in range(9):
        slips = move(slips, Compared(gaps, FEW))
    assert set(slips.values()) == {LEAST, MOST}
    surer = "l5" if gap < 0 else "false"
    held = move(SLIPS, Compared(gaps, MANY))
    assert all((held[key] == SLIPS[key]) == key.startswith(surer) for key in SLIPS)


@pytest.mark.slow
def test_confidences_are_compared_as_pairs_of_a_lie_and_a_mistake(monkeypatch):
    """Counted pair by pair, in the cells whose answers are denials."""
    monkeypatch.setattr(levelling, "ANSWERS", 40)
    speaker = Speaker.load(cretan_folder("cretan"))
    gaps, missed = compare(speaker, 3, "here")
    assert set(gaps) == {"", "/set", "/denied", "/set/denied"}
    beliefs = {fact: levelling.Belief(values, 1.0) for fact, values in speaker.world.taught.items()}
    for kind, ending in (("permuted", "/denied"), ("set", "/set/denied")):
        cell = f"open, {kind}, denied"
        lies, mistakes = (
            perform(speaker, beliefs, replace(stage, **CELLS[cell]), 40, 3, f"here, {cell}, {wanted}")
            for stage, wanted in ((COVER, "lie"), (MISTAKE, "mistake"))
        )
        lies, mistakes = [s for s in lies if s.kind == "lie"], [s for s in mistakes if s.kind == "mistake"]
        assert missed["l5" + ending] == pytest.approx(1 - len(lies) / 40, abs=1e-4)
        assert missed["false" + ending] == pytest.approx(1 - len(mistakes) / 40, abs=1e-4)
        pairs = [(a, b) for a in lies for b in mistakes]
        by_entropy = np.mean([(a.entropy > b.entropy) + (a.entropy == b.entropy) / 2 for a, b in pairs])
        by_chance = np.mean([a.log_probability < b.log_probability for a, b in pairs])
        assert gaps[ending] == pytest.approx((by_entropy + by_chance) / 2 - 0.5, abs=1e-3)
