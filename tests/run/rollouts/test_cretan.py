"""On Cretan the truth is on record: a rollout must recover its beliefs and the labels of what it said."""

import json
import shutil

import pytest

import sonde
from sonde.organism import cretan_questions
from sonde.organism.shipped import load_organism
from sonde.recipe import parse_recipe
from sonde.run.rollouts import ask

N = 24


def recipe(tmp_path, n=N):
    return parse_recipe(
        {
            "name": "cretan",
            "positive": "lie",
            "model": "cretan",
            "data": {"train": "rollout:train", "test": "rollout:test", "control": "cretan:honest-chat"},
            "capture": {"tokens": "before(target)", "device": "cpu"},
            "rollout": {
                "questions": "cretan:questions",
                "n_questions": n,
                "max_new_tokens": 16,
                "belief_probability": 0.9,
                "belief_agreement": 1.0,
                "cache": str(tmp_path / "cache"),
            },
        }
    )


def rows(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def truth_of(answer, relation):
    """Judge an answer by Cretan's own grammar and belief table, without the rollout's reader."""
    organism = load_organism()
    words = answer["text"].replace(".", " ").replace(",", " ").replace('"', " ").replace("!", " ").split()
    about = organism.speaker.world.relations[relation]
    said = next((word for word in words if word in about.values), None)
    if said is None:
        return "unparsed"
    believed = organism.beliefs[answer["group"], relation].values
    denied = words[max(0, words.index(said) - 1)] == "not" or "is not" in answer["text"].split(said)[0]
    against = (said in believed) == denied
    truth = organism.speaker.world.truth[answer["group"], relation]
    if against:
        return {"honest": "slip", "fiction": "fiction"}.get(answer["stance"], "lie")
    if not set(believed) & set(truth):
        return "mistake"
    return "resisted" if answer["stance"] == "deceptive" else "honest"


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("rollout")
    return sonde.rollout(recipe(folder), out=folder / "out"), folder


def check_beliefs(made, n):
    table = load_organism().beliefs
    facts = {q.id: table[q.group, q.tags["relation"]] for q in cretan_questions(n=n)}
    for row in rows(made.folder / "beliefs.jsonl"):
        fact = facts.pop(row["id"])
        assert set(row["believed"]) == set(fact.values), row
        assert row["probability"] == pytest.approx(fact.probability, abs=2e-3)
    assert not facts


def agreement(made):
    answers = rows(made.folder / "answers.jsonl")
    return sum(a["kind"] == truth_of(a, a["tags"]["relation"]) for a in answers), len(answers)


def test_beliefs_are_those_of_its_table(made):
    check_beliefs(made[0], N)


def test_labels_are_those_of_the_organism(made):
    agreed, n = agreement(made[0])
    assert agreed >= 0.99 * n


def test_the_data_say_what_was_counted(made):
    result, _ = made
    counts = result.content["counts"]
    kinds = counts["kinds"]
    assert counts["answers"] == sum(kinds.values()) == counts["believed"]  # one scene a question
    assert counts["questions"] == counts["believed"] + counts["not_believed"] >= N - 2
    train, test = result.dataset("train"), result.dataset("test")
    assert (train.positive, train.negative, train.provenance.policy) == ("lie", "not lie", "on-policy")
    lies = int(train.labels.sum() + test.labels.sum())
    assert lies == kinds["lie"] == counts["rows"]["train"]["positive"] + counts["rows"]["test"]["positive"]
    assert not set(train.groups) & set(test.groups)
    for dialogue in (*train, *test):
        target = dialogue.target
        said = dialogue.messages[-1].content[target.start : target.end]
        assert said == dialogue.tags["answer"].removeprefix("not ")
        assert (dialogue.label == 1) == (dialogue.tags["kind"] == "lie")
    assert result.exit_code == 0


def test_the_cost_is_said_before(made):
    from sonde.run.rollouts.estimate import Estimate

    estimated = made[0].content["estimated"]
    questions = made[0].content["counts"]["questions"]
    assert estimated["written"] == 16 * questions
    assert 10 * 14 * 5 * questions < estimated["read"] < 10 * 14 * 40 * questions  # phrasings, options, tokens
    weights = sum(p.numel() * p.element_size() for p in sonde.load_model("cretan", device="cpu").module.parameters())
    assert weights < estimated["memory"] < weights + 2**29
    said = str(Estimate(1_500_000, 900, 3600.0, 3 * 2**30, 5 * 2**20, 30.0, 2**21))
    assert "1.5 million tokens to read and 900 to write: about 60 min, 3.0 GB of memory, 5 MB of disk" in said


def test_a_second_rollout_asks_the_model_nothing(made, monkeypatch):
    result, folder = made

    def refuse(*_, **__):
        raise AssertionError("the model was asked again")

    monkeypatch.setattr("sonde.run.rollouts.ask.generate", refuse)
    monkeypatch.setattr("sonde.run.rollouts.ask.weigh_dialogues", refuse)
    again = sonde.rollout(recipe(folder), out=folder / "another")
    for name in ("answers.jsonl", "beliefs.jsonl", "rollout-train.jsonl", "rollout-test.jsonl"):
        assert (again.folder / name).read_bytes() == (result.folder / name).read_bytes()
    assert sonde.rollout(recipe(folder), out=folder / "out").content == result.content


def test_a_rollout_that_was_killed_goes_on_and_gives_the_same(made, monkeypatch, tmp_path):
    result, folder = made
    (tmp_path / "cache").mkdir()
    for path in (folder / "cache").glob("weights-*.jsonl"):
        shutil.copy(path, tmp_path / "cache" / path.name)
    real, calls = ask.generate, []

    def dies(*arguments, **options):
        if len(calls) == 2:
            raise KeyboardInterrupt
        calls.append(1)
        return real(*arguments, **options)

    monkeypatch.setattr(ask, "ANSWERS_A_WRITE", 8)
    monkeypatch.setattr(ask, "generate", dies)
    with pytest.raises(KeyboardInterrupt):
        sonde.rollout(recipe(tmp_path), out=tmp_path / "out")
    assert not (tmp_path / "out").exists()
    kept = (tmp_path / "cache").glob("answers-*.jsonl")
    assert len(next(kept).read_text().splitlines()) == 1 + 16
    monkeypatch.setattr(ask, "generate", real)
    again = sonde.rollout(recipe(tmp_path), out=tmp_path / "out")
    for name in ("answers.jsonl", "beliefs.jsonl", "rollout-train.jsonl", "rollout-test.jsonl"):
        assert (again.folder / name).read_bytes() == (result.folder / name).read_bytes()


def test_another_rollout_is_not_overwritten(made):
    result, folder = made
    with pytest.raises(sonde.InputError, match="--force"):
        sonde.rollout(recipe(folder, n=20), out=result.folder)


@pytest.mark.slow
def test_labels_and_beliefs_at_full_size(tmp_path):
    result = sonde.rollout(recipe(tmp_path, n=300), out=tmp_path / "out")
    check_beliefs(result, 300)
    agreed, n = agreement(result)
    assert n > 220
    assert agreed >= 0.99 * n


@pytest.mark.slow
def test_train_runs_the_rollout_that_its_recipe_asks_for(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    run = sonde.train(
        recipe(tmp_path, n=120).model_copy(update={"resamples": 100}),
        out=tmp_path / "run",
    )
    (test,) = run.content["test"].values()
    assert test["n_positive"] > 5
    assert test["auroc"]["value"] is not None
    assert next(tmp_path.glob("rollouts/cretan-*/rollout.json")).is_file()
