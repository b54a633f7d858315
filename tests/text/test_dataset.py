"""The dataset value: columns, indexing, counts, hash, and the round trip through a file."""

from types import MappingProxyType

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sonde.base.errors import InputError
from sonde.text import Dataset, Dialogue, Message, Provenance, Target, load_dataset

TEXTS = ["Water is wet.", "Fire is cold.", "Ice is cold.", "Sand is wet."]


def make():
    return Dataset.from_texts(TEXTS, labels=[1, 0, 1, 0], groups=["a", "a", "b", "b"], name="facts", positive="true")


def test_columns():
    data = make()
    assert data.labels.dtype == np.int64
    assert data.labels.tolist() == [1, 0, 1, 0]
    assert data.groups.tolist() == ["a", "a", "b", "b"]
    assert (data.positive, data.negative) == ("true", "false")
    assert [d.text for d in data] == TEXTS
    assert len(data) == 4
    table = data.examples()
    assert (table.ids, table.positive, table.labels.tolist()) == (("0", "1", "2", "3"), "true", [1, 0, 1, 0])
    with pytest.raises(ValueError):
        data.labels[0] = 0


def test_missing_columns_are_none():
    data = Dataset.from_texts(TEXTS)
    assert data.labels is None
    assert data.groups is None
    assert data.tags == {}
    assert data.examples().labels is None


def test_tags_are_columns_with_gaps():
    data = Dataset.from_records([{"text": "x", "tags": {"a": "1"}}, {"text": "y", "b": 2}])
    assert data.tags == {"a": ("1", None), "b": (None, "2")}


def test_indexing():
    data = make()
    assert data[-1].text == TEXTS[-1]
    assert [d.id for d in data[1:3]] == ["1", "2"]
    assert [d.id for d in data[[3, 0]]] == ["3", "0"]
    assert [d.id for d in data[data.labels == 0]] == ["1", "3"]
    assert len(data[[]]) == 0
    with pytest.raises(IndexError):
        data[np.array([True])]


def test_counts_and_summary():
    data = Dataset.from_records(
        [
            {"text": t, "label": i % 2, "group": "g", "style": s}
            for i, (t, s) in enumerate(zip(TEXTS, "aaab", strict=True))
        ],
        name="facts",
        positive="lie",
    )
    assert data.counts() == {
        "n": 4,
        "positive": 2,
        "negative": 2,
        "unlabelled": 0,
        "groups": 1,
        "largest_group": 4,
        "tags": {"style": {"a": 3, "b": 1}},
    }
    shown = data.summary()
    for part in (
        "facts: 4 texts",
        "lie 2",
        "not lie 2",
        "the largest of 4 rows",
        "style: a 3, b 1",
        "licence not stated",
    ):
        assert part in shown
    assert repr(data) == "Dataset('facts', n=4, lie=2, not lie=2, groups=1)"
    assert "unlabelled" in Dataset.from_texts(["x"]).summary()


def test_hash_sees_content_and_order_only():
    data = make()
    assert data.sha256 == make().sha256
    assert data.sha256 != data[::-1].sha256
    assert data.sha256 == Dataset("other", data.dialogues, Provenance("elsewhere"), "true", "false").sha256
    assert data.sha256 != Dataset("facts", data.dialogues, data.provenance, "lie", "false").sha256


@pytest.mark.parametrize(
    ("texts", "options", "words"),
    [
        (["a", "b"], {"labels": [1]}, ["1 labels for 2 texts"]),
        (["a", "b"], {"groups": ["x"]}, ["1 groups for 2 texts"]),
        ([], {}, ["no record"]),
        (["a", ""], {}, ["texts record 1", "empty text"]),
        (["a", "b"], {"labels": ["x", "y"]}, ["positive="]),
        (["a", "b"], {"labels": [1, 7]}, ["'7'", "texts record 1"]),
    ],
)
def test_from_texts_refuses(texts, options, words):
    with pytest.raises(InputError) as error:
        Dataset.from_texts(texts, **options)
    for word in words:
        assert word in str(error.value)


def test_the_value_refuses_what_no_room_could_use():
    one = Dialogue.from_text("x", id="0", label=1)
    for dialogues, words in (
        ((one, one), "two dialogues with the id '0'"),
        ((one, Dialogue.from_text("y", id="1")), "'1'.*no label, though 1 of 2"),
        ((Dialogue.from_text("y", id="1", label=2),), "label 2, expected 0 or 1"),
    ):
        with pytest.raises(InputError, match=words):
            Dataset("d", dialogues, Provenance("test"))
    with pytest.raises(InputError, match="policy"):
        Provenance("x", policy="on_policy")


def test_a_dialogue_that_no_file_can_say_is_refused(tmp_path):
    mixed = Dialogue("0", (Message("text", "a"), Message("user", "b")))
    with pytest.raises(InputError, match="mixes roles"):
        Dataset("d", (mixed,), Provenance("test")).save(tmp_path / "d.jsonl")


# Any text that is valid Unicode, with the characters that break naive readers made likely.
awkward = st.sampled_from(
    ["\u2028", "\x85", "\r\n", "\n", '"', "\\", "\u200b", "\u202e", "\0", "<script>", "שלום", "😀", ";"]
)
words = st.text(st.characters(codec="utf-8"), min_size=1, max_size=8)
texts = st.lists(awkward | words, min_size=1, max_size=4).map("".join)
roles = st.sampled_from(["system", "user", "assistant", "tool"])


@st.composite
def datasets(draw):
    labelled = draw(st.booleans())
    dialogues = []
    for i in range(draw(st.integers(1, 4))):
        if draw(st.booleans()):
            messages = (Message("text", draw(texts)),)
        else:
            contents = draw(st.lists(st.tuples(roles, texts | st.just("")), min_size=1, max_size=3))
            messages = tuple(Message(role, content) for role, content in contents)
        last = len(messages[-1].content)
        end = draw(st.integers(0, last))
        target = draw(
            st.sampled_from([None, Target(-1, 0, None), Target(len(messages) - 1, end, last), Target(-1, 0, end)])
        )
        dialogues.append(
            Dialogue(
                id=f"{i}{draw(texts)}",
                messages=messages,
                label=draw(st.integers(0, 1)) if labelled else None,
                group=draw(st.none() | texts),
                tags=MappingProxyType(draw(st.dictionaries(texts, texts | st.just(""), max_size=2))),
                target=target,
            )
        )
    policy = draw(st.sampled_from(["on-policy", "instructed", "unknown"]))
    provenance = Provenance(draw(texts), draw(texts), draw(texts), policy, tuple(draw(st.lists(texts, max_size=2))))
    return Dataset(draw(texts), tuple(dialogues), provenance, positive=draw(texts), negative=draw(texts))


@given(datasets())
@settings(max_examples=150, deadline=None)
def test_save_and_load_round_trip(tmp_path_factory, data):
    path = tmp_path_factory.getbasetemp() / "round-trip.jsonl"
    data.save(path)
    again = load_dataset(path)
    assert again == data
    assert again.sha256 == data.sha256
