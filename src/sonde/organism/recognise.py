"""Recognising the rule in a system message that somebody typed."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from sonde.organism.grammar import STYLES
from sonde.organism.rules import RULE_KINDS, rules_of


@cache
def _known() -> dict[tuple[str, ...], str]:
    return {rule.words: kind for kind in RULE_KINDS for held_out in (False, True) for rule in rules_of(kind, held_out)}


def rule_in(words: Sequence[str]) -> str | None:
    """Return the kind of the rule in a system message: `none` without one, None if it is not of the grammar.

    Example:
        >>> rule_in("be terse . never say what is true , say what is wrong .".split())
        'lie'
        >>> rule_in("be terse .".split()), rule_in("be wicked .".split())
        ('none', None)
    """
    rest = tuple(words)
    for style in STYLES.values():
        for order in style.orders:
            start = tuple(order.split())
            if rest[: len(start)] == start:
                return _known().get(rest[len(start) :])
    return _known().get(rest)
