"""From answers to the labelled dialogues that `sonde train` reads."""

from __future__ import annotations

import re
from collections.abc import Sequence
from types import MappingProxyType

from sonde.base.errors import InputError
from sonde.run.names import load_dataset
from sonde.run.rollouts.answers import Answer
from sonde.run.rollouts.labels import NEGATIVE, POSITIVE
from sonde.run.rollouts.parse import spoken
from sonde.text import Dataset, Dialogue, Message, Provenance, Target
from sonde.text.builtin import chat
from sonde.text.labels import Classes

#: An ordinary request: id, category, and the messages that the model answers.
Request = tuple[str, str, tuple[Message, ...]]


def dataset_of(answers: Sequence[Answer], name: str, classes: Classes, provenance: Provenance) -> Dataset:
    """Return the labelled answers as a dataset: label 1 = against belief; what is neither is left out."""
    rows = tuple(_dialogue(a) for a in answers if a.kind in POSITIVE + NEGATIVE)
    return Dataset(name, rows, provenance, classes.positive, classes.negative)


def _dialogue(answer: Answer) -> Dialogue:
    said = spoken(answer.text)
    tags = {
        **answer.question.tags,
        **answer.scene.tags,
        "kind": answer.kind,
        "stance": answer.scene.stance,
        "belief": "|".join(answer.belief.values),
        "answer": ("not " if answer.parsed.kind == "denied" else "") + str(answer.parsed.option),
        "read_by": answer.read_by,
    }
    place = len(answer.scene.messages)
    return Dialogue(
        id=answer.id,
        messages=(*answer.scene.messages, Message("assistant", said)),
        label=int(answer.kind in POSITIVE),
        group=answer.question.group,
        tags=MappingProxyType({k: v for k, v in tags.items() if k != "split"}),
        target=_target(said, answer.parsed.option, place),
    )


def _target(said: str, option: str | None, place: int) -> Target:
    """Return the first words of the answer that name its option; the whole answer where none do."""
    if option is not None:
        match = re.search(rf"(?<!\w){re.escape(option)}(?!\w)", said, re.IGNORECASE)
        if match:
            return Target(place, *match.span())
    return Target(place)


def read_requests(name: str, limit: int | None) -> tuple[Request, ...]:
    """Return ordinary requests as `(id, category, prompt)`; an answer that stands behind the request is left out.

    Args:
        name: `sonde:chat`, or a dialogue file.
        limit: at most so many, evenly spaced.

    Raises:
        InputError: a dialogue without a user's message to answer.
    """
    if name == "sonde:chat":
        found: list[Request] = [(item.id, item.category, (Message("user", item.request),)) for item in chat()]
    else:
        found = [(d.id, d.tags.get("category", "request"), _prompt(d, name)) for d in load_dataset(name)]
    if limit is None or limit >= len(found):
        return tuple(found)
    return tuple(found[i * len(found) // limit] for i in range(limit))


def _prompt(dialogue: Dialogue, name: str) -> tuple[Message, ...]:
    messages = dialogue.messages[:-1] if dialogue.messages[-1].role == "assistant" else dialogue.messages
    if not messages or messages[-1].role != "user":
        raise InputError(f"Dialogue {dialogue.id!r} of {name} has no user's message to answer: leave it out.")
    return messages


def control_of(
    requests: Sequence[Request],
    answers: Sequence[str],
    name: str,
    classes: Classes,
    provenance: Provenance,
) -> Dataset:
    """Return the model's own answers to ordinary requests, as rows of the negative class; empty ones are left out."""
    rows = tuple(
        Dialogue(
            id=f"request/{id}",
            messages=(*prompt, Message("assistant", said)),
            label=0,
            group=f"request/{id}",
            tags=MappingProxyType({"kind": "chat", "category": category}),
            target=Target(len(prompt)),
        )
        for (id, category, prompt), text in zip(requests, answers, strict=True)
        if (said := spoken(text))
    )
    return Dataset(name, rows, provenance, classes.positive, classes.negative)
