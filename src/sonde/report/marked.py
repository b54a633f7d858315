"""Tokens with some of them marked: which ones a selector takes."""

from __future__ import annotations

import numpy as np
from markupsafe import Markup

from sonde.base.tables import TokenTable
from sonde.report.scored import token_pieces
from sonde.report.token_strip import token_text, turns
from sonde.report.visible import plain, show_inline


def marked_html(table: TokenTable, mask: np.ndarray, example: int, limit: int) -> Markup:
    """Return one example, token by token, the taken ones framed; `limit` tokens around the first that is taken.

    Args:
        table: the tokens.
        mask: `[t]` whether each is taken.
        example: which example.
        limit: the most tokens drawn.
    """
    pieces = list(token_pieces(table, example, mask.astype(float)))
    taken = [i for i, (_, score, _) in enumerate(pieces) if score]
    start = min(max(0, (taken[0] if taken else 0) - limit // 2), max(0, len(pieces) - limit))
    kept = range(start, min(len(pieces), start + limit))
    rows = (
        [Markup('<p class="cut">… {} more tokens before this point are not drawn</p>').format(start)] if start else []
    )
    rows += [
        Markup('<div class="turn"><span class="role">{}</span><p class="tks" dir="auto">{}</p></div>').format(
            show_inline(role), Markup("").join(_token(pieces, kept[i]) for i in indices)
        )
        for role, indices in turns([pieces[i][2] for i in kept])
    ]
    if (left := len(pieces) - kept.stop) > 0:
        rows.append(Markup('<p class="cut">… {} more tokens after this point are not drawn</p>').format(left))
    return Markup('<article class="strip">{}</article>').format(Markup("").join(rows))


def _token(pieces: list[tuple[str, float | None, str]], i: int) -> Markup:
    text, score, role = pieces[i]
    css = ("tk on" if score else "tk ns") + (" tp" if role == "template" else "")
    said = "taken" if score else "not taken"
    return Markup('<span class="{}" title="{} · {} · token {}">{}</span>').format(
        css, said, plain(role), i, token_text(text)
    )
