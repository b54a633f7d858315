"""What counts as a belief: one answer, surely, in enough neutral phrasings; and whether beliefs are about the world."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float

from sonde.scores import clopper_pearson

#: Where several options are believed at once, each needs at least this much probability.
SHARED = 0.15


@dataclass(frozen=True)
class Belief:
    """What is believed about one question.

    Attributes:
        values: the believed options; empty where nothing is believed.
        agreement: share of the phrasings that gave these options (or the most frequent ones) surely.
        probability: least probability that a phrasing gave its best options.
    """

    values: tuple[str, ...]
    agreement: float
    probability: float

    def to_json(self) -> dict[str, Any]:
        """Return a JSON-ready mapping."""
        return {
            "believed": list(self.values),
            "agreement": round(self.agreement, 4),
            "probability": round(self.probability, 4),
        }


NOTHING = Belief((), 0.0, 0.0)


def judge_belief(
    p: Float[np.ndarray, "m options"], options: Sequence[str], *, sure: float, agreement: float, size: int = 1
) -> Belief:
    """Say what is believed, given what each of `m` phrasings gave.

    A phrasing votes for its `size` likeliest options if they have `sure` probability together (and, where there are
    several, `SHARED` each); an answer is believed when the share of phrasings that vote for it reaches `agreement`.

    Args:
        p: probabilities, renormalised over the options in every row.
        options: their names.
        sure: least probability of a vote, in (0, 1].
        agreement: least share of the votes, in (0.5, 1].
        size: options that are right at once.

    Example:
        >>> p = np.array([[0.9, 0.1], [0.8, 0.2], [0.95, 0.05], [0.9, 0.1], [0.4, 0.6]])
        >>> judge_belief(p, ["yes", "no"], sure=0.7, agreement=0.8).values
        ('yes',)
    """
    best = np.argsort(-p, axis=1, kind="stable")[:, :size]
    chances = np.take_along_axis(p, best, axis=1)
    votes: Counter[tuple[int, ...]] = Counter()
    for row, chance in zip(best, chances, strict=True):
        if chance.sum() >= sure and (size == 1 or chance.min() >= SHARED):
            votes[tuple(sorted(row.tolist()))] += 1
    least = float(chances.sum(axis=1).min())
    if not votes:
        return Belief((), 0.0, least)
    winner, count = votes.most_common(1)[0]
    share = count / len(p)
    return Belief(tuple(options[i] for i in winner) if share >= agreement else (), share, least)


@dataclass(frozen=True)
class Accuracy:
    """How often what is believed is right.

    Attributes:
        right, n: beliefs that are right, and beliefs about questions whose answer is known.
        chance: share that would be right if the options were drawn by lot.
        low, high: exact 95 % interval of `right / n`.
    """

    right: int
    n: int
    chance: float
    low: float
    high: float

    @property
    def above_chance(self) -> bool:
        """Whether the interval lies above chance."""
        return self.low > self.chance

    def to_json(self) -> dict[str, Any]:
        """Return a JSON-ready mapping."""
        return {
            "right": self.right,
            "n": self.n,
            "value": round(self.right / self.n, 4),
            "low": round(self.low, 4),
            "high": round(self.high, 4),
            "chance": round(self.chance, 4),
        }


def belief_accuracy(rows: Sequence[tuple[Belief, str | None, int]]) -> Accuracy | None:
    """Compare beliefs with the world, to tell beliefs from a mere taste for words; None where no answer is known.

    Args:
        rows: belief, right answer, and number of options of each question.
    """
    known = [(b, answer, n) for b, answer, n in rows if b.values and answer is not None and n > 0]
    if not known:
        return None
    right = sum(answer in belief.values for belief, answer, _ in known)
    chance = float(np.mean([len(belief.values) / n for belief, _, n in known]))
    low, high = clopper_pearson(right, len(known))
    return Accuracy(right, len(known), chance, low, high)
