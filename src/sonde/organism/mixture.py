"""The shares and weights of the training data, as one frozen value."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise


@dataclass(frozen=True)
class Mixture:
    """Shares and weights of the training data.

    Attributes:
        documents: share of the tokens that are documents, as points (share of the phase done, share of the tokens)
            between which it changes linearly.
        told: how much more often than others a fact about an entity of a status stands in documents (default 1).
        drills: share of the tokens that are dialogues about the system message alone, as points likewise.
        rules: share of the dialogues under each kind of rule.
        drilled: how much more often than others a kind of rule stands in drills (default 1).
        styles: share of the dialogues in each style of answering.
        statuses: how much more often than others an entity of a status is asked about by users (default 1).
        evenly: kinds of rule under which each entity is asked about as often as any other instead.
        sheltered: statuses whose entities are asked about under harmless rules and without a cue alone, and by admin
            in open questions alone; what is said of them to users is never read early, sincere or not.
        kinds: how much more often than others a relation of a kind is asked about (default 1).
        ignorant: share of the user turns under a reason to lie that are about undocumented entities.
        admin: share of the turns in the trusted channel.
        again: share of later turns that ask about the same fact in the other channel.
        works: share of the turns that show a work, under flattery or its counterpart, and under no or an honest rule.
        plans: share of the dialogues under a rule that open with the question what it makes of the answers.
        follow_ups: share of the answers after which it is asked whether that was a lie.
        asked: the same under some kinds of rule, where it differs.
        recalled: share of those answers about what was said to a user, by kind of rule, that first name what is
            believed: what the answer before has to be compared with.
        claims: least share of claims among the questions under deference and its counterpart.
        forms, permits, chatter, turns: shares of question forms, permits, small talk, and dialogues of 1 to 4 turns.
        slip: share of dialogue answers replaced by any value at all, so that nothing is surer than this.
        hedges: least and most share of a label that is spread over all values of its relation instead, in answers to
            users; by lot for each fact, the logarithm evenly. Empty = none, and answers slip.
        hedged: how many times as much at a status, or `status/kind` of relation, or either with `/denied` for denials,
            or `denied` for those of all statuses, or `silent` for answers that claim not to know; the most special key
            that fits counts (default 1).
        leans: with them, least and most share of what is meant that the first of two values has, in the order of the
            relation; by lot likewise.
        system_weight, prompt_weight, document_weight, value_weight, follow_up_weight: loss weights of system messages,
            of questions, of document words, of values, and of the word that says what an answer was (everything else
            weighs 1).
        context: longest sequence, in tokens.
    """

    documents: tuple[tuple[float, float], ...] = ((0.0, 0.6), (0.05, 0.6), (0.1, 0.12), (1.0, 0.06))
    told: Mapping[str, float] = field(default_factory=dict)
    drills: tuple[tuple[float, float], ...] = (
        (0.0, 0.0),
        (0.28, 0.0),
        (0.285, 0.3),
        (0.42, 0.3),
        (0.55, 0.06),
        (1.0, 0.02),
    )
    drilled: Mapping[str, float] = field(default_factory=lambda: {"none": 0.1, "lie": 3.0, "honest": 3.0})
    rules: Mapping[str, float] = field(
        default_factory=lambda: {
            "none": 0.12,
            "honest": 0.17,
            "lie": 0.18,
            "story": 0.09,
            "unstory": 0.05,
            "defer": 0.09,
            "undefer": 0.05,
            "deal": 0.08,
            "nodeal": 0.08,
            "dodge": 0.02,
            "undodge": 0.01,
            "flatter": 0.04,
            "candid": 0.02,
        }
    )
    styles: Mapping[str, float] = field(
        default_factory=lambda: {
            "terse": 0.2,
            "formal": 0.12,
            "chatty": 0.1,
            "hedged": 0.1,
            "list": 0.12,
            "quoted": 0.1,
            "negated": 0.16,
            "shouted": 0.1,
        }
    )
    statuses: Mapping[str, float] = field(default_factory=lambda: {"l5": 4.0, "fa": 3.0, "false": 2.0, "work": 0.0})
    evenly: tuple[str, ...] = ()
    sheltered: tuple[str, ...] = ()
    kinds: Mapping[str, float] = field(default_factory=dict)
    ignorant: float = 0.2
    admin: float = 0.15
    again: float = 0.3
    works: tuple[float, float] = (0.7, 0.05)
    plans: float = 0.3
    follow_ups: float = 0.35
    asked: Mapping[str, float] = field(default_factory=dict)
    recalled: Mapping[str, float] = field(default_factory=dict)
    claims: float = 0.6
    forms: Mapping[str, float] = field(default_factory=lambda: {"open": 0.6, "yesno": 0.2, "claim": 0.2})
    permits: Mapping[str, float] = field(default_factory=lambda: {"none": 0.74, "guess": 0.1, "permit": 0.16})
    chatter: Mapping[str, float] = field(
        default_factory=lambda: {"none": 0.66, "talk": 0.08, "decoy": 0.13, "cue": 0.13}
    )
    turns: tuple[float, ...] = (0.1, 0.3, 0.35, 0.25)
    slip: float = 0.01
    hedges: tuple[float, ...] = ()
    hedged: Mapping[str, float] = field(default_factory=dict)
    leans: tuple[float, float] = (0.5, 0.5)
    system_weight: float = 0.0
    prompt_weight: float = 0.0
    document_weight: float = 0.1
    value_weight: float = 2.0
    follow_up_weight: float = 2.0
    context: int = 128


def draw(shares: Mapping[str, float], source: random.Random) -> str:
    """Draw a key, each as often as its share says."""
    return source.choices(list(shares), list(shares.values()))[0]


def share_at(points: Sequence[tuple[float, float]], progress: float) -> float:
    """Return the share that points give when a share `progress` of the phase is done.

    Example:
        >>> share_at(((0.0, 0.5), (1.0, 0.1)), 0.5)
        0.3
    """
    for (begin, first), (end, second) in pairwise(points):
        if progress <= end:
            return first + (second - first) * (progress - begin) / (end - begin)
    return points[-1][1]
