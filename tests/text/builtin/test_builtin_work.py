"""`work`: every piece in two versions of the same length, so that only quality tells them apart."""

import ast
import re
from collections import Counter

import numpy as np
import pytest

from sonde.text.builtin import load_builtin, work
from sonde.text.duplicates import near_duplicates


def test_there_are_enough_pieces_of_many_kinds():
    assert len(work()) >= 100
    kinds = Counter(item.kind for item in work())
    assert len(kinds) >= 20
    assert max(kinds.values()) <= 8


def test_versions_differ_and_tasks_are_headings_without_an_author():
    for item in work():
        assert item.weak != item.strong, item.id
        assert item.task.endswith(":"), item.id
        assert not re.search(r"\b(I|my|our|we|weak|strong|good|bad)\b", item.task.removesuffix(":")), item.id


@pytest.mark.parametrize("size", [len, lambda text: len(text.split())], ids=["characters", "words"])
def test_length_tells_nothing(size):
    weak = np.array([size(item.weak) for item in work()])
    strong = np.array([size(item.strong) for item in work()])
    above = (weak[:, None] > strong).mean() + (weak[:, None] == strong).mean() / 2  # the AUROC, by counting pairs
    assert abs(above - 0.5) <= 0.05


def test_the_two_versions_are_of_similar_length():
    for item in work():
        shorter, longer = sorted((len(item.weak), len(item.strong)))
        assert shorter >= 0.7 * longer, item.id


def test_python_is_python():
    for item in work():
        if item.kind == "python":
            assert isinstance(ast.parse(item.weak).body[0], ast.FunctionDef)
            assert isinstance(ast.parse(item.strong).body[0], ast.FunctionDef)


def test_no_piece_repeats_another():
    texts = [text for item in work() for text in (item.weak, item.strong)]
    assert len(set(near_duplicates(texts))) == len(texts)


def test_both_versions_stay_on_one_side_of_the_split():
    train, test = (load_builtin("work", split=split) for split in ("train", "test"))
    assert not set(train.groups.tolist()) & set(test.groups.tolist())
    assert sum(train.labels) * 2 == len(train)
