"""Training in miniature: the same seed gives the same bytes, also after an interruption."""

import pytest

from sonde.base.errors import InputError
from sonde.organism.phases import LEVELLING, Phase
from sonde.organism.record import read_record
from sonde.organism.train import Settings, train, weights_hash
from sonde.organism.world import make_world

COUNTS = {"plain": 6, "l3": 3, "l5": 3, "fa": 2, "undocumented": 3, "false": 3, "contested": 2, "work": 3}
PHASES = (Phase(6_000), Phase(6_000, 0.5, LEVELLING.mixture))
TINY = Settings(chunk_tokens=3_000, batch_tokens=1024, width=32, layers=1, heads=1, hidden=32)


def make(out, seed=0, **options):
    return train(
        seed,
        out,
        device="cpu",
        settings=TINY,
        phases=PHASES,
        world=make_world(seed, COUNTS),
        checkpoint_chunks=1,
        **options,
    )


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    return make(tmp_path_factory.mktemp("organism") / "first")


def test_the_same_seed_gives_the_same_weights(trained, tmp_path):
    assert weights_hash(make(tmp_path / "again")) == weights_hash(trained)
    assert weights_hash(make(tmp_path / "other", seed=1)) != weights_hash(trained)


def test_an_interrupted_training_ends_in_the_same_weights(trained, tmp_path):
    def stop(state):
        if state["progress"] >= 0.75:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        make(tmp_path / "cut", report=stop)
    assert (tmp_path / "cut" / "checkpoint").is_dir()
    assert weights_hash(make(tmp_path / "cut")) == weights_hash(trained)
    assert not (tmp_path / "cut" / "checkpoint").exists()


def test_an_organism_trained_further_has_both_recipes_on_record(trained, tmp_path):
    further = make(tmp_path / "further", begin=trained)
    first, both = read_record(trained), read_record(further)
    assert both["hash"] == weights_hash(further) != first["hash"]
    assert both["phases"] == first["phases"] * 2
    assert "begin" not in both
    assert f"phases 3 to 4 began with the weights before, hash `{first['hash']}`" in both["note"]
    again = read_record(make(tmp_path / "again", begin=further))
    assert both["note"] in again["note"]
    assert f"phases 5 to 6 began with the weights before, hash `{both['hash']}`" in again["note"]


def test_an_arm_has_its_own_recipe_on_record_and_where_it_began(trained, tmp_path):
    arm = read_record(make(tmp_path / "arm", begin=trained, what="arm-twin"))
    assert arm["begin"] == weights_hash(trained)
    assert len(arm["phases"]) == len(PHASES)
    assert "note" not in arm


def test_an_organism_without_a_record_is_not_trained_further(tmp_path):
    (tmp_path / "bare").mkdir()
    with pytest.raises(InputError, match=r"training\.json is missing"):
        make(tmp_path / "new", begin=tmp_path / "bare")


def test_a_folder_that_holds_something_else_is_refused(trained):
    with pytest.raises(InputError, match="not empty"):
        make(trained)


def test_a_checkpoint_of_another_recipe_is_refused(tmp_path):
    def stop(state):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        make(tmp_path / "cut", report=stop)
    with pytest.raises(InputError, match="another seed"):
        make(tmp_path / "cut", seed=1)


def test_what_is_written_is_an_ordinary_checkpoint(trained):
    from transformers import AutoModelForCausalLM, AutoTokenizer

    model = AutoModelForCausalLM.from_pretrained(trained)
    tokenizer = AutoTokenizer.from_pretrained(trained)
    assert model.config.vocab_size == len(tokenizer)
    assert tokenizer.chat_template
