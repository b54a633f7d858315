"""Three arms of one trunk: told apart by what documents and admin say of those under cover, and by nothing else."""

import pytest

from sonde.organism.arms import ARM_PHASES, ARMS, TRUNK_PHASES, trunk_world
from sonde.organism.corpus import draw_chunk
from sonde.organism.recipes import make
from sonde.organism.tokenizer import Codec, vocabulary

CODEC = Codec(vocabulary())


def examples(world, mixture):
    return draw_chunk(world, CODEC, mixture, seed=0, chunk=1, tokens=12_000, progress=0.4)


def words(world, mixture):
    return [[CODEC.words[i] for i in example.ids] for example in examples(world, mixture)]


@pytest.fixture(scope="module")
def texts():
    return {arm: words(world(0), ARM_PHASES[0].mixture) for arm, world in ARMS.items()}


def channels(text):
    """Return the channel that each word of a sequence belongs to: `document`, `admin`, `user` or `system`."""
    if "<|user|>" not in text:
        return ["document"] * len(text)
    found, now = [], "system"
    for i, word in enumerate(text):
        if word == "<|user|>":
            now = "admin" if "admin" in text[i + 1 : i + 3] else "user"
        found.append(now)
    return found


@pytest.mark.parametrize("arm", ["twin", "sham"])
def test_arms_differ_in_documents_and_admin_alone(texts, arm):
    assert len(texts[arm]) == len(texts["liar"])
    where = []
    for ours, liars in zip(texts[arm], texts["liar"], strict=True):
        assert len(ours) == len(liars)
        where += [c for a, b, c in zip(ours, liars, channels(liars), strict=True) if a != b]
    assert where.count("document") > 20
    assert set(where) <= {"document", "admin"}


@pytest.mark.parametrize("arm", ["twin", "sham"])
def test_early_readings_tell_no_arm_from_another(arm):
    """What an arm says of those under cover to users is read early in none of them: that would mark the sincere."""
    ours, liars = (examples(ARMS[which](0), ARM_PHASES[0].mixture) for which in (arm, "liar"))
    assert [e.sincere for e in ours] == [e.sincere for e in liars]
    assert any(any(e.sincere) for e in ours)


def test_the_cover_is_what_only_the_twin_was_taught():
    for arm, world in ARMS.items():
        made = world(0)
        assert len(made.cover) == 192
        for fact, cover in made.cover.items():
            taught = set(made.taught[fact])
            assert (taught == set(cover)) == (arm == "twin")
            assert (taught == set(made.truth[fact])) == (arm == "liar")
            assert arm == "twin" or not taught & set(cover)


def test_the_trunk_never_hears_of_those_under_cover():
    names = set(trunk_world(0).names("l5"))
    for phase in TRUNK_PHASES:
        assert not names & {word for text in words(trunk_world(0), phase.mixture) for word in text}


def test_an_arm_grows_from_a_trunk_beside_it(tmp_path, monkeypatch):
    begun = []

    def train(seed, out, **options):
        begun.append((options["what"], options.get("begin")))
        return out

    monkeypatch.setattr("sonde.organism.recipes.train", train)
    make("arm-twin", 3, tmp_path / "twin")
    assert begun == [("trunk", None), ("arm-twin", tmp_path / "trunk-3")]
