"""Labels as written (0/1, true/false, two class names) turned into 1 = positive and 0 = negative."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from sonde.base.errors import InputError, nearest

_PAIRS = (("0", "1"), ("false", "true"))
_OPPOSITES = {"true": "false", "false": "true", "yes": "no", "no": "yes"}


@dataclass(frozen=True)
class Classes:
    """The names of the two classes.

    Attributes:
        positive, negative: what labels 1 and 0 mean.
        fixed: whether the data itself states these names, so that a user's `positive` must be one of them.
    """

    positive: str = "positive"
    negative: str = "negative"
    fixed: bool = False


def read_labels(
    raw: Sequence[object],
    places: Sequence[str],
    where: str,
    *,
    positive: str | None = None,
    negative: str | None = None,
    classes: Classes | None = None,
) -> tuple[list[int] | None, Classes]:
    """Turn labels as written into 0 and 1; None when no row has one.

    Args:
        raw: `n` labels as found; None, "" and NaN mean none.
        places: `n` places for errors ("cities.csv line 7").
        where: the file or dataset as a whole.
        positive: the class that is 1; needed for class names. For 0/1 and true/false it names class 1, or, when it
            is itself one of the two labels, chooses it.
        negative: the other class; needed only when more than two names occur in a file that is to be refused.
        classes: the names that the format or the file's own header gives.

    Raises:
        InputError: a third label, a missing label among labelled rows, class names without `positive`.

    Example:
        >>> read_labels(["lie", "honest"], ["a line 1", "a line 2"], "a", positive="lie")[0]
        [1, 0]
    """
    if positive is not None and positive == negative:
        raise InputError(f"positive and negative are both {positive!r} for {where}: name two different classes.")
    written = [_written(value, place) for value, place in zip(raw, places, strict=True)]
    given = [value for value in written if value is not None]
    if not given:
        return None, _names(positive, negative, classes)
    if len(given) < len(written):
        place = places[written.index(None)]
        raise InputError(
            f"{place} has no label, though {len(given)} of {len(written)} rows of {where} have one: "
            "label every row or none."
        )
    folded = [value.casefold() for value in given]
    for pair in _PAIRS:
        inside = sum(value in pair for value in folded)
        named = positive is not None and positive in given and positive.casefold() not in pair
        if inside == len(folded):
            return _binary(folded, pair, where, positive, negative, classes)
        if 2 * inside >= len(folded) and not named:
            stray = next(i for i, value in enumerate(folded) if value not in pair)
            raise _neither(given[stray], places[stray], pair[1], pair[0])
    return _by_name(given, places, where, positive, negative, classes)


def _written(value: object, place: str) -> str | None:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return None
    if hasattr(value, "item"):  # a numpy scalar
        value = value.item()
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if not isinstance(value, str | int | float):
        raise InputError(
            f"{place} has a label of type {type(value).__name__}, expected 0/1, true/false or a class name."
        )
    return str(value).strip() or None


def _names(positive: str | None, negative: str | None, classes: Classes | None) -> Classes:
    if positive is None:
        base = classes or Classes()
        return Classes(base.positive, negative or base.negative)
    return Classes(positive, negative or _OPPOSITES.get(positive, f"not {positive}"))


def _binary(
    folded: list[str],
    pair: tuple[str, str],
    where: str,
    positive: str | None,
    negative: str | None,
    classes: Classes | None,
) -> tuple[list[int], Classes]:
    """Labels 0/1 or true/false: 1 or true is positive, unless `positive` names the other one."""
    values = [pair.index(value) for value in folded]
    if classes is None and pair == ("false", "true"):
        classes = Classes("true", "false")
    own = (classes.positive, classes.negative) if classes else (pair[1], pair[0])
    if positive is not None and positive.casefold() == own[1].casefold():
        return [1 - value for value in values], Classes(own[1], own[0])
    if positive is not None and positive.casefold() == own[0].casefold():
        return values, Classes(own[0], own[1])
    if positive is not None and classes is not None and classes.fixed:
        raise InputError(
            f"Positive class {positive!r} does not occur in {where}, whose classes are {own[0]!r} and {own[1]!r}: "
            "pass positive= one of them."
        )
    return values, _names(positive, negative, classes)


def _by_name(
    given: list[str],
    places: Sequence[str],
    where: str,
    positive: str | None,
    negative: str | None,
    classes: Classes | None,
) -> tuple[list[int], Classes]:
    seen = Counter(given)
    shown = ", ".join(repr(name) for name, _ in seen.most_common(6)) + (", …" if len(seen) > 6 else "")
    if positive is None and classes is not None and classes.fixed:
        positive, negative = classes.positive, negative or classes.negative
    if positive is None:
        raise InputError(f"Labels in {where} are class names ({shown}): pass positive= the one that counts as 1.")
    others = [name for name, _ in seen.most_common() if name != positive]
    misspelt = positive not in seen and (len(others) > 1 or nearest(positive, others))
    if misspelt and (negative is None or negative not in seen):
        raise InputError(f"No label in {where} is {positive!r} (labels seen: {shown}): pass positive= one of them.")
    chosen = negative or (others[0] if others else f"not {positive}")
    for value, place in zip(given, places, strict=True):
        if value not in (positive, chosen):
            raise _neither(value, place, positive, chosen)
    return [int(value == positive) for value in given], Classes(positive, chosen)


def _neither(value: str, place: str, positive: str, negative: str) -> InputError:
    return InputError(
        f"Label {value!r} in {place} is neither {positive!r} nor {negative!r}: correct it or remove that row."
    )
