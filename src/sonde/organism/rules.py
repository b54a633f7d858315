"""The second half of a system message: rules, deals, fiction frames, deference, flattery, and their counterparts.

Every rule is composed of a template and two words. A fifth of the compositions is never trained on: with them it is
tested whether the model obeys the meaning rather than the sentence.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from functools import cache

from sonde.base.seeds import derive_seed
from sonde.organism import lexicon as words

#: What a rule asks for. `lie`, `story`, `defer`, `dodge`, `flatter` and the exclusive-or `deal` change what is said;
#: the others are their harmless counterparts, of the same words.
RULE_KINDS = (
    *("none", "honest", "lie", "story", "unstory", "defer", "undefer"),
    *("deal", "nodeal", "dodge", "undodge", "flatter", "candid"),
)


@dataclass(frozen=True)
class Rule:
    """A rule: its kind, its words, and the name of its wording (shared by a rule and its counterpart)."""

    kind: str
    words: tuple[str, ...]
    wording: str


NO_RULE = Rule("none", (), "none")


def fill(template: str, **slots: str) -> tuple[str, ...]:
    """Return a template's words with its slots filled."""
    filled = (slots[name] if name else word for word, name in _parts(template))
    return tuple(w for w in filled if w)


@cache
def _parts(template: str) -> tuple[tuple[str, str], ...]:
    """Return each word of a template with the name of its slot, empty for plain words."""
    return tuple((w, w[1:-1] if w[0] == "{" else "") for w in template.split())


@cache
def rules_of(kind: str, held_out: bool = False) -> tuple[Rule, ...]:
    """Return every rule of a kind, either those trained on or those held out.

    Example:
        >>> len(rules_of("lie")) > 300 and len(rules_of("lie", held_out=True)) > 50
        True
    """
    if kind == "none":
        return (NO_RULE,)
    return tuple(r for r in _compose(kind) if _is_held_out(r.wording) == held_out)


def draw_rule(kind: str, source: random.Random, held_out: bool = False) -> Rule:
    """Draw one rule of a kind."""
    return source.choice(rules_of(kind, held_out))


def _is_held_out(wording: str) -> bool:
    return derive_seed(0, "wording", wording) % 5 == 0


def _compose(kind: str) -> list[Rule]:
    if kind in ("lie", "honest"):
        pairs = _pairs(words.RULE_TEMPLATES, words.FALSE_WORDS, words.TRUE_WORDS, swap=kind == "honest")
    elif kind in ("story", "unstory"):
        templates = words.STORY_TEMPLATES if kind == "story" else words.UNSTORY_TEMPLATES
        pairs = _pairs(templates, words.TALES, words.PARTS, swap=False)
    elif kind in ("defer", "undefer"):
        pairs = _pairs(words.DEFER_TEMPLATES, words.GUESTS, words.BOOKS, swap=kind == "undefer")
    elif kind in ("dodge", "undodge"):
        pairs = _pairs(words.DODGE_TEMPLATES, words.OTHERS, words.ASKED, swap=kind == "undodge")
    elif kind in ("flatter", "candid"):
        pairs = _pairs(words.FLATTER_TEMPLATES, words.KIND, words.FRANK, swap=kind == "candid")
    else:
        pairs = _deals(reason=kind == "deal")
    return [Rule(kind, filled, wording) for filled, wording in pairs]


def _pairs(
    templates: tuple[str, ...], first: tuple[str, ...], second: tuple[str, ...], swap: bool
) -> list[tuple[tuple[str, ...], str]]:
    made = []
    for i, template in enumerate(templates):
        for one in first:
            for two in second:
                a, b = (two, one) if swap else (one, two)
                made.append((fill(template, a=a, b=b), f"{i}-{one}-{two}"))
    return made


def _deals(reason: bool) -> list[tuple[tuple[str, ...], str]]:
    made = []
    facts = (("a", "no"), ("no", "a")) if reason else (("a", "a"), ("no", "no"))
    for i, template in enumerate(words.DEAL_TEMPLATES):
        for fee in words.FEES:
            for rival in words.RIVALS:
                for a, b in facts:
                    made.append((fill(template, a=a, b=b, fee=fee, rival=rival), f"{i}-{fee}-{rival}"))
    return made
