"""From located pieces to whole contents: add the markup around them, and join what is continuous."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from sonde.tokens.cuts import NOT_SPACE, TAG
from sonde.tokens.locate import Span

#: What is added at a time next to a located piece.
UNIT = re.compile(rf"{TAG.pattern}|\S")


def grow(spans: list[Span], text: str, contents: Mapping[int, str]) -> list[Span]:
    """Add what stands next to the located pieces and is the content's too (markup), then join what is continuous."""
    grown: list[Span] = []
    for k, span in enumerate(spans):
        before = grown[-1] if grown else None
        after = spans[k + 1] if k + 1 < len(spans) else None
        low = before.last if before and before.message == span.message and before.last <= span.first else 0
        high = after.first if after and after.message == span.message else len(contents[span.message])
        grown += _backward(span, text, contents[span.message], low, before.end if before else 0)
        grown.append(span)
        grown += _forward(span, text, contents[span.message], high, after.start if after else len(text))
    return join(grown, text, contents)


def _forward(span: Span, text: str, content: str, high: int, ceiling: int) -> list[Span]:
    found: list[Span] = []
    at = span.end
    for unit in [] if span.escaped else UNIT.finditer(content, span.last, max(high, span.last)):
        while at < ceiling and text[at].isspace():
            at += 1
        end = at + len(unit.group())
        if end > ceiling or text[at:end] != unit.group():
            break
        found.append(Span(span.message, at, end, *unit.span()))
        at = end
    return found


def _backward(span: Span, text: str, content: str, low: int, floor: int) -> list[Span]:
    found: list[Span] = []
    at = span.start
    for unit in [] if span.escaped else reversed(list(UNIT.finditer(content, low, span.first))):
        while at > floor and text[at - 1].isspace():
            at -= 1
        start = at - len(unit.group())
        if start < floor or text[start:at] != unit.group():
            break
        found.append(Span(span.message, start, at, *unit.span()))
        at = start
    return found[::-1]


def join(spans: Sequence[Span], text: str, contents: Mapping[int, str]) -> list[Span]:
    """Join neighbours with the same characters between them in the content and in the text."""
    joined: list[Span] = []
    for span in spans:
        left = joined[-1] if joined else None
        if (
            left is not None
            and left.message == span.message
            and not (left.escaped or span.escaped)
            and left.last <= span.first
            and contents[span.message][left.last : span.first] == text[left.end : span.start]
        ):
            joined[-1] = replace(left, end=span.end, last=span.last)
        else:
            joined.append(span)
    return joined


def wedge(spans: list[Span], text: str, contents: Mapping[int, str]) -> list[Span]:
    """Add contents that had no piece to mark (nothing but markup): searched for between their neighbours' spans."""
    added = list(spans)
    for message, content in contents.items():
        found = NOT_SPACE.search(content)
        if found is None or any(s.message == message for s in spans):
            continue
        low = max((s.end for s in added if s.message < message), default=0)
        high = min((s.start for s in added if s.message > message), default=len(text))
        if text.count(found.group(), low, max(low, high)) == 1:
            start = text.find(found.group(), low, high)
            added.append(Span(message, start, start + len(found.group()), *found.span()))
    return sorted(added, key=lambda s: s.start)
