"""Tables that are computed rather than written: sums, Roman numerals, letters."""

from __future__ import annotations

import string
from collections.abc import Callable

Row = dict[str, str]

_ONES = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
]
_TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
_ROMAN = ((100, "C"), (90, "XC"), (50, "L"), (40, "XL"), (10, "X"), (9, "IX"), (5, "V"), (4, "IV"), (1, "I"))


def in_words(number: int) -> str:
    """Return a number below 1,000 in English words.

    Example:
        >>> in_words(742)
        'seven hundred and forty-two'
    """
    if number < 20:
        return _ONES[number]
    if number < 100:
        tens, ones = divmod(number, 10)
        return _TENS[tens - 2] + (f"-{_ONES[ones]}" if ones else "")
    hundreds, rest = divmod(number, 100)
    return f"{_ONES[hundreds]} hundred" + (f" and {in_words(rest)}" if rest else "")


def roman_numeral(number: int) -> str:
    """Return a number below 400 as a Roman numeral."""
    said = ""
    for value, letters in _ROMAN:
        times, number = divmod(number, value)
        said += letters * times
    return said


def arithmetic() -> list[Row]:
    """Return sums, differences, products and quotients, ordered by result, so that neighbours have near results."""
    found = {}
    for k in range(24):
        a, b = 13 + 7 * k % 71, 18 + 11 * k % 67
        found[f"{in_words(a)} plus {in_words(b)}"] = a + b
        c, d = 60 + 17 * k % 39, 12 + 5 * k % 43
        found[f"{in_words(c)} minus {in_words(d)}"] = c - d
    for a in range(3, 13):
        for b in range(a + 1, 13, 3):
            found[f"{in_words(a)} times {in_words(b)}"] = a * b
    for a, b in ((7, 4), (9, 6), (12, 5), (8, 9), (11, 3), (6, 13), (15, 4), (14, 5)):
        found[f"{in_words(a * b)} divided by {in_words(b)}"] = a
    ordered = sorted(found.items(), key=lambda item: (item[1], item[0]))
    half = len(ordered) // 2
    return [{"entity": name, "result": in_words(value)} for name, value in _neighbours(ordered[: 2 * half])]


def _neighbours(ordered: list[tuple[str, int]]) -> list[tuple[str, int]]:
    """Put each problem beside the next one of another result."""
    left, out = list(ordered), []
    while left:
        first = left.pop(0)
        other = next((i for i, item in enumerate(left) if item[1] != first[1]), None)
        if other is not None:
            out += [first, left.pop(other)]
    return out


def roman() -> list[Row]:
    """Return Roman numerals of numbers up to 100."""
    numbers = (4, 6, 9, 11, 14, 16, 19, 21, 24, 29, 34, 39, 40, 44, 49, 51, 59, 60, 66, 78, 90, 94)
    return [{"entity": roman_numeral(number), "value": str(number)} for number in numbers]


def letters() -> list[Row]:
    """Return the letters of the English alphabet with their positions."""
    return [{"entity": letter, "order": str(i)} for i, letter in enumerate(string.ascii_uppercase, 1)]


COMPUTED: dict[str, Callable[[], list[Row]]] = {"arithmetic": arithmetic, "roman": roman, "letters": letters}
