"""Neutral ways to ask a question, in which a belief shows: several wordings, the options in every order."""

from __future__ import annotations

import string
from collections.abc import Sequence

from sonde.base.errors import InputError
from sonde.text import Message
from sonde.text.questions import Phrasing, Question

#: Wordings for closed questions. The options of wording `i` begin with option `i`, so that a taste for the first place
#: or for a letter does not look like a belief.
CLOSED = (
    "{question} Answer with one of these: {options}.",
    "{question} Pick the right one of these: {options}.",
    "{question}\n{letters}\nAnswer with the letter alone.",
    "{question}\n{letters}\nWhich letter stands before the right answer? Reply with that letter.",
    "{question} Reply with the answer alone, in a few words.",
    "A quiz asks: {question} The choices are {options}. Which choice is right? Name it.",
)
#: Wordings that name no option, for sampled short answers.
OPEN = (
    "{question} Reply with the answer alone, in a few words.",
    "{question} Be brief.",
    "A quiz asks: {question} What is the right answer? Name it alone.",
    "Please answer this question as shortly as you can: {question}",
    "{question} Give just the answer.",
    "For a fact sheet: {question} One short answer, please.",
)


def phrasings_of(question: Question, templates: Sequence[str] | None = None) -> tuple[Phrasing, ...]:
    """Return the neutral phrasings of a closed question: its own, or those of `templates` (None = `CLOSED`).

    Raises:
        InputError: a template without `{question}`.
    """
    if question.phrasings:
        return question.phrasings
    return tuple(_fill(template, i, question) for i, template in enumerate(templates or CLOSED))


def open_prompts(question: Question, templates: Sequence[str] | None = None) -> tuple[tuple[Message, ...], ...]:
    """Return prompts for short answers: its own phrasings that end with the user, or those of `templates` (`OPEN`)."""
    own = tuple(p.messages for p in question.phrasings if p.messages[-1].role == "user")
    if own:
        return own
    return tuple(_fill(template, i, question).messages for i, template in enumerate(templates or OPEN))


def _fill(template: str, number: int, question: Question) -> Phrasing:
    if "{question}" not in template:
        raise InputError(f"Phrasing {template!r} has no {{question}}: write where the question goes.")
    shift = number % max(1, len(question.options))
    order = (*question.options[shift:], *question.options[:shift])
    letters = dict(zip(order, string.ascii_uppercase, strict=False))
    if "{letters}" in template and len(order) > len(letters):
        raise InputError(
            f"Question {question.id!r} has {len(order)} options, more than there are letters: "
            "leave {letters} out of the phrasings."
        )
    text = template.replace("{options}", ", ".join(order))
    text = text.replace("{letters}", "\n".join(f"{letter}) {option}" for option, letter in letters.items()))
    text = text.replace("{question}", question.text)
    answers = tuple(letters[o] for o in question.options) if "{letters}" in template else question.options
    return Phrasing((Message("user", text),), answers)
