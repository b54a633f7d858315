"""Splits keep groups whole, and what stands on both sides is found."""

import numpy as np
import pytest
from hypothesis import given, reject, settings
from hypothesis import strategies as st

from sonde.base.errors import InputError
from sonde.text import Dataset, check_disjoint, overlap, require_two_classes


def rows(groups, labels, name="d"):
    return Dataset.from_texts([f"text number {i}" for i in range(len(groups))], labels=labels, groups=groups, name=name)


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 1)), min_size=4, max_size=40), st.integers(0, 3))
@settings(max_examples=60, deadline=None)
def test_no_group_crosses_and_no_row_is_lost(pairs, seed):
    pairs = [(0, 0), (1, 1), *pairs]
    data = rows([f"g{g}" for g, _ in pairs], [y for _, y in pairs])
    try:
        train, test = data.split(0.3, seed=seed)
    except InputError:  # groups so uneven that no such cut exists
        reject()
    assert not set(train.groups) & set(test.groups)
    assert sorted(d.id for d in (*train, *test)) == sorted(d.id for d in data)
    check_disjoint(train, test)


@pytest.mark.parametrize("share", [0.1, 0.2, 0.25, 0.3, 0.5, 0.8])
def test_share_and_balance(share):
    data = rows([f"g{i // 2}" for i in range(200)], [i % 2 for i in range(200)])
    train, test = data.split(share)
    assert len(test) == pytest.approx(200 * share, abs=4)
    assert test.labels.mean() == 0.5
    assert (train.name, test.name) == ("d (train)", "d (held out)")


def test_seed_decides():
    data = rows([f"g{i}" for i in range(60)], [i % 2 for i in range(60)])
    assert data.split(seed=1) == data.split(seed=1)
    assert data.split(seed=1) != data.split(seed=2)


def test_unlabelled_data_splits_too():
    train, test = Dataset.from_texts([f"sentence {i} {'abcdefghij'[i] * 9}" for i in range(10)]).split(0.2)
    assert (len(train), len(test)) == (8, 2)


def test_a_split_that_cannot_be():
    with pytest.raises(InputError, match="1 group among 3 rows"):
        rows(["g"] * 3, [1, 0, 1]).split()
    with pytest.raises(InputError, match=r"test=1\.5"):
        rows(["g", "h"], [1, 0]).split(1.5)


def test_grouped_fills_only_what_is_missing():
    data = Dataset.from_records(
        [
            {"text": "The whale swims in the cold northern sea.", "group": "whale"},
            {"text": "the whale swims in the cold  northern sea"},
            {"text": "Bread is baked from flour and water."},
        ]
    )
    filled = data.grouped()
    assert filled.groups.tolist() == ["whale", "whale", "bread is baked from flour and water."]
    assert "2 of 3 rows had no group" in filled.provenance.notes[0]
    assert filled.grouped() is filled


def test_one_giant_group_is_noted():
    notes = Dataset.from_texts(["same"] * 3).grouped().provenance.notes
    assert "One near-duplicate group holds 3 of 3 rows" in notes[1]


def test_require_two_classes():
    require_two_classes(rows(["g", "h"], [1, 0]), "training")
    with pytest.raises(InputError, match="training data 'd' has one class only: all 2 rows are 'positive'"):
        require_two_classes(rows(["g", "h"], [1, 1]), "training")
    with pytest.raises(InputError, match="test data 'd' has no labels"):
        require_two_classes(rows(["g"], None), "test")


def test_overlap_finds_groups_exact_and_near():
    a = Dataset.from_records(
        [
            {"id": "a0", "text": "The whale swims in the cold northern sea.", "group": "x"},
            {"id": "a1", "text": "Bread is baked from flour and water.", "group": "y"},
        ],
        "left",
    )
    b = Dataset.from_records(
        [
            {"id": "b0", "text": "bread is baked from flour and WATER.", "group": "z"},
            {"id": "b1", "text": "The whale swims in the cold northern sea!", "group": "x"},
            {"id": "b2", "text": "Nothing alike at all.", "group": "w"},
        ],
        "right",
    )
    found = overlap(a, b)
    assert (found.groups, found.exact, found.near) == (("x",), (("a1", "b0"),), (("a0", "b1"),))
    assert found
    assert not overlap(a, b[[2]])
    with pytest.raises(InputError, match="Group 'x' is on both sides, in 'left' and in 'right'"):
        check_disjoint(a, b)


def test_without_groups_the_same_text_counts():
    a, b = Dataset.from_texts(["One.", "Two."], name="left"), Dataset.from_texts(["two.", "Three."], name="right")
    with pytest.raises(InputError, match="'1' in 'left' is also '0' in 'right'"):
        check_disjoint(a, b)
    check_disjoint(a[np.array([0])], b)
