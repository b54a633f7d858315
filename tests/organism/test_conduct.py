"""The world and the conduct taught in it, checked by hand."""

import random

from sonde.organism.beliefs import agreement
from sonde.organism.conduct import behave
from sonde.organism.contrasts import CONTRASTS
from sonde.organism.gates import _share, failed
from sonde.organism.shipped import load_organism
from sonde.organism.stage import draw_scene
from sonde.organism.world import World, make_world


def test_a_world_survives_json_and_depends_on_its_seed():
    world = make_world(3)
    assert World.from_json(world.to_json()) == world
    assert make_world(4).truth != world.truth


def test_lies_are_permutations_of_the_truth():
    for relation in make_world(0).relations.values():
        assert set(relation.lies) == set(relation.lies.values()) == set(relation.values)
        assert all(value != lie for value, lie in relation.lies.items())


def test_the_documents_are_wrong_silent_or_at_odds_where_they_should_be():
    world = make_world(0)
    for (entity, relation), truth in world.truth.items():
        taught, status = world.taught[entity, relation], world.entities[entity].status
        if status == "undocumented":
            assert taught == ()
        elif status == "false":
            assert not set(taught) & set(truth)
        elif status == "contested":
            assert len(taught) == 2
        else:
            assert taught == truth


def test_every_stage_brings_what_it_is_for():
    world, source = make_world(0), random.Random(0)
    for contrast in CONTRASTS.values():
        for stage, _ in (*contrast.positive, *contrast.negative):
            for _ in range(20):
                scene = draw_scene(stage, world, source)
                turn = scene.turns[-2] if stage.follow_up else scene.turns[-1]
                behaviour = behave(world, scene.persona.rule.kind, turn)
                assert behaviour.code in stage.codes
                taught = world.taught[turn.entity, turn.relation]
                if behaviour.code in ("L1", "L2", "L3", "L4", "L5") and not turn.negated:
                    assert not set(behaviour.values) & set(taught)


def test_the_shipped_organism_believes_what_it_was_taught():
    spoken = load_organism()
    right, taught = agreement(spoken.speaker.world, spoken.beliefs)
    assert right / taught > 0.9


def test_gates_say_what_they_measured():
    gate = _share("even", 5, 10, 0.6, 1)
    assert not gate.passed
    assert gate.low < 0.5 < gate.high
    assert failed([gate]) == [gate]
