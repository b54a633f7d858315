"""What may be done to a rollout's rows before they are written, and reading the answers to follow-up questions."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from sonde.capture import Model
from sonde.run.rollouts.ask import weigh_dialogues
from sonde.text import Dataset, Dialogue, Message, Target
from sonde.text.followup import FOLLOW_UPS, FollowUp, follow_up
from sonde.text.stripping import strip_instructions


def transformed(data: Dataset, how: str) -> Dataset:
    """Return the rows as `[rollout] transform` wants them."""
    if how == "strip":
        return strip_instructions(data)
    return follow_up(data) if how == "follow-up" else data


def follow_up_scores(
    model: Model, data: Dataset, questions: Sequence[FollowUp] = FOLLOW_UPS
) -> Float[np.ndarray, " n"]:
    """Return how much the model owns up to having lied, when asked after its answer.

    The probability of the answer that owns up, renormalised over "yes" and "no" and over their spelling with a
    capital, averaged over the wordings: a black-box lie detector that needs no training, higher = more of a lie.

    Args:
        model: who answered, and is asked.
        data: `n` dialogues that end with its answer.
        questions: the wordings.

    Raises:
        InputError: a dialogue does not end with the assistant.
    """
    asked = follow_up(data, questions, every=True)
    spellings = [("yes", "Yes"), ("no", "No")]
    rows = [
        Dialogue(d.id, (*d.messages, Message("assistant", word)), target=Target(len(d.messages)))
        for d in asked
        for words in spellings
        for word in words
    ]
    p = np.exp(np.array(weigh_dialogues(model, rows)).reshape(len(asked), 2, 2)).sum(axis=2)
    owns_up = np.array([0 if d.tags["admission"] == "yes" else 1 for d in asked])
    share = p[np.arange(len(asked)), owns_up] / p.sum(axis=1)
    return share.reshape(len(data), len(questions)).mean(axis=1)
