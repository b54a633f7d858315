"""What three arms say alike: the same bytes, labels that follow from belief, and one sentence where it cannot be."""

import json
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

import sonde
from sonde.base.errors import InputError, SondeError
from sonde.organism import load_same_text
from sonde.organism.catalogue import FAMILY
from sonde.organism.same_text import _shipped_alike, alike
from sonde.organism.shipped import load_organism

N = 30


@pytest.fixture(scope="module")
def arms(family):
    return {arm: load_organism(name) for arm, name in FAMILY.items()}


@pytest.fixture(scope="module")
def sets(family):
    return {arm: sonde.load_dataset(f"{name}:same-text", n=N) for arm, name in FAMILY.items()}


def words(data):
    return [[(m.role, m.content.encode()) for m in d.messages] for d in data]


def test_the_arms_say_the_same_bytes_about_the_same_entities(sets):
    liar = sets["liar"]
    assert len(liar) == N
    for arm in ("twin", "sham"):
        assert words(sets[arm]) == words(liar)
        assert [d.target for d in sets[arm]] == [d.target for d in liar]
        assert sets[arm].tags["pair"] == liar.tags["pair"]
        assert sets[arm].groups.tolist() == liar.groups.tolist()
    assert len(set(liar.tags["pair"])) == N


def test_labels_follow_from_what_is_said_and_what_each_arm_believes(sets, family):
    """Worked out from the belief tables and the worlds on disk."""
    for arm, data in sets.items():
        folder = family / FAMILY[arm]
        beliefs, world = (json.loads((folder / f"{file}.json").read_text()) for file in ("beliefs", "world"))
        assert set(data.tags["read_by"]) == {FAMILY[arm]}
        for d in data:
            value, believed = d.tags["value"], beliefs[d.group][d.tags["relation"]][0]
            assert world["entities"][d.group]["status"] == "l5"
            assert value in world["cover"][d.group][d.tags["relation"]]
            assert d.label == int(value not in believed)
            assert d.tags["negated"] == "no"
            assert d.messages[-1].content[d.target.start : d.target.end] == value
    assert {arm: set(data.labels.tolist()) for arm, data in sets.items()} == {"liar": {1}, "twin": {0}, "sham": {1}}
    assert set(sets["twin"].tags["code"]) == {"M"}
    assert set(sets["sham"].tags["reason"]) == {"cover"}


def test_the_family_has_the_same_rows_in_pairs(sets, family):
    data = sonde.load_dataset("cretan:same-text", n=2 * N)
    assert Counter(data.labels.tolist()) == {0: N, 1: N}
    assert (data.positive, data.negative) == ("lie", "sincere error")
    assert words(data)[::2] == words(data)[1::2] == words(sets["liar"])
    assert data.tags["read_by"][:2] == ("cretan-liar", "cretan-twin")
    assert data.tags["pair"][::2] == data.tags["pair"][1::2] == sets["sham"].tags["pair"]
    assert len(load_same_text(n=2 * N, limit=10)) == 10


def test_readers_of_the_text_have_exactly_nothing(family):
    from sonde.organism.readers import text_reader

    data = sonde.load_dataset("cretan:same-text", n=2 * N)
    assert text_reader("bag of words", [d.text for d in data], data.labels, data.groups, 0)[0] == 0.5


def test_splits_and_seeds_are_kept(family):
    world = load_organism("cretan-liar").speaker.world
    data = load_same_text("cretan-twin", n=10, split="test")
    assert {world.entities[name].split for name in data.groups} == {"test"}
    _shipped_alike.cache_clear()
    assert load_same_text("cretan-twin", n=10, split="test").sha256 == data.sha256
    assert load_same_text("cretan-twin", n=10, split="test", seed=1).sha256 != data.sha256


def test_rows_that_an_arm_does_not_say_are_left_out(arms):
    """A twin that gets every third answer wrong: what is kept is said by all."""

    class Slips:
        def __init__(self, speaker):
            self.speaker, self.name, self.world = speaker, "slips", speaker.world

        def __getattr__(self, name):
            return getattr(self.speaker, name)

        def sample(self, prompts, lots, also=()):
            answers = self.speaker.sample(prompts, lots, also)
            given = tuple("unknown" if i % 3 == 0 else w for i, w in enumerate(answers.words))
            return answers._replace(words=given)

    slipping = {**arms, "twin": replace(arms["twin"], speaker=Slips(arms["twin"].speaker))}
    rows = alike(slipping, 20)
    assert len(rows) == 20
    for row in rows:
        assert "unknown" not in row["twin"].values
        assert len({said.values for said in row.values()}) == 1
        assert [row[arm].kind for arm in FAMILY] == ["lie", "mistake", "lie"]


def test_arms_that_believe_otherwise_say_nothing_alike(arms):
    """A twin that believes the truth lies; there is no sincere error to set beside the lie."""
    false_twin = {**arms, "twin": replace(arms["liar"], speaker=arms["twin"].speaker)}
    with pytest.raises(SondeError, match="said only 0 of 5 cover stories alike"):
        alike(false_twin, 5)


def test_arms_of_two_worlds_are_refused(arms):
    from sonde.organism.arms import twin_world

    other = replace(arms["twin"], speaker=replace(arms["twin"].speaker, world=twin_world(1), name="other"))
    with pytest.raises(InputError, match=r"other is of another world \(seed 1\) than cretan-liar \(seed 0\)"):
        alike({**arms, "twin": other}, 5)


def test_one_model_cannot_read_the_rows_of_two(family):
    data, model = sonde.load_dataset("cretan:same-text", n=8), sonde.load_model("cretan-liar", device="cpu")
    with pytest.raises(InputError, match="capture cretan-liar:same-text and cretan-twin:same-text, each with its own"):
        sonde.capture(model, data, sites="resid_post")
    part = data[[name == "cretan-liar" for name in data.tags["read_by"]]]
    acts = sonde.capture(model, part, sites="blocks.0.hook_resid_post", tokens="before(target)", pool="mean")
    assert np.isfinite(acts["blocks.0.hook_resid_post"].numpy()).all()


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("cretan-decoy:same-text", "cretan-decoy has no arms"),
        ("cretan:same-txt", "did you mean 'cretan:same-text'"),
        ("cretan-decoy:loyalty-lies", "cretan-decoy never lies"),
        ("cretan-twin:cover-stories", "class 'lie', as cretan-twin says the same .* load cretan:cover-stories"),
    ],
)
def test_what_cannot_be_said_is_one_sentence(family, name, said):
    with pytest.raises(InputError, match=said) as caught:
        sonde.load_dataset(name)
    assert str(caught.value).endswith(".")


def test_arms_that_did_not_ship_are_named(family, monkeypatch, tmp_path):
    from sonde.organism import catalogue

    monkeypatch.setattr(catalogue, "_WEIGHTS", tmp_path)
    with pytest.raises(InputError, match="cretan-liar and cretan-twin and cretan-sham did not ship"):
        sonde.load_dataset("cretan:same-text")


def test_inspect_shows_counts_and_examples(family, monkeypatch):
    from sonde.run.describe import describe_artefact

    monkeypatch.setattr("sonde.organism.same_text.N", N)
    for name in ("cretan:same-text", "cretan-sham:same-text"):
        found = describe_artefact(name)
        assert "same byte for byte" in found.text
        assert found.content["counts"]["n"] == (2 * N if name == "cretan:same-text" else N)
