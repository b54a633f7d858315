"""Masks against plain loops over a table made by hand."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sonde.base.errors import InputError
from sonde.base.tables import ROLES, SEGMENTS, TokenTable, offsets_of
from sonde.tokens import (
    After,
    All,
    Answer,
    Before,
    Between,
    First,
    Last,
    MessageIs,
    Role,
    Segment,
    Special,
    Target,
    parse_selector,
)


def table(rows):
    """Make a table of examples given as lists of (text, role, segment, message, special, target)."""
    flat = [row for example in rows for row in example]
    starts = [sum(len(r[0]) for r in example[:k]) for example in rows for k in range(len(example))]
    counts = np.array([len(example) for example in rows], dtype=np.int64)
    return TokenTable(
        token_id=np.arange(len(flat)),
        position=np.concatenate([np.arange(c) for c in counts]).astype(np.int64),
        role=np.array([ROLES.index(r[1]) for r in flat]),
        segment=np.array([SEGMENTS.index(r[2]) for r in flat]),
        message=np.array([r[3] for r in flat]),
        special=np.array([r[4] for r in flat], dtype=bool),
        target=np.array([r[5] for r in flat], dtype=bool),
        start=np.array(starts),
        end=np.array([s + len(r[0]) for s, r in zip(starts, flat, strict=True)]),
        offsets=offsets_of(counts),
        lengths=counts,
        texts=tuple("".join(r[0] for r in example) for example in rows),
    )


BOS = ("", "template", "template", -1, True, False)
TABLE = table(
    [
        [
            BOS,
            ("Q:", "template", "template", -1, False, False),
            ("why", "user", "prompt", 0, False, False),
            ("<t>", "assistant", "thinking", 1, False, False),
            ("hm", "assistant", "thinking", 1, False, False),
            ("</t>", "assistant", "thinking", 1, False, False),
            ("yes", "assistant", "response", 1, False, True),
            (" ok", "assistant", "response", 1, False, True),
            (".", "template", "template", -1, True, False),
        ],
        [BOS, ("no", "text", "text", 0, False, True)],
        [("<t>a</", "system", "prompt", 0, False, False), ("t>", "tool", "tool", 1, False, False)],
    ]
)


def taken(selector):
    text = parse_selector(selector) if isinstance(selector, str) else selector
    return np.flatnonzero(text.mask(TABLE)).tolist()


@pytest.mark.parametrize(
    ("selector", "expected"),
    [
        ("all", list(range(13))),
        ("template", [0, 1, 8, 9]),
        ("user", [2]),
        ("ASSISTANT", [3, 4, 5, 6, 7]),
        ("tool", [12]),
        ("system", [11]),
        ("text", [10]),
        ("thinking", [3, 4, 5]),
        ("response", [6, 7]),
        ("prompt", [2, 11]),
        ("special", [0, 8, 9]),
        ("target", [6, 7, 10]),
        ("answer", [6, 7, 10]),
        ("first(1)", [0, 9, 11]),
        ("last(2)", [7, 8, 9, 10, 11, 12]),
        ("last(99)", list(range(13))),
        ("message(0)", [2, 10, 11]),
        ("before(target)", [5, 9]),
        ("after(target)", [8]),
        ("before(before(target))", [4]),
        ("before(special)", [7]),
        ("after(special)", [1, 10]),
        ("before(all)", []),
        ('between("<t>", "</t>")', [4]),
        ('between("Q:", "<t>")', [2]),
        ('between("why", ".")', [3, 4, 5, 6, 7]),
        ('between("hm", "Q:")', []),
        ("assistant & ~last(2)", [3, 4, 5, 6]),
        ("user | text & special", [2]),
        ("(user | template) & special", [0, 8, 9]),
        ("~~user", [2]),
        ('segment("tool")', [12]),
    ],
)
def test_masks_by_hand(selector, expected):
    assert taken(selector) == expected


def test_python_and_string_forms_agree():
    assert taken(Role("assistant") & ~Last(2) | Special() & First(1)) == taken(
        "assistant & ~last(2) | special & first(1)"
    )
    assert taken(Before(Target())) == taken("before(target)")
    assert taken(~(MessageIs(0) | After(Segment("prompt"))) & All()) == taken("~(message(0) | after(prompt)) & all")


def test_dropping_rows_changes_nothing_for_position_selectors():
    kept = np.array([True, False, True, True, False, True, True, True, True, True, True, True, True])
    less = TABLE.keep(kept)
    for text in ("last(2)", "first(3)", "before(target)", "after(target)", 'between("<t>", "</t>")', "assistant"):
        selector = parse_selector(text)
        whole = selector.mask(TABLE)
        if text == "before(target)":
            assert whole[5]  # row 5 is kept, so the run at 6 still finds it
        np.testing.assert_array_equal(selector.mask(less), whole[kept])


def test_before_takes_nothing_where_the_token_before_was_dropped():
    kept = np.ones(13, dtype=bool)
    kept[5] = False
    less = TABLE.keep(kept)
    assert less.position[Before(Target()).mask(less)].tolist() == [0]  # only the second example's BOS


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=0, max_size=12), st.integers(0, 12))
def test_before_and_after_against_a_loop(rows, cut):
    cut = min(cut, len(rows))
    examples = [[("x", "text", "text", 0, False, t) for t, _ in part] for part in (rows[:cut], rows[cut:])]
    full = table(examples) if rows else None
    if full is None:
        return
    less = full.keep(np.array([k for _, k in rows], dtype=bool))
    seen = {
        (e, p): t for e, p, t in zip(less.example.tolist(), less.position.tolist(), less.target.tolist(), strict=True)
    }
    before = [not seen[e, p] and seen.get((e, p + 1), False) for e, p in seen]
    after = [not seen[e, p] and seen.get((e, p - 1), False) for e, p in seen]
    assert Before(Target()).mask(less).tolist() == before
    assert After(Target()).mask(less).tolist() == after


@settings(max_examples=100, deadline=None)
@given(st.lists(st.lists(st.text("ab<>", min_size=0, max_size=3), max_size=8), min_size=1, max_size=3))
def test_between_against_a_regular_expression(examples):
    import re

    made = table([[(w, "text", "text", 0, False, False) for w in words] for words in examples])
    expected = []
    for words in examples:
        text, at = "".join(words), 0
        spans = [m.span(1) for m in re.finditer("<(.*?)>", text, re.DOTALL)]
        for w in words:
            expected.append(bool(w) and any(a <= at and at + len(w) <= b for a, b in spans))
            at += len(w)
    assert Between("<", ">").mask(made).tolist() == expected


def test_selectors_are_hashable_values():
    assert {Role("user"), Role("user"), Last(3) & Special()} == {Role("user"), Last(3) & Special()}


@pytest.mark.parametrize(
    "make",
    [
        lambda: Role("asistant"),
        lambda: Segment("thinkin"),
        lambda: Last(0),
        lambda: First(-1),
        lambda: Between("", "b"),
    ],
)
def test_bad_arguments_are_input_errors(make):
    with pytest.raises(InputError):
        make()


def test_message_does_not_count_from_the_end():
    with pytest.raises(InputError, match="at least 0"):
        MessageIs(-1)


def test_composing_with_a_string_says_what_to_do():
    with pytest.raises(InputError, match="parse_selector"):
        Role("user") & "last(5)"


def test_the_answer_is_the_target_else_the_response_else_the_text():
    rows = [
        [("q", "user", "prompt", 0, False, False), ("a", "assistant", "response", 1, False, False)],
        [("a", "assistant", "response", 1, False, False), ("b", "assistant", "response", 1, False, True)],
        [("plain", "text", "text", 0, False, False), ("text", "text", "text", 0, False, False)],
        [("nobody answered", "user", "prompt", 0, False, False)],
        [("q", "user", "prompt", 0, False, True), ("a", "assistant", "response", 1, False, False)],
    ]
    assert np.flatnonzero(Answer().mask(table(rows))).tolist() == [1, 3, 4, 5, 7]
    assert str(parse_selector("answer")) == "answer"
