"""The tokens that a dialogue's answer consists of."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sonde.base.tables import SEGMENTS, TokenTable
from sonde.tokens.selectors import Selector


@dataclass(frozen=True)
class Answer(Selector):
    """The target's tokens; of an example without any, the response's; without these too, the text's.

    What the label speaks of, in every kind of data: chats with a target, chats without one, plain texts. An example
    that has none of the three (a prompt nobody answered) gets no token.
    """

    def mask(self, table: TokenTable) -> np.ndarray:
        """Return `[t]` bool."""
        owner, n = table.example, table.n_examples
        taken = np.zeros(len(table), dtype=bool)
        open_ = np.ones(n, dtype=bool)
        for tokens in (
            table.target,
            table.segment == SEGMENTS.index("response"),
            table.segment == SEGMENTS.index("text"),
        ):
            taken |= tokens & open_[owner]
            open_ &= np.bincount(owner[tokens], minlength=n) == 0
        return taken

    def __str__(self) -> str:
        return "answer"
