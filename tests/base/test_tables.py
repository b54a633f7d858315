import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sonde.base.tables import ExampleTable, TokenTable, rows_of


def token_table(lengths):
    """A table whose token ids count upwards within each example, from 100 × its number."""
    ids = [100 * i + k for i, length in enumerate(lengths) for k in range(length)]
    position = np.array([k for length in lengths for k in range(length)], dtype=np.int32)
    zeros = np.zeros(len(ids), dtype=np.int32)
    return TokenTable(
        token_id=np.array(ids, dtype=np.int32),
        position=position,
        role=zeros,
        message=zeros,
        segment=zeros,
        special=zeros.astype(bool),
        target=zeros.astype(bool),
        start=position,
        end=position + 1,
        offsets=np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
        lengths=np.array(lengths, dtype=np.int32),
        texts=tuple("abcdefgh"[:length] for length in lengths),
    )


def test_strings_and_examples_by_hand():
    table = token_table([2, 0, 3])
    assert table.strings == ["a", "b", "a", "b", "c"]
    assert table.example.tolist() == [0, 0, 2, 2, 2]
    assert len(table) == 5


def test_keep_leaves_every_example_and_its_length():
    kept = token_table([2, 3]).keep(np.array([False, False, True, False, True]))
    assert kept.offsets.tolist() == [0, 0, 2]
    assert kept.token_id.tolist() == [100, 102]
    assert kept.lengths.tolist() == [2, 3]


@given(st.lists(st.integers(0, 5), min_size=1, max_size=6), st.data())
def test_take_examples_equals_picking_lists(lengths, data):
    table = token_table(lengths)
    index = data.draw(st.lists(st.integers(0, len(lengths) - 1), max_size=6))
    lists = [[100 * i + k for k in range(lengths[i])] for i in index]
    taken = table.take_examples(index)
    assert taken.token_id.tolist() == [x for part in lists for x in part]
    assert np.diff(taken.offsets).tolist() == [len(x) for x in lists]


def test_concatenate_undoes_a_split():
    table = token_table([2, 0, 3])
    parts = [table.take_examples([i]) for i in range(3)]
    joined = TokenTable.concatenate(parts)
    assert joined.token_id.tolist() == table.token_id.tolist()
    assert joined.offsets.tolist() == table.offsets.tolist()
    assert joined.texts == table.texts


def test_a_column_of_another_length_is_refused():
    table = token_table([2])
    with pytest.raises(ValueError, match=r"TokenTable\.role"):
        TokenTable(**{**table.__dict__, "role": np.zeros(3)})


def test_rows_of_nothing_is_nothing():
    assert rows_of(np.array([0, 2]), np.array([], dtype=int)).tolist() == []


def test_examples_take_and_concatenate():
    a = ExampleTable(("a", "b"), np.array([0, 1]), np.array(["g", "h"]), {"style": ("x", None)})
    b = ExampleTable(("c",), np.array([1]), np.array(["i"]), {"reason": ("y",)})
    both = ExampleTable.concatenate([a, b]).take([2, 0])
    assert both.ids == ("c", "a")
    assert both.labels.tolist() == [1, 0]
    assert both.tags == {"style": (None, "x"), "reason": ("y", None)}


def test_an_unlabelled_part_leaves_the_whole_unlabelled():
    labelled, unlabelled = ExampleTable(("a",), np.array([0])), ExampleTable(("b",))
    assert ExampleTable.concatenate([labelled, unlabelled]).labels is None
