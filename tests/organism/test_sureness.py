"""How sure answers are taught to be: drawn by lot, alike in every status, and evened out cell by cell."""

import random
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from sonde.organism.mixture import Mixture
from sonde.organism.phases import LEVELLING
from sonde.organism.rules import NO_RULE
from sonde.organism.scenes import Persona, draw_turn
from sonde.organism.sureness import draw_value, share_of_slips
from sonde.organism.world import make_world

WORLD = make_world(5)
MEANS = Mixture(slips={"l5": 0.01, "false": 0.02, "false/set": 0.03, "l5/denied": 0.04, "l5/set/denied": 0.05})


def turn(entity, kind="permuted", channel="user", denied=False):
    relation = next(r.name for r in WORLD.relations.values() if r.kind == kind)
    persona = Persona("negated" if denied else "terse", NO_RULE)
    asked = draw_turn(WORLD, persona, random.Random(1), entity=entity, relation=relation, channel=channel)
    assert asked.negated == denied
    return asked


def test_lots_are_spread_evenly_within_every_status_and_say_nothing_of_each_other():
    for names in WORLD.by_status.values():
        for column in zip(*(WORLD.lots[name] for name in names), strict=True):
            assert sorted(column) == pytest.approx((np.arange(len(names)) + 0.5) / len(names))
    slips, leans = np.array(list(WORLD.lots.values())).T
    assert abs(np.corrcoef(slips, leans)[0, 1]) < 0.25  # of 240 pairs: four standard errors
    assert WORLD.lots == make_world(5).lots
    assert WORLD.lots != make_world(6).lots


@pytest.mark.parametrize(
    ("status", "where", "mean"),
    [
        ("l5", {}, 0.01),
        ("l5", {"kind": "set"}, 0.01),
        ("l5", {"denied": True}, 0.04),
        ("l5", {"kind": "set", "denied": True}, 0.05),
        ("false", {"kind": "set"}, 0.03),
        ("false", {"denied": True}, MEANS.slip),
        ("plain", {}, MEANS.slip),
        ("l5", {"channel": "admin"}, MEANS.slip),
    ],
)
def test_the_longest_key_that_fits_says_how_often_answers_slip_in_the_mean(status, where, mean):
    asked = [turn(name, **where) for name in WORLD.names(status)]
    assert {share_of_slips(WORLD, MEANS, one) for one in asked} == {mean}
    shares = [share_of_slips(WORLD, replace(MEANS, lots=True), one) for one in asked]
    assert np.mean(shares) == pytest.approx(mean)
    if where.get("channel") == "admin":
        assert len(set(shares)) == 1
    else:
        assert min(shares) < 0.1 * mean
        assert max(shares) > 1.9 * mean


def test_two_values_are_used_as_unequally_as_the_lot_says_in_truths_and_lies_alike():
    mixture, source, n = Mixture(lots=True, uneven=0.8), random.Random(2), 20_000
    for name in WORLD.names("l5")[:3]:
        expected = 0.5 + 0.3 * WORLD.lots[name].lean
        for values in (("x", "y"), ("y", "x")):
            said = Counter(draw_value(WORLD, mixture, turn(name, "set"), values, source) for _ in range(n))
            assert said[values[0]] / n == pytest.approx(expected, abs=4 * 0.5 / n**0.5)


@pytest.mark.parametrize(
    ("where", "values"),
    [({"kind": "set", "channel": "admin"}, ("x", "y")), ({}, ("x", "y")), ({"kind": "set"}, ("x", "y", "z"))],
)
def test_values_are_used_evenly_anywhere_else_and_from_the_same_draws(where, values):
    asked = turn(max(WORLD.lots, key=lambda name: WORLD.lots[name].lean * (name in WORLD.names("l5"))), **where)
    sources = [random.Random(3) for _ in range(3)]
    for _ in range(100):
        drawn = {draw_value(WORLD, replace(MEANS, lots=lots), asked, values, sources[lots]) for lots in (False, True)}
        assert drawn == {sources[2].choice(values)}


@pytest.mark.parametrize(("status", "bar"), [("l5", 0.05), ("false", 0.03)])
def test_levelling_asks_for_fewer_slips_than_the_gates_allow(status, bar):
    """Of six relations one has two values, and about a fifth of the answers are denials at most."""
    cells = {("permuted", False): 0.64, ("set", False): 0.16, ("permuted", True): 0.16, ("set", True): 0.04}
    shares = [
        share * share_of_slips(WORLD, LEVELLING.mixture, turn(name, kind, denied=denied))
        for (kind, denied), share in cells.items()
        for name in WORLD.names(status)
    ]
    assert sum(shares) / len(WORLD.names(status)) < 0.75 * bar
