"""Where an assistant thinks: the known pairs of think markers, found in the assistant's turns of a rendered text."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class ThinkMarkers:
    """A pair of think markers.

    Attributes:
        opening, closing: the marker texts.
        implied: whether a closing marker alone means that all before it in the message is thinking (DeepSeek-R1 and its
            relatives open the block in the generation prompt, so their transcripts often lack the opening marker).
    """

    opening: str
    closing: str
    implied: bool = True


#: DeepSeek-R1, Qwen3, many others; Cohere; Magistral; Kimi; Seed; OpenThinker; gpt-oss.
MARKERS = (
    ThinkMarkers("<think>", "</think>"),
    ThinkMarkers("<thinking>", "</thinking>"),
    ThinkMarkers("<thought>", "</thought>"),
    ThinkMarkers("<reasoning>", "</reasoning>"),
    ThinkMarkers("<|START_THINKING|>", "<|END_THINKING|>"),
    ThinkMarkers("[THINK]", "[/THINK]"),
    ThinkMarkers("◁think▷", "◁/think▷"),
    ThinkMarkers("<seed:think>", "</seed:think>"),
    ThinkMarkers("<|begin_of_thought|>", "<|end_of_thought|>"),
    ThinkMarkers("<|channel|>analysis<|message|>", "<|end|>", implied=False),
)

OPENING = {m.opening: m for m in MARKERS}
CLOSING = {m.closing: m for m in MARKERS}
ANY_MARKER = re.compile("|".join(re.escape(text) for text in (*OPENING, *CLOSING)))


def thinking_spans(text: str, first: int, last: int, start: int, end: int) -> list[tuple[int, int]]:
    """Find the thinking of one assistant message, markers included, whether it or the template wrote them.

    Args:
        text: the rendered text.
        first, last: where the message's own content begins and ends in it.
        start, end: its turn: from the end of the message before to the beginning of the one after.

    Returns:
        Character spans. An opening marker that is never closed runs to the end of the turn, if it stands before the
        content or at its beginning; elsewhere it is taken for a mention of the marker.
    """
    spans: list[tuple[int, int]] = []
    opened: tuple[int, ThinkMarkers] | None = None
    for match in ANY_MARKER.finditer(text, start, end):
        marker = match.group()
        if marker in OPENING:
            if opened is None and match.start() < last:
                opened = (match.start(), OPENING[marker])
        elif opened is not None and opened[1] is CLOSING[marker]:
            spans.append((opened[0], match.end()))
            opened = None
        elif opened is None and not spans and CLOSING[marker].implied and first <= match.start() < last:
            spans.append((first, match.end()))
    if opened is not None and opened[0] <= first:
        spans.append((opened[0], end))
    return spans


def is_only_thinking(content: str) -> bool:
    """Say whether nothing but thinking is in an assistant's `content`; such a message a template may drop."""
    bare = content.strip()
    spans = thinking_spans(bare, 0, len(bare), 0, len(bare))
    rest = bare
    for start, end in reversed(spans):
        rest = rest[:start] + rest[end:]
    return not ANY_MARKER.sub("", rest).strip()
