"""Where sentinels go into a content: how it is cut into pieces, and where in each piece they stand."""

from __future__ import annotations

import re
from collections.abc import Callable

from sonde.tokens.thinking import ANY_MARKER

#: Markup that templates look for: sentinels never break it, nor touch it from inside.
TAG = re.compile(r"</?[^<>\s]{1,40}>|\[/?[A-Z_]{2,20}\]|◁/?\w{1,20}▷")
LETTERS = re.compile(r"\w+")
NOT_SPACE = re.compile(r"\S(?:.*\S)?", re.DOTALL)

Cut = Callable[[str, str], list[tuple[int, int]]]
Place = Callable[[int, int], tuple[int, int]]


def whole(content: str, role: str = "") -> list[tuple[int, int]]:
    """Cut nothing: the content with its outer whitespace, if there is anything else in it."""
    return [(0, len(content))] if content.strip() else []


def between_tags(content: str, role: str) -> list[tuple[int, int]]:
    """Cut at think markers and other markup, and leave outer whitespace out.

    A stretch of nothing but markup between think markers stays whole; so does anything that is not an assistant's, as
    no template looks for thinking there.
    """
    stretches = _between(ANY_MARKER, content, 0, len(content))
    cuts = [cut for first, last in stretches for cut in _between(TAG, content, first, last) or [(first, last)]]
    return cuts if cuts or role == "assistant" else bare(content)


def _between(pattern: re.Pattern[str], content: str, first: int, last: int) -> list[tuple[int, int]]:
    cuts, at = [], first
    for stop, resume in [*(m.span() for m in pattern.finditer(content, first, last)), (last, last)]:
        found = NOT_SPACE.search(content, at, stop)
        if found:
            cuts.append(found.span())
        at = resume
    return cuts


def words(content: str, role: str = "") -> list[tuple[int, int]]:
    """Cut out the letters and digits."""
    return [m.span() for m in LETTERS.finditer(content)]


def bare(content: str, role: str = "") -> list[tuple[int, int]]:
    """Leave outer whitespace out."""
    return [m.span() for m in NOT_SPACE.finditer(content)]


def around(first: int, last: int) -> tuple[int, int]:
    """Sentinels outside the piece."""
    return first, last


def inside(first: int, last: int) -> tuple[int, int]:
    """Sentinels after the first and before the last character."""
    return first + 1, max(last - 1, first + 1)


def behind(first: int, last: int) -> tuple[int, int]:
    """Both sentinels after the piece."""
    return last, last


def late(first: int, last: int) -> tuple[int, int]:
    """Both sentinels before the last character."""
    return (max(last - 1, first + 1),) * 2


#: Ways to put sentinels in, tried in turn. The first is exact to the last space where the template does not strip; the
#: second survives stripping and dropped thinking; the third dropping at unknown markers; the others templates that look
#: at how a content begins.
LEVELS: tuple[tuple[Cut, Place], ...] = (
    (whole, around),
    (between_tags, inside),
    (words, inside),
    (whole, behind),
    (bare, late),
)
