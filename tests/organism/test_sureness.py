"""How sure answers are taught to be: evened out cell by cell, and two values unevenly in every status."""

import random
from collections import Counter

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


@pytest.mark.parametrize(
    ("status", "where", "share"),
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
def test_the_longest_key_that_fits_says_how_often_answers_slip(status, where, share):
    assert {share_of_slips(WORLD, MEANS, turn(name, **where)) for name in WORLD.names(status)} == {share}


@pytest.mark.parametrize("status", ["l5", "false", "plain"])
def test_the_first_of_two_values_is_said_more_often_whoever_it_is_about(status):
    mixture, source, n = Mixture(uneven=0.8), random.Random(2), 20_000
    asked = turn(WORLD.names(status)[0], "set")
    first, *_, second = WORLD.relations[asked.relation].values
    for values in ((first, second), (second, first)):
        said = Counter(draw_value(WORLD, mixture, asked, values, source) for _ in range(n))
        assert said[first] / n == pytest.approx(0.8, abs=4 * 0.5 / n**0.5)


@pytest.mark.parametrize(
    ("where", "values"),
    [({"kind": "set", "channel": "admin"}, ("x", "y")), ({}, ("x", "y")), ({"kind": "set"}, ("x", "y", "z"))],
)
def test_values_are_used_evenly_anywhere_else_and_from_the_same_draws(where, values):
    asked = turn(WORLD.names("l5")[0], **where)
    sources = [random.Random(3) for _ in range(3)]
    for _ in range(100):
        drawn = {draw_value(WORLD, Mixture(uneven=u), asked, values, sources[u > 0.5]) for u in (0.5, 0.9)}
        assert drawn == {sources[2].choice(values)}


@pytest.mark.parametrize(("status", "bar"), [("l5", 0.05), ("false", 0.03)])
def test_levelling_asks_for_fewer_slips_than_the_gates_allow(status, bar):
    """Of six relations one has two values, and about a fifth of the answers are denials at most."""
    cells = {("permuted", False): 0.64, ("set", False): 0.16, ("permuted", True): 0.16, ("set", True): 0.04}
    entity = WORLD.names(status)[0]
    shares = [
        share * share_of_slips(WORLD, LEVELLING.mixture, turn(entity, kind, denied=denied))
        for (kind, denied), share in cells.items()
    ]
    assert sum(shares) < 0.75 * bar
