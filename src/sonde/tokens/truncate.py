"""Fitting token sequences into a model's context, without losing what a selector takes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from sonde.base.errors import InputError, unknown_name
from sonde.base.tables import TokenTable
from sonde.tokens.selectors import Selector

TRUNCATIONS = ("error", "left", "right")


def truncate(
    table: TokenTable,
    names: tuple[str, ...],
    max_tokens: int | None,
    truncation: str,
    selector: Selector | None = None,
    bos_id: int | None = None,
) -> TokenTable:
    """Cut examples longer than `max_tokens` tokens.

    `left` keeps BOS where the sequence begins with it (models lean on it) and the last `max_tokens - 1` others.
    Positions and lengths are those of what the model will see: they run from 0 to `max_tokens - 1`.

    Raises:
        InputError: an example is too long and `truncation` is `error`, or it would lose a token that `selector` takes.
    """
    if truncation not in TRUNCATIONS:
        raise unknown_name("truncation", truncation, "tokenize", TRUNCATIONS)
    if max_tokens is None:
        return table
    if max_tokens < 1:
        raise InputError(f"max_tokens is {max_tokens}: give a limit of at least 1 token, or None for no limit.")
    long = np.flatnonzero(table.lengths > max_tokens)
    if not len(long):
        return table
    if truncation == "error":
        raise _too_long(table, names, long, max_tokens)
    length = np.repeat(table.lengths, np.diff(table.offsets))
    if truncation == "right":
        kept = table.position < max_tokens
    else:
        begins = (table.position == 0) & (table.token_id == (-1 if bos_id is None else bos_id))
        spare = np.zeros(table.n_examples, dtype=np.int64)
        spare[table.example[begins]] = 1
        kept = (table.position >= length - max_tokens + np.repeat(spare, np.diff(table.offsets))) | begins
        kept |= length <= max_tokens
    _refuse_loss(table, names, kept, selector, max_tokens, truncation)
    cut = table.keep(kept)
    position = np.arange(len(cut)) - np.repeat(cut.offsets[:-1], np.diff(cut.offsets))
    return replace(cut, position=position, lengths=np.diff(cut.offsets))


def _too_long(table: TokenTable, names: tuple[str, ...], long: np.ndarray, max_tokens: int) -> InputError:
    more = f" (and {len(long) - 1} more of {len(names)} are too long)" if len(long) > 1 else ""
    return InputError(
        f"Dialogue {names[long[0]]!r} has {table.lengths[long[0]]} tokens, but the limit is {max_tokens}{more}: "
        "shorten it, raise max_tokens if the model allows it, or set truncation to 'left' or 'right'."
    )


def _refuse_loss(
    table: TokenTable, names: tuple[str, ...], kept: np.ndarray, selector: Selector | None, limit: int, truncation: str
) -> None:
    if selector is None:
        return
    lost = selector.mask(table) & ~kept
    counts = np.bincount(table.example[lost], minlength=table.n_examples)
    rows = np.flatnonzero(counts)
    if len(rows):
        more = f" (and so do {len(rows) - 1} more of {len(names)})" if len(rows) > 1 else ""
        raise InputError(
            f"Dialogue {names[rows[0]]!r} has {table.lengths[rows[0]]} tokens, and cut on the {truncation} to {limit} "
            f"it loses {counts[rows[0]]} of those that {str(selector)!r} takes{more}: shorten it, leave it out, or "
            "truncate on the other side."
        )
