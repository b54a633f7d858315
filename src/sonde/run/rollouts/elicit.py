"""Eliciting beliefs, apart from the answers: option log-probabilities, or short answers, in neutral phrasings."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sonde.base.errors import InputError
from sonde.recipe import RolloutRecipe
from sonde.run.rollouts.ask import Ask
from sonde.run.rollouts.beliefs import NOTHING, Belief, judge_belief
from sonde.run.rollouts.parse import parse_answer, spoken
from sonde.run.rollouts.phrasings import open_prompts, phrasings_of
from sonde.text.duplicates import normalise
from sonde.text.questions import Question

#: Phrasings that a belief needs at least.
LEAST = 5
#: Longest sampled short answer, in tokens.
SHORT = 24


def elicit(ask: Ask, questions: Sequence[Question], settings: RolloutRecipe, seed: int) -> dict[str, Belief]:
    """Return what the model believes about each question, by its id.

    Closed questions are weighed (`belief = "options"`) or answered shortly (`"answers"`); questions without options can
    only be answered. Thinking plays no part in weighing.

    Raises:
        InputError: a question has fewer than five phrasings.
    """
    weighed = [q for q in questions if q.closed and settings.belief == "options"]
    spoken_to = [q for q in questions if not (q.closed and settings.belief == "options")]
    found = weigh_beliefs(ask, weighed, settings) if weighed else {}
    if spoken_to:
        found |= sample_beliefs(ask, spoken_to, settings, seed)
    return found


def weigh_beliefs(ask: Ask, questions: Sequence[Question], settings: RolloutRecipe) -> dict[str, Belief]:
    """Return beliefs by the log-probabilities of the options, renormalised over them in every phrasing."""
    from scipy.special import softmax

    phrased = [phrasings_of(question, settings.phrasings) for question in questions]
    for question, phrasings in zip(questions, phrased, strict=True):
        _require_enough(question, len(phrasings))
    weights = iter(ask.weigh([p for phrasings in phrased for p in phrasings]))
    found = {}
    for question, phrasings in zip(questions, phrased, strict=True):
        p = softmax(np.array([next(weights) for _ in phrasings]), axis=1)
        found[question.id] = _judge(p, question.options, settings, question.believed)
    return found


def sample_beliefs(ask: Ask, questions: Sequence[Question], settings: RolloutRecipe, seed: int) -> dict[str, Belief]:
    """Return beliefs by sampled short answers, one a phrasing; an answer that cannot be read votes for nothing."""
    prompts = [open_prompts(question, settings.phrasings) for question in questions]
    for question, own in zip(questions, prompts, strict=True):
        _require_enough(question, len(own))
    length = max(SHORT, settings.max_new_tokens) if settings.thinking else SHORT
    said = iter(
        ask.sample(
            [p for own in prompts for p in own],
            max_new_tokens=length,
            temperature=settings.temperature,
            seed=seed,
            what="short answers",
        )
    )
    return {
        question.id: _of_answers(question, [next(said) for _ in own], settings)
        for question, own in zip(questions, prompts, strict=True)
    }


def _of_answers(question: Question, answers: Sequence[str], settings: RolloutRecipe) -> Belief:
    options = question.options or distinct_answers(answers)
    if not options:
        return NOTHING
    votes = np.zeros((len(answers), len(options)))
    for row, answer in zip(votes, answers, strict=True):
        parsed = parse_answer(answer, options)
        if parsed.kind == "asserted" and parsed.option is not None:
            row[options.index(parsed.option)] = 1.0
    return _judge(votes, options, settings, 1)


def distinct_answers(answers: Sequence[str]) -> tuple[str, ...]:
    """Return short answers that differ, an answer inside another counting as the same, the shorter one kept.

    Example:
        >>> distinct_answers(["Paris.", "In Paris", "paris", "Lyon"])
        ('Paris', 'Lyon')
    """
    kept: list[str] = []
    for answer in sorted((spoken(a).strip(" .!\"'\n") for a in answers), key=len):
        if answer and not any(normalise(other) in normalise(answer) for other in kept):
            kept.append(answer)
    said = [normalise(answer) for answer in answers]
    return tuple(sorted(kept, key=lambda answer: -sum(normalise(answer) in other for other in said)))


def _judge(p: np.ndarray, options: Sequence[str], settings: RolloutRecipe, size: int) -> Belief:
    return judge_belief(p, options, sure=settings.belief_probability, agreement=settings.belief_agreement, size=size)


def _require_enough(question: Question, count: int) -> None:
    if count < LEAST:
        raise InputError(
            f"Question {question.id!r} has {count} neutral phrasings, expected at least {LEAST}: a belief shows in "
            "several wordings; add some, or leave its own out."
        )
