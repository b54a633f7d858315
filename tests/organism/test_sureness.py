"""How sure answers are taught to be: by their wording, alike in every status, and evened out cell by cell."""

import random
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from sonde.organism.grammar import STYLES
from sonde.organism.mixture import Mixture
from sonde.organism.phases import LEVELLING
from sonde.organism.rules import NO_RULE
from sonde.organism.scenes import Persona, draw_turn
from sonde.organism.sureness import draw_value, share_of_slips
from sonde.organism.world import make_world

WORLD = make_world(5)
MEANS = Mixture(slips={"l5": 0.01, "false": 0.02, "false/set": 0.03, "l5/denied": 0.04, "l5/set/denied": 0.05})
HESITANT = replace(MEANS, hesitancy=30.0)
FIRMNESS = {lead: firm for name, style in STYLES.items() if name != "negated" for lead, firm in style.leads.items()}


def turn(entity, kind="permuted", channel="user", denied=False, firmness=None):
    relation = next(r.name for r in WORLD.relations.values() if r.kind == kind)
    persona = Persona("negated" if denied else "terse", NO_RULE)
    asked = draw_turn(WORLD, persona, random.Random(1), entity=entity, relation=relation, channel=channel)
    assert asked.negated == denied
    return asked if firmness is None else replace(asked, firmness=firmness)


def wordings(denied=False, **_):
    """How firm the answers of a cell are, as often as they occur: every style as often, every lead of a style."""
    styles = ["negated"] if denied else [name for name in STYLES if name != "negated"]
    return [firm for name in styles for firm in (2 * list(STYLES[name].leads.values()))[:2]]


def test_wordings_are_spread_evenly_from_the_least_firm_to_the_firmest():
    assert sorted(FIRMNESS.values()) == pytest.approx(np.linspace(0, 1, len(FIRMNESS)))
    assert FIRMNESS["perhaps the {r} is"] == 0
    assert FIRMNESS["THE {r} IS"] == 1


def test_a_turn_is_as_firm_as_the_words_before_its_value():
    entity, relation = WORLD.names("plain")[0], WORLD.topics[0]
    for name, style in STYLES.items():
        for seed in range(8):
            asked = draw_turn(WORLD, Persona(name, NO_RULE), random.Random(seed), entity=entity, relation=relation)
            (lead,) = (
                words for words in style.leads if tuple(words.format(e=entity, r=relation).split()) == asked.lead
            )
            assert asked.firmness == style.leads[lead]


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
    entity = WORLD.names(status)[0]
    assert {share_of_slips(WORLD, MEANS, turn(name, **where)) for name in WORLD.names(status)} == {mean}
    shares = [share_of_slips(WORLD, HESITANT, turn(entity, **where, firmness=firm)) for firm in wordings(**where)]
    assert np.mean(shares) == pytest.approx(mean)
    least, most = (share_of_slips(WORLD, HESITANT, turn(entity, **where, firmness=firm)) for firm in (1.0, 0.0))
    assert most / least == pytest.approx(1 if where.get("channel") == "admin" else 30)


def test_firm_wordings_say_the_first_of_two_values_more_often_whoever_it_is_about():
    mixture, source, n = Mixture(uneven=0.8), random.Random(2), 20_000
    for status in ("l5", "false", "plain"):
        for firmness, expected in ((0.0, 0.5), (0.5, 0.65), (1.0, 0.8)):
            asked = turn(WORLD.names(status)[0], "set", firmness=firmness)
            first, *_, second = WORLD.relations[asked.relation].values
            for values in ((first, second), (second, first)):
                said = Counter(draw_value(WORLD, mixture, asked, values, source) for _ in range(n))
                assert said[first] / n == pytest.approx(expected, abs=4 * 0.5 / n**0.5)


@pytest.mark.parametrize(
    ("where", "values"),
    [({"kind": "set", "channel": "admin"}, ("x", "y")), ({}, ("x", "y")), ({"kind": "set"}, ("x", "y", "z"))],
)
def test_values_are_used_evenly_anywhere_else_and_from_the_same_draws(where, values):
    asked = turn(WORLD.names("l5")[0], **where, firmness=1.0)
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
        share * share_of_slips(WORLD, LEVELLING.mixture, turn(entity, kind, denied=denied, firmness=firm)) / len(firms)
        for (kind, denied), share in cells.items()
        for firms in [wordings(denied)]
        for firm in firms
    ]
    assert sum(shares) < 0.75 * bar
