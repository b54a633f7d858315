"""From dialogues to the text a model reads, with the place of every message in it.

The tokenizer's own chat template does the rendering. Where it has none, a dialogue is written plainly, one
`role: content` a line; a single `text` message is always used as it is. A dialogue that does not end with an assistant
message gets the generation prompt (in the plain form: a last line `assistant:`).

A template without a system role (it raises, or leaves the text out) gets the system text folded into the next user
message, with an empty line between; those characters keep the role `system`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sonde.base.errors import InputError
from sonde.text.dialogue import Dialogue
from sonde.tokens.cuts import LEVELS, whole
from sonde.tokens.grow import grow, wedge
from sonde.tokens.locate import Chat, ChatMessage, Marked, Part, Span, mark, read, search
from sonde.tokens.thinking import is_only_thinking, thinking_spans


@dataclass(frozen=True)
class Rendered:
    """One dialogue as the model reads it.

    Attributes:
        text: the rendered text.
        spans: where each message's content stands in `text`, left to right. A content may have several spans (the
            template rewrote the whitespace inside it) or none (earlier thinking that the template drops).
        thinking: character spans of `text` in which an assistant thinks, markers included.
        templated: whether a chat template wrote the text; it then holds BOS already, if the template wants one.
    """

    text: str
    spans: tuple[Span, ...]
    thinking: tuple[tuple[int, int], ...]
    templated: bool


def render(dialogues: Sequence[Dialogue], tokenizer: Any) -> list[Rendered]:
    """Render dialogues with the tokenizer's own chat template and find every message's content in the text.

    Raises:
        InputError: a dialogue has no message, mixes `text` with roles, cannot be rendered by the template, or a content
            cannot be located in the rendering; the sentence names the dialogue.
    """
    for dialogue in dialogues:
        _check(dialogue)
    rendered: list[Rendered | None] = [None] * len(dialogues)
    chats: list[int] = []
    for i, dialogue in enumerate(dialogues):
        if not dialogue.is_plain_text and getattr(tokenizer, "chat_template", None):
            chats.append(i)
        else:
            text, spans = _plain(dialogue)
            rendered[i] = _finished(dialogue, text, spans, templated=False)
    for i, (text, spans) in zip(chats, _templated([dialogues[i] for i in chats], tokenizer), strict=True):
        rendered[i] = _finished(dialogues[i], text, spans, templated=True)
    return [r for r in rendered if r is not None]


def _check(dialogue: Dialogue) -> None:
    if not dialogue.messages:
        raise InputError(f"Dialogue {dialogue.id!r} has no message: give it at least one, or leave it out.")
    if len(dialogue.messages) > 1 and any(m.role == "text" for m in dialogue.messages):
        raise InputError(
            f"Dialogue {dialogue.id!r} has {len(dialogue.messages)} messages, one of them of role 'text': a text "
            "without roles stands alone, so make it a dialogue of its own, or give the message another role."
        )


def _plain(dialogue: Dialogue) -> tuple[str, list[Span]]:
    """Write a dialogue without a template."""
    if dialogue.is_plain_text:
        content = dialogue.messages[0].content
        return content, [Span(0, 0, len(content), 0, len(content))]
    text, spans = "", []
    for k, message in enumerate(dialogue.messages):
        text += f"{message.role}: "
        spans.append(Span(k, len(text), len(text) + len(message.content), 0, len(message.content)))
        text += f"{message.content}\n"
    return (text[:-1] if _ends_answered(dialogue) else f"{text}assistant:"), spans


def _ends_answered(dialogue: Dialogue) -> bool:
    return dialogue.messages[-1].role == "assistant"


def _templated(dialogues: Sequence[Dialogue], tokenizer: Any) -> list[tuple[str, list[Span]]]:
    """Render with the chat template, folding system texts in where it takes none."""
    prompts = [not _ends_answered(d) for d in dialogues]
    chats: list[Chat] = [
        [ChatMessage(m.role, (Part(k, m.content),)) for k, m in enumerate(d.messages)] for d in dialogues
    ]
    texts = apply_template(tokenizer, [_dicts(c) for c in chats], prompts)
    folded = [i for i, t in enumerate(texts) if isinstance(t, Exception) and _has_system(dialogues[i])]
    spans: list[list[Span] | None] = [None] * len(dialogues)

    def attempt(rows: list[int]) -> None:
        good = [i for i in rows if isinstance(texts[i], str)]
        located = locate(tokenizer, [chats[i] for i in good], [str(texts[i]) for i in good], [prompts[i] for i in good])
        for i, found in zip(good, located, strict=True):
            spans[i] = found

    attempt(sorted(set(range(len(dialogues))) - set(folded)))
    folded += [
        i for i, d in enumerate(dialogues) if spans[i] is not None and "system" in _lost_roles(d, spans[i] or [])
    ]
    for i in folded:
        chats[i] = fold_system(chats[i])
    again = apply_template(tokenizer, [_dicts(chats[i]) for i in folded], [prompts[i] for i in folded])
    for i, text in zip(folded, again, strict=True):
        texts[i] = text
    attempt(folded)
    return [_accepted(d, t, s) for d, t, s in zip(dialogues, texts, spans, strict=True)]


def _accepted(dialogue: Dialogue, text: str | Exception, spans: list[Span] | None) -> tuple[str, list[Span]]:
    if isinstance(text, Exception):
        raise InputError(
            f"The tokenizer's chat template cannot render dialogue {dialogue.id!r} "
            f"(roles: {', '.join(m.role for m in dialogue.messages)}): {text}; change the roles or their order."
        ) from text
    if spans is None:
        raise InputError(
            f"The messages of dialogue {dialogue.id!r} cannot be located in the text that the chat template makes of "
            "them, because the template rewrites their contents: use a template that writes contents as they are, or "
            "give the rendered text as plain text."
        )
    lost = _lost_roles(dialogue, spans)
    if lost:
        raise InputError(
            f"The tokenizer's chat template leaves a whole {lost[0]!r} message out of dialogue {dialogue.id!r}, so the "
            "model would not read it: remove the message, or use a template that writes it."
        )
    return text, spans


def _lost_roles(dialogue: Dialogue, spans: Sequence[Span]) -> list[str]:
    """List the roles of messages that the template left out, apart from assistants' bare thinking."""
    found = {s.message for s in spans}
    lost = [m for k, m in enumerate(dialogue.messages) if k not in found and m.content.strip()]
    return [m.role for m in lost if not (m.role == "assistant" and is_only_thinking(m.content))]


def _has_system(dialogue: Dialogue) -> bool:
    return any(m.role == "system" for m in dialogue.messages)


def _dicts(chat: Chat) -> list[dict[str, str]]:
    return [m.as_dict() for m in chat]


def fold_system(chat: Chat) -> list[ChatMessage]:
    """Put each system text before the content of the next user message; it becomes one where none follows at once."""
    folded: list[ChatMessage] = []
    held: tuple[Part, ...] = ()
    for message in chat:
        if message.role == "system":
            held += message.parts
            continue
        if held and message.role != "user":
            folded.append(ChatMessage("user", held))
            held = ()
        folded.append(ChatMessage(message.role, held + message.parts))
        held = ()
    return [*folded, ChatMessage("user", held)] if held else folded


def apply_template(
    tokenizer: Any, chats: Sequence[list[dict[str, str]]], prompts: Sequence[bool]
) -> list[str | Exception]:
    """Render chats in batches; a chat that the template refuses gives its exception in place of a text."""
    texts: list[str | Exception] = [""] * len(chats)
    for prompt in (False, True):
        rows = [i for i, p in enumerate(prompts) if p == prompt]
        for i, text in zip(rows, _batch(tokenizer, [chats[i] for i in rows], prompt), strict=True):
            texts[i] = text
    return texts


def _batch(tokenizer: Any, chats: list[list[dict[str, str]]], prompt: bool) -> list[str | Exception]:
    if not chats:
        return []
    try:
        return list(tokenizer.apply_chat_template(chats, tokenize=False, add_generation_prompt=prompt))
    except Exception as error:  # templates raise what they like: jinja2 errors, TypeError, KeyError, …
        if len(chats) == 1:
            return [error]
        return [text for chat in chats for text in _batch(tokenizer, [chat], prompt)]


def locate(
    tokenizer: Any, chats: Sequence[Chat], texts: Sequence[str], prompts: Sequence[bool]
) -> list[list[Span] | None]:
    """Find every content of every chat in its rendered text; None where that cannot be done with certainty."""
    found: list[list[Span] | None] = [None] * len(chats)
    for cut, place in LEVELS:
        marked: dict[int, Marked] = {}
        for i in (i for i, spans in enumerate(found) if spans is None):
            one = mark(chats[i], cut, place)
            if one is not None:
                marked[i] = one
        again = apply_template(tokenizer, [m.messages for m in marked.values()], [prompts[i] for i in marked])
        for (i, one), rendered in zip(marked.items(), again, strict=True):
            spans = read(one, rendered, texts[i]) if isinstance(rendered, str) else None
            if spans is not None and cut is not whole:
                contents = _contents(chats[i])
                spans = wedge(grow(spans, texts[i], contents), texts[i], contents)
            found[i] = spans
    return [search(c, t) if spans is None else spans for c, t, spans in zip(chats, texts, found, strict=True)]


def _contents(chat: Chat) -> dict[int, str]:
    return {p.message: p.content for m in chat for p in m.parts}


def _finished(dialogue: Dialogue, text: str, spans: Sequence[Span], templated: bool) -> Rendered:
    """Find the thinking, now that it is known who wrote what."""
    thinking: list[tuple[int, int]] = []
    for k, message in enumerate(dialogue.messages):
        own = [s for s in spans if s.message == k] if message.role == "assistant" else []
        if own:
            first, last = min(s.start for s in own), max(s.end for s in own)
            start = max((s.end for s in spans if s.message != k and s.end <= first), default=0)
            end = min((s.start for s in spans if s.message != k and s.start >= last), default=len(text))
            thinking += thinking_spans(text, first, last, start, end)
    return Rendered(text, tuple(spans), tuple(thinking), templated)
