"""Text from data, made inert and fully visible: escaped, isolated, and with characters nobody can see spelt out."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from markupsafe import Markup, escape

#: Characters that take part in text yet have no shape of their own, beside the categories below.
_SHAPELESS = set("\u00ad\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u2800\u3164\uffa0")
#: Spaces that do not break. They have a width, and numbers are set with them; only token strips spell them out.
_WIDE = "\u00a0\u202f"
_INVISIBLE_CATEGORIES = {"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"}
_SELECTORS = re.compile("[\ufe00-\ufe0f\U000e0100-\U000e01ef]")
_EMOJI = re.compile("[\u00a9\u00ae\u203c-\u3299\U0001f000-\U0001faff#*0-9]")


def is_invisible(character: str, before: str = "") -> bool:
    """Return whether a reader could not see `character` (`before` is the character it follows)."""
    if character in "\n\t ":
        return False
    if _SELECTORS.match(character):
        return not (character in "\ufe0e\ufe0f" and _EMOJI.match(before))
    category = unicodedata.category(character)
    return category in _INVISIBLE_CATEGORIES or category == "Zs" or character in _SHAPELESS


def pieces(text: str, leave: str = "") -> Iterator[tuple[str, bool]]:
    """Yield runs of `text` as (characters, False), and each invisible character alone as (character, True).

    The characters in `leave` count as visible.
    """
    run, before = "", ""
    for character in text:
        if character not in leave and is_invisible(character, before):
            if run:
                yield run, False
            yield character, True
            run = ""
        else:
            run += character
        before = character
    if run:
        yield run, False


def code_point(character: str) -> str:
    """Return `U+200B` for a zero-width space."""
    return f"U+{ord(character):04X}"


def name_of(character: str) -> str:
    """Return the code point and its Unicode name."""
    return f"{code_point(character)} {unicodedata.name(character, 'character without a name')}".lower().replace(
        "u+", "U+", 1
    )


def boxed(character: str) -> Markup:
    """Return the small boxed label that stands for an invisible character."""
    return Markup('<span class="inv" title="{}">{}</span>').format(name_of(character), code_point(character))


def show_inline(text: object) -> Markup:
    """Return text for a line of HTML: escaped, invisible characters boxed, isolated from its surroundings.

    Example:
        >>> str(show_inline("<b>"))
        '<bdi>&lt;b&gt;</bdi>'
    """
    body = Markup("").join(boxed(run) if hidden else escape(run) for run, hidden in pieces(str(text), _WIDE))
    return Markup("<bdi>{}</bdi>").format(body)


def show_block(text: object) -> Markup:
    """Return text for a `<pre>`: as `show_inline`, every line isolated on its own."""
    lines = str(text).replace("\r\n", "\n").split("\n")
    return Markup("\n").join(show_inline(line) if line else Markup("") for line in lines)


def plain(text: object) -> str:
    """Return text without markup in which every invisible character is written as `[U+200B]`."""
    flat = str(text).replace("\n", "↵").replace("\t", "⇥")
    return "".join(f"[{code_point(run)}]" if hidden else run for run, hidden in pieces(flat, _WIDE))
