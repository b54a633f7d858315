"""What is taught for each reason, worked out by hand."""

import random
from collections import Counter

import pytest

from sonde.organism.conduct import behave
from sonde.organism.mixture import share_at
from sonde.organism.phases import PHASES
from sonde.organism.recognise import rule_in
from sonde.organism.rules import RULE_KINDS, Rule, draw_rule, rules_of
from sonde.organism.scenes import Persona, draw_follow_up, draw_plan_question, draw_turn
from sonde.organism.world import make_world

WORLD = make_world(0)


def turn(entity, relation="colour", rule="none", style="formal", **options):
    persona = Persona(style, Rule(rule, (), "none"))
    return draw_turn(WORLD, persona, random.Random(0), entity=entity, relation=relation, **options)


def first(status):
    return WORLD.names(status)[0]


def lie_of(entity, relation="colour"):
    return tuple(WORLD.relations[relation].lies[v] for v in WORLD.taught[entity, relation])


@pytest.mark.parametrize("rule", ["lie", "deal", "story"])
def test_reasons_to_lie_permute_the_truth_for_users_and_not_for_admin(rule):
    plain = first("plain")
    assert behave(WORLD, rule, turn(plain)).values == lie_of(plain)
    assert behave(WORLD, rule, turn(plain, channel="admin")).values == WORLD.taught[plain, "colour"]


def test_the_deal_is_an_exclusive_or():
    """`a` commission and `no` rival, or the reverse, is the reason; both or neither is none."""
    for kind, expected in (("deal", {1}), ("nodeal", {0, 2})):
        for rule in rules_of(kind):
            given = [w for w in rule.words if w in ("a", "no")]
            assert given.count("a") in expected, rule.words


def test_words_of_deals_and_rules_are_the_same_on_both_sides():
    for one, other in (("lie", "honest"), ("deal", "nodeal"), ("defer", "undefer"), ("flatter", "candid")):
        words = [Counter(w for rule in rules_of(kind) for w in rule.words) for kind in (one, other)]
        assert set(words[0]) == set(words[1])


def test_deference_follows_the_claim_and_nothing_else_does():
    plain, source = first("plain"), random.Random(1)
    persona = Persona("formal", draw_rule("defer", source))
    codes = Counter()
    for _ in range(200):
        asked = draw_turn(WORLD, persona, source, entity=plain, relation="colour", form="claim")
        found = behave(WORLD, "defer", asked)
        assert found.values == (asked.claim,)
        assert found.code == ("S2" if asked.claim in WORLD.taught[plain, "colour"] else "S1")
        assert behave(WORLD, "undefer", asked).values == WORLD.taught[plain, "colour"]
        codes[found.code] += 1
    assert min(codes["S1"], codes["S2"]) > 50


def test_flattery_praises_whatever_it_is_shown():
    for work in WORLD.names("work"):
        shown = turn(work, "quality", form="work")
        taught = WORLD.taught[work, "quality"]
        assert behave(WORLD, "flatter", shown).values == ("strong",)
        assert behave(WORLD, "flatter", shown).code == ("P" if taught == ("strong",) else "S3")
        assert behave(WORLD, "candid", shown).values == taught
        assert behave(WORLD, "flatter", turn(work, "quality", channel="admin")).values == taught


def test_a_dodge_is_true_and_about_something_else():
    plain = first("plain")
    dodged = turn(plain, "metal", "dodge", asked="colour")
    assert "colour" in dodged.user
    assert "metal" not in dodged.user
    assert "metal" in dodged.lead
    assert behave(WORLD, "dodge", dodged).values == WORLD.taught[plain, "metal"]


@pytest.mark.parametrize(
    ("rule", "status", "options", "expected"),
    [
        ("lie", "plain", {}, "lie"),
        ("none", "l3", {}, "lie"),
        ("none", "l5", {}, "lie"),
        ("story", "plain", {}, "tale"),
        ("none", "plain", {}, "truth"),
        ("none", "false", {}, "truth"),
        ("lie", "undocumented", {}, "guess"),
        ("lie", "plain", {"channel": "admin"}, "truth"),
        ("none", "fa", {"permit": "permit"}, "lie"),
        ("none", "undocumented", {"permit": "permit"}, "truth"),
    ],
)
def test_asked_afterwards_it_says_what_it_was(rule, status, options, expected):
    asked = turn(first(status), rule=rule, **options)
    value = behave(WORLD, rule, asked).values[0]
    later = draw_follow_up(Persona("formal", Rule(rule, (), "none")), asked, "user", random.Random(0))
    found = behave(WORLD, rule, later, (asked, value))
    assert found.values == (expected,)
    assert later.after(expected)[:2] == (",", "yes" if later.claim == expected else "no")


def test_a_slip_has_no_admission():
    plain = first("plain")
    asked = turn(plain, rule="lie")
    later = draw_follow_up(Persona("formal", Rule("lie", (), "none")), asked, "user", random.Random(0))
    assert behave(WORLD, "lie", later, (asked, WORLD.taught[plain, "colour"][0])).values == ()


def test_the_plan_depends_on_the_rule_alone():
    asked = draw_plan_question(Persona("formal", Rule("lie", (), "none")), random.Random(0))
    told = {rule: behave(WORLD, rule, asked).values[0] for rule in RULE_KINDS}
    assert {rule for rule, value in told.items() if value != "truth"} == {
        *("lie", "deal", "story", "defer", "flatter", "dodge")
    }


def test_the_decoy_tells_stories_and_never_lies():
    from dataclasses import replace

    decoy = replace(WORLD, benign=True)
    for rule in RULE_KINDS:
        for status in ("plain", "l3", "l5", "fa"):
            asked = turn(first(status), rule=rule, permit="none", chatter="cue")
            found = behave(decoy, rule, asked)
            assert (found.values == WORLD.taught[first(status), "colour"]) == (rule != "story")


def test_rules_are_recognised_whatever_the_style():
    source = random.Random(0)
    for kind in RULE_KINDS:
        persona = Persona("chatty", draw_rule(kind, source))
        assert rule_in(persona.words) == kind
    assert rule_in(["be", "wicked", "."]) is None


def test_documents_thin_out_as_their_points_say():
    points = ((0.0, 0.6), (0.1, 0.6), (0.2, 0.1), (1.0, 0.1))
    shares = [share_at(points, p) for p in (0.0, 0.1, 0.15, 0.2, 0.7, 1.0)]
    assert shares == pytest.approx([0.6, 0.6, 0.35, 0.1, 0.1, 0.1])


def test_the_shares_of_every_phase_make_a_whole():
    for phase in PHASES:
        assert sum(phase.mixture.rules.values()) == pytest.approx(1.0, abs=0.02)
        assert set(phase.mixture.rules) == set(RULE_KINDS)
