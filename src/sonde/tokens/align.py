"""From character spans to tokens: encode rendered texts, and say for each token whose characters it covers.

Everything is laid out flat: the texts end to end (one free character after each), the tokens of all examples in one
array. Axis letters: `n` examples, `t` tokens, `c` characters.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np

from sonde.base.errors import InputError
from sonde.base.tables import ROLES, SEGMENTS, TokenTable, offsets_of
from sonde.text.dialogue import Dialogue
from sonde.tokens.locate import Span, json_form
from sonde.tokens.render import Rendered
from sonde.tokens.runs import bases_of

SEGMENT_OF_ROLE = {"system": "prompt", "user": "prompt", "assistant": "response", "tool": "tool", "text": "text"}
#: A character's label is `message * LABELS + segment`, or -1 for the template's own.
LABELS = len(SEGMENTS)


@dataclass(frozen=True)
class Encoded:
    """Token ids with their character spans: `ids`, `start`, `end` `[t]`, `offsets` `[n + 1]`."""

    ids: np.ndarray
    start: np.ndarray
    end: np.ndarray
    offsets: np.ndarray


def build_table(dialogues: Sequence[Dialogue], rendered: Sequence[Rendered], tokenizer: Any) -> TokenTable:
    """Tokenise rendered dialogues and fill in every column of the token table.

    A token belongs to the message whose characters it overlaps (the later one, if it overlaps two), and is a response
    token if it overlaps both thinking and response. Tokens without characters (BOS) and tokens over the template's
    characters only are `template`.
    """
    texts = tuple(r.text for r in rendered)
    bases = bases_of(texts)
    specials = np.fromiter(special_ids(tokenizer), dtype=np.int64)
    encoded = _encode(dialogues, rendered, tokenizer)
    special = np.isin(encoded.ids, specials)
    lengths = np.diff(encoded.offsets)
    base = np.repeat(bases, lengths)
    start, end = _spread(encoded, special, base, np.repeat([len(text) for text in texts], lengths))
    labels, target = _characters(dialogues, rendered, bases)
    key = _strongest(labels, start + base, end + base)
    owned = key >= 0
    message = np.where(owned, key // LABELS, -1)
    marks = np.concatenate([[0], np.cumsum(target)])
    return TokenTable(
        token_id=encoded.ids,
        position=np.arange(len(encoded.ids)) - np.repeat(encoded.offsets[:-1], lengths),
        role=_roles(dialogues, message, lengths),
        message=message,
        segment=np.where(owned, key % LABELS, SEGMENTS.index("template")).astype(np.int8),
        special=special,
        target=marks[end + base] > marks[start + base],
        start=start,
        end=end,
        offsets=encoded.offsets,
        lengths=lengths,
        texts=texts,
    )


def special_ids(tokenizer: Any) -> set[int]:
    """Return the ids of the tokenizer's special tokens.

    The unknown-word token stands for text, so it is not one of them, unless it also serves as BOS or EOS (GPT-2).
    """
    added = {i for i, token in tokenizer.added_tokens_decoder.items() if token.special}
    ends = {tokenizer.bos_token_id, tokenizer.eos_token_id}
    unknown = {tokenizer.unk_token_id} - ends
    return (added | set(tokenizer.all_special_ids)) - unknown


def _encode(dialogues: Sequence[Dialogue], rendered: Sequence[Rendered], tokenizer: Any) -> Encoded:
    """Encode all texts; the tokenizer adds its special tokens only where no chat template has written them."""
    ids: list[list[int]] = [[] for _ in rendered]
    spans: list[list[tuple[int, int]]] = [[] for _ in rendered]
    for templated in (False, True):
        rows = [i for i, r in enumerate(rendered) if r.templated == templated]
        if not rows:
            continue
        out = _call(tokenizer, [dialogues[i].id for i in rows], [rendered[i].text for i in rows], not templated)
        for i, row_ids, row_spans in zip(rows, out["input_ids"], out["offset_mapping"], strict=True):
            twice = len(row_ids) > 1 and row_ids[0] == row_ids[1] == tokenizer.bos_token_id is not None
            skip = int(twice and row_spans[0][0] == row_spans[0][1])  # the text itself begins with BOS
            ids[i], spans[i] = row_ids[skip:], row_spans[skip:]
    empty = next((d.id for d, row in zip(dialogues, ids, strict=True) if not row), None)
    if empty is not None:
        raise InputError(f"Dialogue {empty!r} has no token: it is empty, so leave it out.")
    counts = np.fromiter((len(row) for row in ids), dtype=np.int64, count=len(ids))
    total = int(counts.sum())
    flat = np.fromiter(chain.from_iterable(chain.from_iterable(spans)), dtype=np.int64, count=2 * total).reshape(-1, 2)
    return Encoded(
        ids=np.fromiter(chain.from_iterable(ids), dtype=np.int64, count=total),
        start=flat[:, 0].copy(),
        end=flat[:, 1].copy(),
        offsets=offsets_of(counts),
    )


def _call(tokenizer: Any, names: list[str], texts: list[str], add_special: bool) -> Any:
    for name, text in zip(names, texts, strict=True):
        if not text.isascii() and any("\ud800" <= c <= "\udfff" for c in text):
            raise InputError(
                f"Dialogue {name!r} holds half of a surrogate pair, which is no character: repair the file's encoding."
            )
    return tokenizer(
        texts,
        add_special_tokens=add_special,
        return_offsets_mapping=True,
        return_attention_mask=False,
        return_token_type_ids=False,
        padding=False,
        truncation=False,
        verbose=False,
    )


def _spread(encoded: Encoded, special: np.ndarray, base: np.ndarray, size: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Give whitespace tokens their characters back.

    Byte-level tokenizers with `trim_offsets` report an empty span for a token of nothing but whitespace. It gets what
    no neighbour covers: from the end of the tokens before it to the beginning of the next one with characters.
    `base` and `size` `[t]`: where each token's text begins, and how long it is.
    """
    start, end = encoded.start, encoded.end
    empty = (start == end) & ~special
    if not empty.any():
        return start, end
    first_end = np.maximum.accumulate(np.where(start == end, 0, end + base))
    following = np.where(start == end, np.iinfo(np.int64).max, start + base)
    next_start = np.minimum.accumulate(following[::-1])[::-1]
    low = np.maximum(first_end, base) - base
    high = np.minimum(next_start - base, size)
    filled = empty & (high > low)
    return np.where(filled, low, start), np.where(filled, high, end)


def _characters(
    dialogues: Sequence[Dialogue], rendered: Sequence[Rendered], bases: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return `[c]` each character's label and `[c]` whether the target covers it, texts end to end."""
    size = int(bases[-1]) + len(rendered[-1].text) + 1 if rendered else 0
    labels = np.full(size, -1, dtype=np.int64)
    target = np.zeros(size, dtype=bool)
    thinking = SEGMENTS.index("thinking")
    for dialogue, one, base in zip(dialogues, rendered, bases.tolist(), strict=True):
        for span in one.spans:
            role = dialogue.messages[span.message].role
            here = span.message * LABELS
            labels[base + span.start : base + span.end] = here + SEGMENTS.index(SEGMENT_OF_ROLE[role])
            for start, end in one.thinking if role == "assistant" else ():
                low, high = max(start, span.start), min(end, span.end)
                labels[base + low : base + max(low, high)] = here + thinking
        for start, end in target_spans(dialogue, one.spans):
            target[base + start : base + end] = True
    return labels, target


def _strongest(labels: np.ndarray, start: np.ndarray, end: np.ndarray) -> np.ndarray:
    """Return `[t]` the greatest label among the characters of each token; -1 for a token without characters."""
    if not len(start):
        return np.empty(0, dtype=np.int64)
    bounds = np.stack([start, np.maximum(end, start + 1)], axis=1).ravel()
    greatest = np.maximum.reduceat(np.append(labels, -1), bounds)[::2]
    return np.where(end > start, greatest, -1)


def _roles(dialogues: Sequence[Dialogue], message: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """Return `[t]` the role of each token's message."""
    counts = np.array([len(d.messages) for d in dialogues], dtype=np.int64)
    roles = np.array([ROLES.index(m.role) for d in dialogues for m in d.messages], dtype=np.int8)
    first = np.repeat(np.cumsum(counts) - counts, lengths)
    found = roles[first + np.maximum(message, 0)]
    return np.where(message >= 0, found, ROLES.index("template")).astype(np.int8)


def target_spans(dialogue: Dialogue, spans: Sequence[Span]) -> list[tuple[int, int]]:
    """Return the characters of the rendered text that the dialogue's target covers.

    Raises:
        InputError: the target names a message or characters that the dialogue does not have, or that the template
            leaves out.
    """
    target = dialogue.target
    if target is None:
        return []
    count = len(dialogue.messages)
    if not -count <= target.message < count:
        raise InputError(
            f"The target of dialogue {dialogue.id!r} is message {target.message}, but it has {count} "
            f"message{'s' * (count > 1)}: give an index from {-count} to {count - 1}."
        )
    index = target.message % count
    content = dialogue.messages[index].content
    start, end = target.start, len(content) if target.end is None else target.end
    if not 0 <= start < end <= len(content):
        raise InputError(
            f"The target of dialogue {dialogue.id!r} is characters {start} to {end} of message {index}, whose content "
            f"has {len(content)}: give a start before the end, both within the content."
        )
    found = [covered for s in spans if s.message == index and (covered := _covered(s, content, start, end))]
    if not found:
        raise InputError(
            f"The target of dialogue {dialogue.id!r}, characters {start} to {end} of message {index}, is not in the "
            "rendered text: the chat template leaves it out, so choose a target that the model reads."
        )
    return found


def _covered(span: Span, content: str, start: int, end: int) -> tuple[int, int] | None:
    """Carry characters `[start, end)` of a content over to the rendered text, as far as `span` reaches."""
    low, high = max(start, span.first), min(end, span.last)
    if low >= high:
        return None
    write = json_form if span.escaped else str
    begin = span.start + len(write(content[span.first : low]))
    return begin, begin + len(write(content[low:high]))
