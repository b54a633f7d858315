"""The token strip: a dialogue in which every token is shaded by its score. HTML and CSS only, no script.

Shading is centred on the threshold: orange with an underline above, blue without below, and stronger with distance, so
that neither colour vision nor colour is needed. White space keeps its width and gets a mark.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np
from markupsafe import Markup, escape

from sonde.report.data import TokenStrip
from sonde.report.format import count, number
from sonde.report.visible import boxed, pieces, plain, show_inline

_STRONGEST = 0.62  # opacity at the end of the scale: text keeps a contrast above 4.5 on it, dark and light
_BYTE = Markup('<span class="inv" title="carries part of a multi-byte character, or no text at all">⋯</span>')
_BAD = Markup('<span class="inv" title="U+FFFD: bytes that are not a whole character">U+FFFD</span>')
_SPACE, _TAB, _LINE = Markup('<i class="sp"> </i>'), Markup('<i class="tb">\t</i>'), Markup('<i class="nl"></i>\n')
_MARK = Markup('<i class="nl"></i>')  # in template tokens a line break is marked and not made


@dataclass(frozen=True)
class Scale:
    """How scores become shades.

    Attributes:
        centre: the score without a shade: the threshold, or 0 where none is set.
        span: the distance from the centre at which the shade is strongest; same unit as the scores, > 0.
        has_threshold: whether `centre` is a threshold.
    """

    centre: float
    span: float
    has_threshold: bool = True

    def strength(self, score: float) -> float:
        """Return the signed strength of a score, -1 … 1."""
        return float(np.clip((score - self.centre) / self.span, -1.0, 1.0))


def scale_for(strips: Iterable[TokenStrip], threshold: float | None) -> Scale:
    """Return one scale for all `strips`: strongest at the 95th percentile of the distance from the threshold."""
    centre = 0.0 if threshold is None else float(threshold)
    scores = [s for strip in strips for s in strip.scores if s is not None and np.isfinite(s)]
    span = float(np.quantile(np.abs(np.array(scores) - centre), 0.95)) if scores else 1.0
    return Scale(centre, span or 1.0, threshold is not None)


def token_text(text: str) -> Markup:
    """Return a token's text: escaped, white space marked, invisible characters boxed, partial bytes as `⋯`."""
    if not text:
        return _BYTE
    return Markup("").join(boxed(run) if hidden else _spaced(run) for run, hidden in pieces(text))


def _spaced(run: str) -> Markup:
    marked = escape(run).replace("\ufffd", _BAD)
    return marked.replace(" ", _SPACE).replace("\t", _TAB).replace("\n", _LINE)


def _classes(score: float | None, role: str, scale: Scale) -> tuple[str, str]:
    """Return a token's CSS classes and its shade."""
    base = "tk tp" if role == "template" else "tk"
    if score is None or not np.isfinite(score):
        return base + " ns", ""
    strength = scale.strength(score)
    side = "hi" if strength > 0 else "lo"
    firm = " st" if abs(strength) >= 0.5 else ""
    return f"{base} {side}{firm}", f' style="--a:{abs(strength) * _STRONGEST:.2f}"'


def token_html(text: str, score: float | None, role: str, index: int, scale: Scale) -> Markup:
    """Return one token as HTML."""
    classes, shade = _classes(score, role, scale)
    body = token_text(text)
    if role == "template":
        body = Markup(body.replace(_LINE, _MARK))
    shown = "not scored" if score is None else f"score {number(score)}"
    return Markup('<span class="{}"{} title="{}">{}</span>').format(
        classes, Markup(shade), f"{shown} · {plain(role)} · token {index}", body
    )


def turns(roles: Sequence[str]) -> list[tuple[str, list[int]]]:
    """Group token indices into turns of one role; template tokens join the turn they open, or the last one."""
    runs = [(role, [i for i, _ in group]) for role, group in groupby(enumerate(roles), key=lambda pair: pair[1])]
    made: list[tuple[str, list[int]]] = []
    opening: list[int] = []
    for role, indices in runs:
        if role == "template":
            opening = indices
            continue
        made.append((role, opening + indices))
        opening = []
    if opening and made:
        made[-1][1].extend(opening)
    elif opening:
        made.append(("template", opening))
    return made


def kept_indices(strip: TokenStrip, limit: int) -> list[int]:
    """Return at most `limit` token indices: a window around the highest-scored token."""
    n = len(strip.tokens)
    if n <= limit:
        return list(range(n))
    scored = [(s, i) for i, s in enumerate(strip.scores) if s is not None]
    peak = max(scored)[1] if scored else 0
    start = min(max(0, peak - limit // 2), n - limit)
    return list(range(start, start + limit))


def strip_html(
    strip: TokenStrip, scale: Scale, positive: str | None = None, limit: int = 400, scored: bool = True
) -> Markup:
    """Return one strip as an `<article>`: who it is, how it was scored, and its tokens.

    Args:
        strip: the example.
        scale: from `scale_for`, shared by every strip on the page.
        positive: name of the positive class; with it, the outcome at the threshold is named.
        limit: the most tokens shown; the rest is counted, not drawn.
        scored: whether this strip shows scores, rather than who said what.
    """
    kept = kept_indices(strip, limit)
    before, after = (kept[0], len(strip.tokens) - 1 - kept[-1]) if kept else (0, 0)
    rows = [_cut(before, "before")] if before else []
    rows += [
        _turn(strip, role, [kept[i] for i in indices], scale) for role, indices in turns([strip.roles[i] for i in kept])
    ]
    if after:
        rows.append(_cut(after, "after"))
    if scored:
        head = Markup("<header>{}</header>").format(_header(strip, scale, positive))
    else:
        head = Markup("<header>{}</header>").format(_name(strip)) if strip.example_id else Markup()
    css = "strip" if scored else "strip said-by"
    return Markup('<article class="{}">{}{}</article>').format(css, head, Markup("").join(rows))


def _turn(strip: TokenStrip, role: str, indices: list[int], scale: Scale) -> Markup:
    tokens = Markup("").join(token_html(strip.tokens[i], strip.scores[i], strip.roles[i], i, scale) for i in indices)
    return Markup('<div class="turn"><span class="role">{}</span><p class="tks" dir="auto">{}</p></div>').format(
        show_inline(role), tokens
    )


def _cut(tokens: int, side: str) -> Markup:
    return Markup('<p class="cut">… {} more tokens {} this point are not drawn</p>').format(count(tokens), side)


def outcome(class_name: str, above: bool, positive: str | None) -> str:
    """Return what the threshold made of an example, in words."""
    if not class_name or positive is None:
        return ""
    if class_name == positive:
        return "caught" if above else "missed"
    return "false alarm" if above else "correctly passed"


def _header(strip: TokenStrip, scale: Scale, positive: str | None) -> Markup:
    parts = [_score(strip.score, scale)]
    if strip.class_name:
        parts.append(Markup('<span class="cls">{}</span>').format(show_inline(strip.class_name)))
    known = scale.has_threshold and strip.score is not None
    said = outcome(strip.class_name, strip.score > scale.centre, positive) if known else ""  # type: ignore[operator]
    if said:
        parts.append(Markup('<span class="said">{}</span>').format(said))
    parts.append(Markup('<span class="sid">{}</span>').format(show_inline(strip.example_id)))
    return Markup(" ").join(parts)


def _name(strip: TokenStrip) -> Markup:
    return Markup('<span class="sid">{}</span>').format(show_inline(strip.example_id))


def _score(score: float | None, scale: Scale) -> Markup:
    if score is None:
        return Markup('<span class="where">token scores only</span>')
    where = f"{'▲ above' if score > scale.centre else '▼ at or below'} {'threshold' if scale.has_threshold else 'zero'}"
    return Markup('<span class="score">{}</span> <span class="where">{}</span>').format(number(score), where)


def legend_html(scale: Scale) -> Markup:
    """Return the key to the shades: both ends and the centre in numbers."""
    centre = "threshold" if scale.has_threshold else "zero (no threshold set)"
    low, middle, high = (number(scale.centre + k * scale.span, 2) for k in (-1, 0, 1))
    return Markup(
        '<p class="key"><span class="tk lo st" style="--a:{a}">{low}</span>'
        '<span class="ramp" aria-hidden="true"></span>'
        '<span class="tk hi st" style="--a:{a}">{high}</span> <span>blue: below the {centre} of {middle}; orange and '
        "underlined: above; bold: far from it; plain and grey: not scored; ⋯: part of a multi-byte character</span></p>"
    ).format(a=_STRONGEST, low=low, high=high, middle=middle, centre=centre)
