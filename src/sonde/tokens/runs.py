"""Masks over a token table that need neighbours or characters: runs, and what lies between two strings.

Axis letters: `t` tokens, `n` examples.
"""

from __future__ import annotations

import numpy as np

from sonde.base.tables import TokenTable


def bases_of(texts: tuple[str, ...] | list[str]) -> np.ndarray:
    """Return `[n]` where each text begins when all are laid end to end with one free character after each."""
    sizes = np.fromiter((len(text) + 1 for text in texts), dtype=np.int64, count=len(texts))
    return np.cumsum(sizes) - sizes


def follows(table: TokenTable) -> np.ndarray:
    """Return `[t]` True where the row above is the same example's previous token (by position)."""
    joined = np.zeros(len(table), dtype=bool)
    joined[1:] = table.position[1:] == table.position[:-1] + 1
    begins = table.offsets[:-1]
    joined[begins[begins < len(table)]] = False
    return joined


def before_runs(table: TokenTable, mask: np.ndarray) -> np.ndarray:
    """Return `[t]` the token before each run of `mask` `[t]`; nothing where that token is not in the table."""
    found = np.zeros(len(table), dtype=bool)
    found[:-1] = follows(table)[1:] & mask[1:] & ~mask[:-1]
    return found


def after_runs(table: TokenTable, mask: np.ndarray) -> np.ndarray:
    """Return `[t]` the token after each run of `mask` `[t]`; nothing where that token is not in the table."""
    found = np.zeros(len(table), dtype=bool)
    found[1:] = follows(table)[1:] & mask[:-1] & ~mask[1:]
    return found


def between_mask(table: TokenTable, start: str, stop: str) -> np.ndarray:
    """Return `[t]` the tokens whose characters lie between an occurrence of `start` and the next `stop`."""
    bases = bases_of(table.texts)
    spans = [
        (base + a, base + b)
        for base, text in zip(bases.tolist(), table.texts, strict=True)
        for a, b in _intervals(text, start, stop)
    ]
    if not spans:
        return np.zeros(len(table), dtype=bool)
    opened, closed = np.array(spans, dtype=np.int64).T
    base = bases[table.example]
    begin, end = base + table.start, base + table.end
    nearest = np.searchsorted(opened, begin, side="right") - 1
    inside = (nearest >= 0) & (end <= closed[nearest]) & (end > begin)
    return np.asarray(inside, dtype=bool)


def _intervals(text: str, start: str, stop: str) -> list[tuple[int, int]]:
    """List the character spans between each `start` and the next `stop`, left to right, none overlapping."""
    spans: list[tuple[int, int]] = []
    at = text.find(start)
    while at >= 0:
        opened = at + len(start)
        closed = text.find(stop, opened)
        if closed < 0:
            break
        spans.append((opened, closed))
        at = text.find(start, closed + len(stop))
    return spans
