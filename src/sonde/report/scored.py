"""From scores on tokens to token strips: every character of the text is drawn once, whoever covers it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from sonde.base.errors import InputError
from sonde.base.tables import ROLES, TokenTable
from sonde.report.data import TokenStrip
from sonde.scores import Scores

#: The role of text between the tokens of a table that holds some of the tokens only.
CONTEXT = "context"


def strips_of(scores: Scores, index: Sequence[int] | np.ndarray | None = None) -> tuple[TokenStrip, ...]:
    """Return the token strips of scored examples, in the order of `index`.

    Args:
        scores: token scores, as `probe.score_tokens(model, data)` returns them.
        index: which examples; None = all.

    Raises:
        InputError: the scores are one an example, so there are no tokens to draw.
    """
    if scores.tokens is None:
        raise InputError(
            "These scores are one number an example, so there are no tokens to draw: score with `probe.score_tokens`."
        )
    chosen = range(len(scores)) if index is None else [int(i) for i in index]
    return tuple(_strip(scores, scores.tokens, i) for i in chosen)


def _strip(scores: Scores, table: TokenTable, i: int) -> TokenStrip:
    examples, own = scores.examples, scores.example_values
    name = "" if examples.labels is None else (examples.negative, examples.positive)[int(examples.labels[i])]
    drawn = list(token_pieces(table, i, scores.values))
    texts, values, roles = zip(*drawn, strict=True) if drawn else ((), (), ())
    return TokenStrip(examples.ids[i], name, None if own is None else float(own[i]), texts, values, roles)


def token_pieces(
    table: TokenTable, i: int, values: np.ndarray | None = None
) -> Iterator[tuple[str, float | None, str]]:
    """Yield (text, score, role) of example `i`: its tokens, and the text between them as `context` without a score.

    Tokens that share a character show it once: the first shows it, those after it have an empty text. White space that
    no token covers (word-level tokenizers) is shown with the token after it.
    """
    text, done = table.texts[i], 0
    for row in range(int(table.offsets[i]), int(table.offsets[i + 1])):
        start, end = int(table.start[row]), int(table.end[row])
        if text[done:start].strip():
            yield text[done:start], None, CONTEXT
            done = start
        score = None if values is None else float(values[row])
        yield text[done:end], score, ROLES[int(table.role[row])]
        done = max(done, end)
    if done < len(text):
        yield text[done:], None, CONTEXT
