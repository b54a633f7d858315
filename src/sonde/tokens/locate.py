"""Where each message's content stands in a rendered chat.

Templates strip, drop and reformat contents, so searching for a content is not enough: it may occur twice, or be the
word `user`. Instead the chat is rendered a second time with unique private-use characters (sentinels) put into the
contents. If that rendering without its sentinels is exactly the true rendering, the sentinels say where everything
went. Tokens always come from the true rendering.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass

from sonde.tokens.cuts import NOT_SPACE, Cut, Place

#: Unicode's two supplementary private-use planes; the first that a chat does not use itself serves.
PLANES = (0xF0000, 0x100000)
PLANE_SIZE = 0xFFFD
ANY_SENTINEL = re.compile("[\U000f0000-\U000ffffd\U00100000-\U0010fffd]")
SENTINELS = {0xF0000: re.compile("[\U000f0000-\U000ffffd]"), 0x100000: re.compile("[\U00100000-\U0010fffd]")}


@dataclass(frozen=True)
class Part:
    """The content of message `message` of a dialogue, as one part of a chat message."""

    message: int
    content: str


@dataclass(frozen=True)
class ChatMessage:
    """What the template is given: a role, and parts joined by an empty line (several: a system text folded in)."""

    role: str
    parts: tuple[Part, ...]

    def as_dict(self) -> dict[str, str]:
        """Return the mapping a chat template reads."""
        return {"role": self.role, "content": "\n\n".join(p.content for p in self.parts)}


@dataclass(frozen=True)
class Span:
    """Characters of a message's content and where they stand in the rendered text.

    Attributes:
        message: index of the message.
        start, end: characters in the rendered text.
        first, last: characters in the message's content.
        escaped: whether the template wrote them as JSON (templates do so with tool messages).
    """

    message: int
    start: int
    end: int
    first: int
    last: int
    escaped: bool = False


@dataclass(frozen=True)
class Piece:
    """A stretch `[first, last)` of a content, with sentinels put in before its characters `a` and `b`."""

    part: Part
    first: int
    last: int
    a: int
    b: int


Chat = Sequence[ChatMessage]


@dataclass(frozen=True)
class Marked:
    """A chat with sentinels in it."""

    messages: list[dict[str, str]]
    pieces: list[Piece]
    plane: int


def mark(chat: Chat, cut: Cut, place: Place) -> Marked | None:
    """Put two sentinels into each piece of a chat; None where there is no room for them."""
    used = "".join(p.content for m in chat for p in m.parts)
    plane = next((p for p in PLANES if not SENTINELS[p].search(used)), None)
    if plane is None:
        return None
    pieces: list[Piece] = []
    messages = []
    for message in chat:
        parts = []
        for part in message.parts:
            text, at = [], 0
            for first, last in cut(part.content, message.role):
                a, b = place(first, last)
                code = plane + 2 * len(pieces)
                if code + 1 > plane + PLANE_SIZE:
                    return None
                text += [part.content[at:a], chr(code), part.content[a:b], chr(code + 1)]
                at = b
                pieces.append(Piece(part, first, last, a, b))
            parts.append("".join([*text, part.content[at:]]))
        messages.append({"role": message.role, "content": "\n\n".join(parts)})
    return Marked(messages, pieces, plane)


def read(marked: Marked, rendered: str, text: str) -> list[Span] | None:
    """Read the spans in `text` off the rendering with sentinels; None where the two renderings do not agree."""
    if SENTINELS[marked.plane].sub("", rendered) != text:
        return None
    places: list[list[int]] = [[] for _ in range(2 * len(marked.pieces))]
    for k, match in enumerate(SENTINELS[marked.plane].finditer(rendered)):
        places[ord(match.group()) - marked.plane].append(match.start() - k)
    spans = []
    for k, piece in enumerate(marked.pieces):
        if len(places[2 * k]) != len(places[2 * k + 1]):
            return None
        for a, b in zip(places[2 * k], places[2 * k + 1], strict=True):
            span = _span(piece, a, b, text)
            if span is None:
                return None
            spans.append(span)
    return sorted(spans, key=lambda s: s.start)


def json_form(content: str) -> str:
    """Write characters as they stand inside a JSON string."""
    return json.dumps(content, ensure_ascii=False)[1:-1]


def _span(piece: Piece, a: int, b: int, text: str) -> Span | None:
    """Step from the sentinels out to the ends of the piece, and check that it really is what stands there."""
    content = piece.part.content
    for escaped in (False, True):
        write = json_form if escaped else str
        start, end = a - len(write(content[piece.first : piece.a])), b + len(write(content[piece.b : piece.last]))
        if start >= 0 and text[start:end] == write(content[piece.first : piece.last]):
            return Span(piece.part.message, start, end, piece.first, piece.last, escaped)
    return None


def search(chat: Chat, text: str) -> list[Span] | None:
    """The last resort: plain search, accepted only where every content occurs as often as it was said."""
    parts = [(p, NOT_SPACE.search(p.content)) for m in chat for p in m.parts]
    said = [found.group() for _, found in parts if found]
    spans, at = [], 0
    for part, found in parts:
        if found is None:
            continue
        place = text.find(found.group(), at)
        if place < 0 or text.count(found.group()) != said.count(found.group()):
            return None
        at = place + len(found.group())
        spans.append(Span(part.message, place, at, *found.span()))
    return spans
