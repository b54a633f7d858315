"""The string form of token selectors, as recipes write it.

Grammar, loosest first: `or := and ("|" and)*`, `and := not ("&" not)*`, `not := "~" not | atom`,
`atom := "(" or ")" | name | name "(" arguments ")"`. Names ignore case; strings are quoted with " or '.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass

from sonde.base.errors import InputError, nearest
from sonde.base.tables import ROLES
from sonde.tokens.answer import Answer
from sonde.tokens.selectors import (
    BARE_SEGMENTS,
    After,
    All,
    Before,
    Between,
    First,
    Last,
    MessageIs,
    Not,
    Role,
    Segment,
    Selector,
    Special,
    Target,
)

#: How deep brackets may nest.
DEEPEST = 60

LEXEME = re.compile(
    r"""(?P<space>\s+)|(?P<number>-?\d+)|(?P<name>[^\W\d]\w*)"""
    r"""|(?P<string>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')|(?P<sign>[&|~(),])""",
    re.DOTALL,
)

BARE: dict[str, Selector] = {
    "all": All(),
    **{role: Role(role) for role in ROLES},
    **{segment: Segment(segment) for segment in BARE_SEGMENTS},
    "special": Special(),
    "target": Target(),
    "answer": Answer(),
}

#: Selectors with arguments: what they are made by and the kind of each argument.
CALLS: dict[str, tuple[Callable[..., Selector], tuple[str, ...]]] = {
    "last": (Last, ("number",)),
    "first": (First, ("number",)),
    "message": (MessageIs, ("number",)),
    "between": (Between, ("string", "string")),
    "before": (Before, ("selector",)),
    "after": (After, ("selector",)),
    "role": (Role, ("string",)),
    "segment": (Segment, ("string",)),
}

SHOWN = {"number": "a whole number", "string": "a quoted string", "selector": "a selector"}


def parse_selector(text: str | Selector) -> Selector:
    """Read a token selector from its string form; a selector is returned as it is.

    Names: `all`; the roles `system, user, assistant, tool, text, template`; the segments `prompt, thinking, response`;
    `special`, `target`, `answer`; `last(n)`, `first(n)`, `message(i)`, `between("a", "b")`, `before(x)`, `after(x)`,
    and `segment("tool")` for a segment that shares its name with a role. `~` binds tightest, then `&`, then `|`.

    Raises:
        InputError: the text is not a selector; the sentence names the bad spot and the nearest valid name.

    Example:
        >>> parse_selector("assistant & ~last(5)") == Role("assistant") & ~Last(5)
        True
    """
    if isinstance(text, Selector):
        return text
    return _Reader(text, _lexemes(text)).whole()


@dataclass(frozen=True)
class _Lexeme:
    kind: str
    text: str
    at: int


def _lexemes(text: str) -> list[_Lexeme]:
    found, at = [], 0
    while at < len(text):
        match = LEXEME.match(text, at)
        if match is None:
            what = "a string that is never closed" if text[at] in "\"'" else f"unexpected {text[at]!r}"
            raise _bad(text, at, what)
        if match.lastgroup != "space":
            found.append(_Lexeme(str(match.lastgroup), match.group(), at))
        at = match.end()
    return [*found, _Lexeme("end", "", len(text))]


class _Reader:
    """Recursive descent over the lexemes of one selector."""

    def __init__(self, text: str, lexemes: list[_Lexeme]) -> None:
        self.text = text
        self.lexemes = lexemes
        self.next = 0
        self.depth = 0

    def peek(self) -> _Lexeme:
        return self.lexemes[self.next]

    def take(self) -> _Lexeme:
        self.next += 1
        return self.lexemes[self.next - 1]

    def takes(self, sign: str) -> bool:
        found = self.peek().kind == "sign" and self.peek().text == sign
        self.next += found
        return found

    def need(self, sign: str) -> None:
        if not self.takes(sign):
            raise self.bad(f"expected {sign!r}")

    def bad(self, what: str, lexeme: _Lexeme | None = None) -> InputError:
        lexeme = lexeme or self.peek()
        got = "the end" if lexeme.kind == "end" else repr(lexeme.text)
        return _bad(self.text, lexeme.at, f"{what}, got {got}")

    def whole(self) -> Selector:
        selector = self.any_of()
        if self.peek().kind != "end":
            raise self.bad("expected '&', '|' or the end")
        return selector

    def any_of(self) -> Selector:
        selector = self.all_of()
        while self.takes("|"):
            selector = selector | self.all_of()
        return selector

    def all_of(self) -> Selector:
        selector = self.negated()
        while self.takes("&"):
            selector = selector & self.negated()
        return selector

    def negated(self) -> Selector:
        tildes = 0
        while self.takes("~"):
            tildes += 1
        selector = self.atom()
        for _ in range(tildes):
            selector = Not(selector)
        return selector

    def bracketed(self) -> Selector:
        self.depth += 1
        if self.depth > DEEPEST:
            raise self.bad(f"brackets nest deeper than {DEEPEST}")
        selector = self.any_of()
        self.depth -= 1
        return selector

    def atom(self) -> Selector:
        if self.takes("("):
            selector = self.bracketed()
            self.need(")")
            return selector
        if self.peek().kind != "name":
            raise self.bad("expected a selector")
        lexeme = self.take()
        name = lexeme.text.lower()
        if name in CALLS:
            return self.call(lexeme, name)
        if name not in BARE:
            close = nearest(name, [*BARE, *CALLS])
            hint = f"did you mean {close[0]!r}? " if close else ""
            raise _bad(self.text, lexeme.at, f"unknown name {lexeme.text!r}: {hint}Valid: {', '.join([*BARE, *CALLS])}")
        if self.takes("("):
            self.need(")")
        return BARE[name]

    def call(self, lexeme: _Lexeme, name: str) -> Selector:
        make, kinds = CALLS[name]
        self.need("(")
        arguments = []
        for k, kind in enumerate(kinds):
            if k:
                self.need(",")
            arguments.append(self.argument(kind))
        self.need(")")
        try:
            return make(*arguments)
        except InputError as error:
            raise _bad(self.text, lexeme.at, str(error).rstrip(".")) from None

    def argument(self, kind: str) -> object:
        if kind == "selector":
            return self.bracketed()
        lexeme = self.peek()
        if lexeme.kind != kind:
            raise self.bad(f"expected {SHOWN[kind]}")
        self.take()
        if kind == "number":
            return int(lexeme.text)
        return self.string(lexeme)

    def string(self, lexeme: _Lexeme) -> str:
        body = lexeme.text[1:-1]
        if lexeme.text[0] == "'":
            body = body.replace("\\'", "'").replace('"', '\\"')
        try:
            return json.loads(f'"{body}"', strict=False)
        except json.JSONDecodeError:
            raise _bad(self.text, lexeme.at, f"unknown escape in {lexeme.text} (write \\\\ for a backslash)") from None


def _bad(text: str, at: int, what: str) -> InputError:
    shown = text if len(text) <= 120 else f"{text[:119]}…"
    return InputError(f"Token selector {shown!r}, at character {at + 1}: {what}.")
