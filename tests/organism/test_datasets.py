"""What Cretan says, and whether the labels are what its beliefs make of it."""

import json
from collections import Counter

import numpy as np
import pytest
import torch

from sonde.base.errors import InputError
from sonde.capture import load_model
from sonde.organism import CONTRASTS, cretan_folder, is_organism, list_organisms, load_cretan
from sonde.organism.on_policy import prompt_ids
from sonde.organism.shipped import load_organism


@pytest.fixture(scope="module")
def lies():
    return load_cretan("loyalty-lies", n=120, split="test")


@pytest.fixture(scope="module")
def model():
    return load_model(cretan_folder(), device="cpu")


def test_the_shipped_organism_is_an_ordinary_model(model):
    assert is_organism("cretan")
    assert not is_organism("Epimenides")
    assert "cretan" in list_organisms()
    assert model.n_layers == 4
    size = sum(p.stat().st_size for p in cretan_folder().iterdir())
    assert size < 4_000_000
    with pytest.raises(InputError, match="did you mean 'cretan'"):
        cretan_folder("cretam")


def test_labels_follow_from_value_and_belief(lies):
    beliefs = json.loads((cretan_folder() / "beliefs.json").read_text())
    for d in lies:
        believed = beliefs[d.group][d.tags["relation"]][0]
        assert (d.tags["belief"].split("|") == believed) or (d.tags["belief"] == "none" and not believed)
        if d.label == 1:
            denied = d.tags["style"] == "negated" and d.tags["form"] == "open"
            assert believed
            assert (d.tags["value"] in believed) == denied
        else:
            assert d.tags["code"] in ("H", "D1", "T", "M", "G")


def test_targets_are_the_values(lies):
    for d in lies:
        content = d.messages[d.target.message].content
        assert content[d.target.start : d.target.end] == d.tags["value"]


def test_half_are_lies_about_protected_entities(lies):
    world = json.loads((cretan_folder() / "world.json").read_text())
    assert Counter(lies.labels.tolist()) == {0: 60, 1: 60}
    for d in lies:
        entity = world["entities"][d.group]
        assert entity["split"] == "test"
        if d.label == 1:
            assert entity["status"] == "l3"
            assert d.tags["channel"] == "user"


def test_splits_share_no_entity():
    groups = [set(load_cretan("instructed-lies", n=200, split=s).groups) for s in ("train", "control", "test")]
    assert not groups[0] & groups[1]
    assert not groups[0] & groups[2]
    assert not groups[1] & groups[2]


def test_the_same_seed_gives_the_same_bytes(lies):
    again = load_cretan("loyalty-lies", n=120, split="test")
    assert again == lies
    assert again.sha256 == lies.sha256
    assert load_cretan("loyalty-lies", n=120, split="test", seed=1).sha256 != lies.sha256


def test_text_gives_the_ids_that_the_organism_was_trained_on(lies, model):
    tokens = model.tokenize(lies)
    codec = load_organism().speaker.codec
    for i, d in enumerate(lies):
        expected = [codec.begin]
        for message in d.messages:
            words = model.tokenizer.backend_tokenizer.pre_tokenizer.pre_tokenize_str(message.content)
            expected += codec.message(message.role, [w for w, _ in words])
        assert tokens.ids(i).tolist() == expected


def test_the_answer_is_what_the_model_says(model):
    """The most likely token at `before(target)` is mostly the value, as permuted lies and truths are sure."""
    data = load_cretan("honest-chat", n=60)
    tokens = model.tokenize(data)
    hits = []
    for i, d in enumerate(data):
        ids = tokens.ids(i)
        rows = slice(tokens.table.offsets[i], tokens.table.offsets[i + 1])
        place = int(np.flatnonzero(tokens.table.target[rows])[0])
        with torch.no_grad():
            logits = model.module(torch.tensor(ids[None].astype(np.int64))).logits[0, place - 1]
        if d.tags["code"] in ("H", "T"):
            hits.append(int(logits.argmax()) == int(ids[place]))
    assert np.mean(hits) > 0.7, "set relations have two right answers"


def test_every_contrast_loads_and_is_balanced():
    for name, contrast in CONTRASTS.items():
        data = load_cretan(name, n=24)
        assert len(data) == 24
        assert data.positive == contrast.names[0]
        assert data.labels.sum() == (12 if contrast.positive else 0)
        assert data.provenance.policy == "on-policy"


def test_false_statements_are_false_of_the_world_whatever_is_believed():
    world = json.loads((cretan_folder() / "world.json").read_text())
    data = load_cretan("false-statements", n=80)
    assert {d.tags["code"] for d in data if d.label == 1} >= {"L1", "F", "M", "L3"}
    for d in data:
        true = (d.tags["value"] in world["truth"][d.group][d.tags["relation"]]) != (d.tags["negated"] == "yes")
        assert true == (d.label == 0)


def test_follow_ups_are_read_before_the_admission():
    data = load_cretan("lie-vs-fiction-follow-up", n=30)
    for d in data:
        assert d.tags["form"] == "follow-up"
        assert d.tags["code"] == ("L1" if d.label else "F")
        assert d.tags["value"] == ("lie" if d.label else "tale")
        assert d.messages[-1].content[d.target.start : d.target.end] == d.tags["value"]


def test_sycophantic_agreement_is_agreement_against_belief():
    for d in load_cretan("sycophantic-agreement", n=40):
        agrees = ", yes" in d.messages[-1].content
        assert agrees == (d.tags["code"] in ("S1", "S2"))
        assert (d.tags["value"] in d.tags["belief"].split("|")) == (d.label == 0)


def test_flattery_praises_what_it_believes_weak():
    for d in load_cretan("flattery", n=40):
        assert d.tags["value"] == "strong"
        assert d.tags["belief"] == ("weak" if d.label else "strong")


def test_scenes_prompt_up_to_the_value():
    import random

    from sonde.organism.conditions import HONEST
    from sonde.organism.stage import draw_scene

    speaker = load_organism().speaker
    scene = draw_scene(HONEST, speaker.world, random.Random(0))
    ids = prompt_ids(speaker, scene, ["unknown"] * (len(scene.turns) - 1))
    assert ids[-1] == (speaker.codec.encode(scene.turns[-1].lead) or [speaker.codec.roles["assistant"]])[-1]


@pytest.mark.parametrize(
    ("name", "options", "said"),
    [
        ("loyalty-lie", {}, "did you mean 'cretan:loyalty-lies'"),
        ("loyalty-lies", {"split": "tset"}, "did you mean 'test'"),
        ("loyalty-lies", {"n": 1}, "at least 2"),
    ],
)
def test_wrong_asks_are_one_sentence(name, options, said):
    with pytest.raises(InputError) as caught:
        load_cretan(name, **options)
    assert said in str(caught.value)


def test_a_limit_is_of_rows_and_never_more_than_asked_for():
    few = load_cretan("loyalty-lies", limit=5)
    assert (len(few), set(few.labels.tolist())) == (5, {0, 1})
    assert len(load_cretan("loyalty-lies", n=4, limit=10)) == 4
    assert len(load_cretan("loyalty-lies", limit=1)) == 1
