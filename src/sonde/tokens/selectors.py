"""Which tokens: hashable values that turn a token table into a mask, composed with `&`, `|` and `~`.

`str(selector)` is the form used in recipes, and `parse_selector` reads it back.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from sonde.base.errors import InputError, unknown_name
from sonde.base.tables import ROLES, SEGMENTS, TokenTable
from sonde.tokens.runs import after_runs, before_runs, between_mask

#: The segments that have a bare name in the string form; the others share theirs with a role.
BARE_SEGMENTS = ("prompt", "thinking", "response")


@dataclass(frozen=True)
class Selector:
    """Base of all selectors: a rule that says for each token whether it is taken.

    Example:
        >>> str((Role("assistant") | Segment("prompt")) & ~Last(5))
        '(assistant | prompt) & ~last(5)'
    """

    def mask(self, table: TokenTable) -> np.ndarray:
        """Return `[t]` bool: True for the tokens that are taken."""
        raise NotImplementedError

    def __and__(self, other: Selector) -> Selector:
        return And(self, _operand(other, "&"))

    def __or__(self, other: Selector) -> Selector:
        return Or(self, _operand(other, "|"))

    def __invert__(self) -> Selector:
        return Not(self)


def _operand(value: object, operator: str) -> Selector:
    if isinstance(value, Selector):
        return value
    raise InputError(
        f"A token selector takes another selector after {operator!r}, got {value!r}: write for example "
        f'Role("assistant") {operator} Special(), or parse a string with parse_selector.'
    )


@dataclass(frozen=True)
class All(Selector):
    """Every token, template tokens and BOS included."""

    def mask(self, table: TokenTable) -> np.ndarray:
        """Return `[t]` bool."""
        return np.ones(len(table), dtype=bool)

    def __str__(self) -> str:
        return "all"


@dataclass(frozen=True)
class Role(Selector):
    """Tokens overlapping the content of messages of one role; `template` is what the chat template adds.

    Attributes:
        role: one of `sonde.base.tables.ROLES`.
    """

    role: str

    def __post_init__(self) -> None:
        if self.role not in ROLES:
            raise unknown_name("role", self.role, "a token selector", ROLES)

    def mask(self, table: TokenTable) -> np.ndarray:
        """Return `[t]` bool."""
        return table.role == ROLES.index(self.role)

    def __str__(self) -> str:
        return self.role


@dataclass(frozen=True)
class Segment(Selector):
    """Tokens of one part of the dialogue: `prompt`, `thinking`, `response`, `tool`, `template`, `text`.

    Attributes:
        segment: one of `sonde.base.tables.SEGMENTS`.
    """

    segment: str

    def __post_init__(self) -> None:
        if self.segment not in SEGMENTS:
            raise unknown_name("segment", self.segment, "a token selector", SEGMENTS)

    def mask(self, table: TokenTable) -> np.ndarray:
        """Return `[t]` bool."""
        return table.segment == SEGMENTS.index(self.segment)

    def __str__(self) -> str:
        return self.segment if self.segment in BARE_SEGMENTS else f'segment("{self.segment}")'


@dataclass(frozen=True)
class First(Selector):
    """The first `n` tokens of the example's full token sequence, BOS included.

    Attributes:
        n: number of tokens, at least 1.
    """

    n: int

    def __post_init__(self) -> None:
        _at_least(self.n, 1, "first")

    def mask(self, table: TokenTable) -> np.ndarray:
        """Return `[t]` bool."""
        return table.position < self.n

    def __str__(self) -> str:
        return f"first({self.n})"


@dataclass(frozen=True)
class Last(Selector):
    """The last `n` tokens of the example's full token sequence, template tokens included.

    Attributes:
        n: number of tokens, at least 1.
    """

    n: int

    def __post_init__(self) -> None:
        _at_least(self.n, 1, "last")

    def mask(self, table: TokenTable) -> np.ndarray:
        """Return `[t]` bool."""
        return table.position >= np.repeat(table.lengths, np.diff(table.offsets)) - self.n

    def __str__(self) -> str:
        return f"last({self.n})"


@dataclass(frozen=True)
class Between(Selector):
    """Tokens that lie wholly between the strings `start` and `stop` of the example's rendered text.

    Every occurrence of `start` with a `stop` after it counts; a `start` without one takes nothing. A token that also
    covers characters of `start` or `stop` is left out.

    Attributes:
        start: text just before the tokens, such as `"<think>"`.
        stop: text just after them.
    """

    start: str
    stop: str

    def __post_init__(self) -> None:
        if not self.start or not self.stop:
            raise InputError(f"The token selector {self} has an empty string: give the text on both sides.")

    def mask(self, table: TokenTable) -> np.ndarray:
        """Return `[t]` bool."""
        return between_mask(table, self.start, self.stop)

    def __str__(self) -> str:
        return f"between({_quoted(self.start)}, {_quoted(self.stop)})"


@dataclass(frozen=True)
class Special(Selector):
    """The tokenizer's special tokens (an unknown-word token stands for text and is not one of them)."""

    def mask(self, table: TokenTable) -> np.ndarray:
        """Return `[t]` bool."""
        return table.special.copy()

    def __str__(self) -> str:
        return "special"


@dataclass(frozen=True)
class Target(Selector):
    """Tokens overlapping the span that the dialogue's label speaks of; none where a dialogue has no target."""

    def mask(self, table: TokenTable) -> np.ndarray:
        """Return `[t]` bool."""
        return table.target.copy()

    def __str__(self) -> str:
        return "target"


@dataclass(frozen=True)
class Before(Selector):
    """For each contiguous run of tokens taken by `inner`, the one token just before the run."""

    inner: Selector

    def mask(self, table: TokenTable) -> np.ndarray:
        """Return `[t]` bool."""
        return before_runs(table, self.inner.mask(table))

    def __str__(self) -> str:
        return f"before({self.inner})"


@dataclass(frozen=True)
class After(Selector):
    """For each contiguous run of tokens taken by `inner`, the one token just after the run."""

    inner: Selector

    def mask(self, table: TokenTable) -> np.ndarray:
        """Return `[t]` bool."""
        return after_runs(table, self.inner.mask(table))

    def __str__(self) -> str:
        return f"after({self.inner})"


@dataclass(frozen=True)
class MessageIs(Selector):
    """Tokens of the message with index `index` in its dialogue; a system message is message 0.

    Attributes:
        index: 0 or more; none counts from the end, as a table of kept tokens does not know how many there were.
    """

    index: int

    def __post_init__(self) -> None:
        _at_least(self.index, 0, "message")

    def mask(self, table: TokenTable) -> np.ndarray:
        """Return `[t]` bool."""
        return table.message == self.index

    def __str__(self) -> str:
        return f"message({self.index})"


@dataclass(frozen=True)
class And(Selector):
    """Tokens that both sides take."""

    left: Selector
    right: Selector

    def mask(self, table: TokenTable) -> np.ndarray:
        """Return `[t]` bool."""
        return self.left.mask(table) & self.right.mask(table)

    def __str__(self) -> str:
        return f"{_inside(self.left, Or)} & {_inside(self.right, Or, And)}"


@dataclass(frozen=True)
class Or(Selector):
    """Tokens that either side takes."""

    left: Selector
    right: Selector

    def mask(self, table: TokenTable) -> np.ndarray:
        """Return `[t]` bool."""
        return self.left.mask(table) | self.right.mask(table)

    def __str__(self) -> str:
        return f"{self.left} | {_inside(self.right, Or)}"


@dataclass(frozen=True)
class Not(Selector):
    """Tokens that `inner` leaves."""

    inner: Selector

    def mask(self, table: TokenTable) -> np.ndarray:
        """Return `[t]` bool."""
        return ~self.inner.mask(table)

    def __str__(self) -> str:
        return f"~{_inside(self.inner, And, Or)}"


SelectorType = TypeVar("SelectorType", bound=Selector)


def _inside(selector: Selector, *loose: type[SelectorType]) -> str:
    """Write an operand, in brackets where its own operator binds more loosely than the one around it."""
    return f"({selector})" if isinstance(selector, loose) else str(selector)


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _at_least(value: int, least: int, name: str) -> None:
    if isinstance(value, bool) or value < least:
        raise InputError(f"The token selector {name}({value}) needs a whole number of at least {least}.")
