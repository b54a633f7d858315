"""Printing which tokens a selector takes."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping

import numpy as np

from sonde.base.display import Displayed
from sonde.base.tables import ROLES, TokenTable


class ShownTokens(str, Displayed):
    """The text of `show_text`, with what a notebook draws it from.

    Attributes:
        table: the tokens.
        mask: `[t]` whether each is taken.
        example: which example is shown.
        name: its id.
    """

    table: TokenTable
    mask: np.ndarray
    example: int
    name: str

    @staticmethod
    def of(text: str, table: TokenTable, mask: np.ndarray, example: int, name: str) -> ShownTokens:
        """Return `text` with its sources."""
        made = ShownTokens(text)
        made.table, made.mask, made.example, made.name = table, mask, example, name
        return made

    @property
    def counts(self) -> str:
        """How many tokens are taken, in all and by role."""
        return self.rpartition("\n")[2]

    def __repr__(self) -> str:
        return str(self)


OPEN, CLOSE = "⟦", "⟧"
VISIBLE = {" ": "·", "\t": "→", "\n": "↵\n", "\r": "␍"}
#: Formatting characters and unassigned, private or broken ones: invisible, so they are written as escapes.
HIDDEN = {"Cc", "Cf", "Co", "Cn", "Cs", "Zl", "Zp", "Zs"}


def visible(text: str) -> str:
    """Write whitespace and invisible characters so that they show: `·` space, `→` tab, `↵` new line, others escaped.

    Example:
        >>> visible("a b\\u200b")
        'a·b\\\\u200b'
    """
    return "".join(VISIBLE.get(c) or (_escape(c) if unicodedata.category(c) in HIDDEN else c) for c in text)


def show_text(table: TokenTable, mask: np.ndarray, example: int, names: Mapping[int, str]) -> str:
    """Write one example with each taken token in `⟦⟧`, and below it the counts by role.

    A token without characters of its own is written by name (BOS), or as empty brackets where earlier tokens already
    cover its character (several tokens may share one).
    """
    rows = slice(int(table.offsets[example]), int(table.offsets[example + 1]))
    text, taken = table.texts[example], mask[rows]
    pieces, at = [], 0
    columns = zip(table.token_id[rows], table.start[rows], table.end[rows], taken, strict=True)
    for token, start, end, is_taken in columns:
        if end > start:
            pieces.append(visible(text[at:start]))
            shown = visible(text[max(at, start) : end])
            at = max(at, int(end))
        else:
            shown = names.get(int(token), "")
        pieces.append(f"{OPEN}{shown}{CLOSE}" if is_taken else shown)
    pieces.append(visible(text[at:]))
    return "".join(pieces) + "\n" + _counts(table.role[rows], taken)


def _counts(role: np.ndarray, taken: np.ndarray) -> str:
    by_role = [
        f"{name} {int(taken[role == k].sum())}/{int((role == k).sum())}"
        for k, name in enumerate(ROLES)
        if (role == k).any()
    ]
    return f"taken {int(taken.sum())} of {len(taken)} tokens; by role: {', '.join(by_role)}"


def _escape(character: str) -> str:
    code = ord(character)
    return f"\\U{code:08x}" if code > 0xFFFF else f"\\u{code:04x}"
