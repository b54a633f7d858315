"""Values that follow from a definition, worked out in another way than in the tables and in `computed.py`."""

from __future__ import annotations

import operator
import re
from collections.abc import Mapping
from itertools import pairwise

_SMALL = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen"
)
_SMALL_VALUES = {word: i for i, word in enumerate([*_SMALL.split(), "eighteen", "nineteen"])}
_TENS = {"twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90}
_SIGNS = {"plus": operator.add, "minus": operator.sub, "times": operator.mul, "divided by": operator.floordiv}
_ROMAN = {"I": 1, "V": 5, "X": 10, "L": 50, "C": 100}
#: Schläfli symbols: p-sided faces, q at each corner.
_REGULAR = {
    "tetrahedron": (3, 3),
    "cube": (4, 3),
    "regular octahedron": (3, 4),
    "regular dodecahedron": (5, 3),
    "regular icosahedron": (3, 5),
}
_BASES = {"triangular": 3, "square": 4, "hexagonal": 6}


def recompute(table: str, column: str, row: Mapping[str, str]) -> str | None:
    """Return the value that follows from `row`'s entity, or None where nothing does."""
    entity = row.get("entity", "")
    if table == "arithmetic":
        return _in_the_same_words(entity, row[column])
    if table == "roman":
        return str(from_roman(entity))
    if table == "letters":
        return str(ord(entity) - ord("A") + 1)
    if (table, entity) == ("counts", "letters in the English alphabet"):
        return str(ord("Z") - ord("A") + 1)
    if (table, column) == ("polygons", "angles"):
        return str(180 * (int(row["sides"]) - 2))
    if table == "solids":
        return str(dict(zip(("faces", "edges", "vertices"), solid(entity), strict=True))[column])
    return None


def _in_the_same_words(sum_: str, said: str) -> str:
    """Return `said` when it is the result of the sum, else the result in digits."""
    left, sign, right = re.split(r" (plus|minus|times|divided by) ", sum_)
    result = _SIGNS[sign](from_words(left), from_words(right))
    return said if from_words(said) == result else str(result)


def from_words(text: str) -> int:
    """Return the number that English words below 1,000 say.

    Example:
        >>> from_words("seven hundred and forty-two")
        742
    """
    total = 0
    for word in re.findall(r"[a-z]+", text):
        if word == "hundred":
            total *= 100
        elif word != "and":
            total += _SMALL_VALUES.get(word, _TENS.get(word, 0))
    return total


def from_roman(numeral: str) -> int:
    """Return a Roman numeral's value: a letter before a greater one counts against it."""
    values = [_ROMAN[letter] for letter in numeral]
    return sum(-a if a < b else a for a, b in pairwise([*values, 0]))


def solid(name: str) -> tuple[int, int, int]:
    """Return faces, edges and vertices, from the shape of the faces (Euler: V - E + F = 2)."""
    if name in _REGULAR:
        p, q = _REGULAR[name]
        edges = 2 * p * q // (2 * p + 2 * q - p * q)
        return 2 * edges // p, edges, 2 * edges // q
    base, kind = name.split()
    n = _BASES[base]
    return (n + 1, 2 * n, n + 1) if kind == "pyramid" else (n + 2, 3 * n, 2 * n)
