"""`instructions`: both sides of a pair hold the same words, and a half of the reasons is held out."""

import importlib.util
import re
import sys
from collections import Counter, defaultdict
from pathlib import Path

import numpy as np
import pytest

from sonde.base.errors import InputError
from sonde.text.builtin import instructions, load_builtin
from sonde.text.builtin.reading import FOLDER
from sonde.text.duplicates import near_duplicates

TOOLS = Path(__file__).resolve().parents[3] / "tools" / "builtin"
LYING = re.compile(r"lie|lies|lied|liars?|lying|false|falsehoods?|falsely|deceive|deceived|deceit|deception|mislead\w*")
HONEST = re.compile(r"truths?|true|truthful|truthfully|honest|honestly|honesty|facts?|right|rightly|correct|correctly")


@pytest.fixture
def make(monkeypatch):
    monkeypatch.syspath_prepend(str(TOOLS))
    spec = importlib.util.spec_from_file_location("make_instructions", TOOLS / "make_instructions.py")
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "make_instructions", module)
    spec.loader.exec_module(module)
    return module


def pairs():
    found = defaultdict(dict)
    for item in instructions():
        found[item.pair][item.side] = item
    return found


def words(text):
    return re.sub(r"[^a-z0-9' ]", " ", text.lower()).split()


def test_there_are_enough_pairs_of_many_reasons():
    assert len(pairs()) >= 60
    assert all(set(sides) == {"honest", "deceptive"} for sides in pairs().values())
    reasons = Counter(item.reason for item in instructions())
    assert len(reasons) >= 12
    assert min(reasons.values()) >= 6


def test_the_sides_of_a_pair_are_the_same_words_in_another_order():
    for name, sides in pairs().items():
        assert sorted(words(sides["honest"].text)) == sorted(words(sides["deceptive"].text)), name
        assert len(sides["honest"].text) == len(sides["deceptive"].text), name
        assert sides["honest"].text != sides["deceptive"].text, name


@pytest.mark.parametrize("kind", [LYING, HONEST])
def test_words_of_lying_and_of_honesty_stand_on_both_sides(kind):
    count = {"honest": Counter(), "deceptive": Counter()}
    for item in instructions():
        count[item.side].update(word for word in words(item.text) if kind.fullmatch(word))
    assert count["honest"] == count["deceptive"]
    assert count["honest"].total() >= len(pairs())


def test_every_text_tells_of_both_ways():
    for item in instructions():
        assert len(words(item.text)) >= 30, item.id
        assert len(words(item.text)) <= 75, item.id


def test_half_of_the_reasons_are_held_out_whole():
    held = {item.reason for item in instructions() if item.held_out}
    trained = {item.reason for item in instructions() if not item.held_out}
    assert not held & trained
    assert len(held) == len(trained)
    train, test = (load_builtin("instructions", split=split) for split in ("train", "test"))
    assert len(train) == len(test)
    assert {row.tags["reason"] for row in test} == held


def test_no_pair_repeats_another():
    honest = [sides["honest"].text for sides in pairs().values()]
    assert len(set(near_duplicates(honest))) == len(honest)


def test_a_bag_of_words_trained_on_some_reasons_is_blind_on_others():
    from sklearn.feature_extraction.text import CountVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import roc_auc_score
    from sklearn.model_selection import GroupKFold, cross_val_predict

    data = load_builtin("instructions")
    counts = CountVectorizer().fit_transform([row.text for row in data])
    reasons = np.array([row.tags["reason"] for row in data])
    scores = cross_val_predict(
        LogisticRegression(), counts, data.labels, groups=reasons, cv=GroupKFold(6), method="decision_function"
    )
    assert abs(roc_auc_score(data.labels, scores) - 0.5) <= 0.05


def test_the_same_table_gives_the_same_bytes(make, tmp_path):
    make.main(tmp_path)
    assert (tmp_path / "instructions.jsonl").read_bytes() == (FOLDER / "instructions.jsonl").read_bytes()


def test_a_row_whose_sides_differ_in_their_words_is_refused(make, monkeypatch):
    row = {"reason": "sales", "held_out": "false", "text": "Tell [the truth|a lie]."}
    monkeypatch.setattr(make, "read", lambda name: [row])
    with pytest.raises(InputError, match="sales-1"):
        list(make.instructions())
