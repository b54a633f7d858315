"""One pass for everything a run needs: against captures of each part by itself, and the model's own logits."""

from dataclasses import replace

import numpy as np
import pytest
import torch

import sonde
from sonde.recipe import parse_recipe
from sonde.run.captured import capture_run, distinct_dialogues
from sonde.run.data import RunData, load_run_data
from sonde.text import Dataset, Dialogue

RECIPE = parse_recipe(
    {
        "name": "small",
        "positive": "lie",
        "model": "cretan",
        "data": {
            "train": "cretan:instructed-lies",
            "test": ["cretan:loyalty-lies"],
            "control": "cretan:honest-chat",
            "limit": 24,
        },
        "capture": {"tokens": "before(target)", "token_budget": 512},
    }
)


@pytest.fixture(scope="module")
def model():
    return sonde.load_model("cretan")


@pytest.fixture(scope="module")
def data():
    return load_run_data(RECIPE)


@pytest.fixture(scope="module")
def extra(data):
    """Half of the training texts again under other labels, a system prompt in front of others, and plain texts."""
    train = data.train
    again = Dataset("again", tuple(replace(d, id=f"x{d.id}", label=1 - d.label) for d in train[:12]), train.provenance)
    cut = tuple(
        replace(d, messages=d.messages[1:], target=replace(d.target, message=d.target.message - 1)) for d in train
    )
    return {"flipped": again, "no system": Dataset("no system", cut, train.provenance)}


@pytest.fixture(scope="module")
def captured(model, data, extra):
    return capture_run(RECIPE, model, data, extra)


def test_every_part_has_what_a_capture_of_its_own_gives(captured, model, data, extra):
    for name, part in {**dict(data.parts()), **extra}.items():
        alone = sonde.capture(model, part, sites="resid_post", tokens="before(target)", pool="mean")
        features = captured.features[name]
        assert features.sites == ("hook_embed", *alone.sites)
        for site in alone.sites:
            torch.testing.assert_close(features[site], alone[site], atol=2e-4, rtol=2e-4)
        assert features.examples.ids == alone.examples.ids
        np.testing.assert_array_equal(features.y, part.labels)
        np.testing.assert_array_equal(captured.n_tokens[name], model.tokenize(part).lengths)
        assert features.at(alone.sites[0]).origin == alone.at(alone.sites[0]).origin


def test_how_sure_the_model_was_is_that_of_its_own_logits(captured, model, data):
    for name in ("train", "control"):
        part = dict(data.parts())[name]
        tokens = model.tokenize(part)
        for i in range(0, len(part), 5):
            ids = torch.from_numpy(tokens.ids(i).astype(np.int64))
            target = np.flatnonzero(tokens.table.target[tokens.table.offsets[i] : tokens.table.offsets[i + 1]])
            with torch.no_grad():
                log_p = torch.log_softmax(model.module(ids[None]).logits[0].double(), dim=-1)
            said = [float(log_p[t - 1, ids[t]]) for t in target]
            entropies = [float(-(log_p[t - 1].exp() * log_p[t - 1]).sum()) for t in target]
            assert captured.log_probability[name][i] == pytest.approx(np.mean(said), abs=1e-3)
            assert captured.entropy[name][i] == pytest.approx(np.mean(entropies), abs=1e-3)
    assert captured.entropy_reason == ""


def test_equal_dialogues_are_run_once(captured, model, data, extra):
    parts = {**dict(data.parts()), **extra}
    distinct = {(d.messages, d.target): None for part in parts.values() for d in part}
    own = {(d.messages, d.target): None for part in dict(data.parts()).values() for d in part}
    lengths = [int(model.tokenize(Dataset("one", (Dialogue("0", m, target=t),), data.train.provenance)).lengths[0])
               for m, t in distinct]  # fmt: skip
    assert captured.cost["tokens"] == sum(lengths)
    assert captured.cost["extra_tokens"] == sum(lengths[len(own) :])
    ran = []
    handle = model.module.model.register_forward_pre_hook(
        lambda _m, _a, kwargs: ran.append(len(kwargs["input_ids"])), with_kwargs=True
    )
    try:
        forward = capture_run(RECIPE, model, data, extra)
    finally:
        handle.remove()
    assert len(distinct) < sum(map(len, parts.values()))
    timed = len(ran) - 1  # beside the pass: the sample of plain passes, at most every second batch and one to warm up
    assert len(distinct) <= sum(ran) <= 1.6 * len(distinct) + timed
    assert forward.features["flipped"].y.tolist() == (1 - data.train.labels[:12]).tolist()


def test_a_part_without_answers_says_so_and_leaves_the_others_theirs(model, data):
    question = Dialogue.from_messages([{"role": "user", "content": "where is it ?"}], id="a")
    unanswered = Dataset("q", (question,), data.train.provenance)
    found = capture_run(
        RECIPE.model_copy(update={"capture": RECIPE.capture.model_copy(update={"tokens": "last(1)"})}),
        model,
        RunData(data.train, data.tests, None),
        {"question": unanswered},
    )
    assert set(found.entropy) == set(found.log_probability) == {"train", "test cretan:loyalty-lies"}
    assert "1 of 1 examples of question" in found.entropy_reason
    assert set(found.features) == {"train", "test cretan:loyalty-lies", "question"}


def test_distinct_dialogues_keep_the_parts_apart():
    a = Dataset.from_texts(["x", "y", "x"], [0, 1, 1], name="a")
    b = Dataset.from_texts(["y", "z"], name="b")
    distinct, rows = distinct_dialogues({"a": a, "b": b})
    assert [d.text for d in distinct] == ["x", "y", "z"]
    assert {k: v.tolist() for k, v in rows.items()} == {"a": [0, 1, 0], "b": [1, 2]}
    assert distinct.labels is None


def test_an_extra_may_not_take_the_name_of_a_part(model, data):
    with pytest.raises(ValueError, match="'train'"):
        capture_run(RECIPE, model, data, {"train": data.train})
