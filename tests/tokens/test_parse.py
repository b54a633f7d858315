"""The string form of selectors: round trip, precedence, and errors that name the bad spot."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sonde.base.errors import InputError
from sonde.base.tables import ROLES, SEGMENTS
from sonde.tokens import (
    After,
    All,
    And,
    Before,
    Between,
    First,
    Last,
    MessageIs,
    Not,
    Or,
    Role,
    Segment,
    Special,
    Target,
    parse_selector,
)

LEAVES = st.one_of(
    st.sampled_from([All(), Special(), Target()]),
    st.sampled_from(ROLES).map(Role),
    st.sampled_from(SEGMENTS).map(Segment),
    st.integers(1, 10**6).map(Last),
    st.integers(1, 99).map(First),
    st.integers(0, 99).map(MessageIs),
    st.builds(Between, st.text(min_size=1), st.text(min_size=1)),
)
TREES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.builds(And, inner, inner),
        st.builds(Or, inner, inner),
        st.builds(Not, inner),
        st.builds(Before, inner),
        st.builds(After, inner),
    ),
    max_leaves=12,
)


@settings(max_examples=300, deadline=None)
@given(TREES)
def test_every_selector_reads_back_from_its_string(selector):
    text = str(selector)
    assert parse_selector(text) == selector
    assert str(parse_selector(text)) == text


@pytest.mark.parametrize(
    ("text", "selector"),
    [
        ("assistant & ~last(5)", And(Role("assistant"), Not(Last(5)))),
        ("user | tool & special", Or(Role("user"), And(Role("tool"), Special()))),
        ("~user & tool", And(Not(Role("user")), Role("tool"))),
        ("user & tool & text", And(And(Role("user"), Role("tool")), Role("text"))),
        ("  ALL\n| Before( Target )", Or(All(), Before(Target()))),
        ("between('<a>', \"</a>\")", Between("<a>", "</a>")),
        (r"""between('it\'s "x"', "\n\u00e9")""", Between('it\'s "x"', "\né")),
        ("target()", Target()),
    ],
)
def test_reads(text, selector):
    assert parse_selector(text) == selector


def test_a_selector_passes_through():
    assert parse_selector(Last(2)) is not None
    assert parse_selector(Last(2)) == Last(2)


@pytest.mark.parametrize(
    ("text", "spot", "words"),
    [
        ("asistant & last(5)", 1, "did you mean 'assistant'"),
        ("assistant & ~lst(5)", 14, "did you mean 'last'"),
        ("", 1, "the end"),
        ("user &", 7, "expected a selector"),
        ("user tool", 6, "expected '&', '|' or the end"),
        ("(user", 6, "expected ')'"),
        ("last", 5, "expected '('"),
        ("last(x)", 6, "a whole number"),
        ("last(0)", 1, "at least 1"),
        ("last(5", 7, "expected ')'"),
        ("message(-1)", 1, "at least 0"),
        ('between("a")', 12, "expected ','"),
        ('between("a", b)', 14, "a quoted string"),
        ('between("a", "b)', 14, "never closed"),
        ('between("", "b")', 1, "empty string"),
        ('role("sytem")', 1, "did you mean 'system'"),
        (r'between("\q", "b")', 9, "unknown escape"),
        ("user && tool", 7, "expected a selector, got '&'"),
        ("user + tool", 6, "unexpected '+'"),
        ("special(3)", 9, "expected ')'"),
        ("before()", 8, "expected a selector"),
        ("(" * 5000, 62, "deeper than"),
    ],
)
def test_errors_name_the_spot(text, spot, words):
    with pytest.raises(InputError) as error:
        parse_selector(text)
    assert f"at character {spot}:" in str(error.value)
    assert words in str(error.value)


def test_a_long_chain_is_no_deep_nest():
    assert parse_selector(" | ".join(["user"] * 300)).left.left.right == Role("user")
    assert parse_selector("~" * 100 + "user") is not None
