"""Instruction stripping: the same answers under a neutral prompt, so that nothing but the answer can tell."""

from __future__ import annotations

from dataclasses import replace

from sonde.text.dataset import Dataset
from sonde.text.dialogue import Dialogue, Message

#: What stands in place of a system message.
NEUTRAL = "You are a helpful assistant."


def strip_instructions(data: Dataset, *, system: str | None = NEUTRAL) -> Dataset:
    """Replace the system messages of every dialogue by one neutral one.

    What the user says stays, pressure included. The answers were not sampled under this prompt, so the dataset is
    off-policy afterwards; a detector that still works on it did not read the instruction itself. (What the model makes
    of the answer may still differ: it reads a falsehood that nobody asked for.)

    Args:
        data: dialogues; plain texts and dialogues without a system message stay as they are.
        system: the neutral system message; None leaves it out.

    Example:
        >>> data = Dataset.from_records([{"messages": [{"role": "system", "content": "Lie."},
        ...     {"role": "user", "content": "Where is Paris?"}, {"role": "assistant", "content": "In Peru."}]}])
        >>> strip_instructions(data)[0].messages[0].content
        'You are a helpful assistant.'
    """
    dialogues = tuple(_stripped(d, system) for d in data)
    changed = sum(a is not b for a, b in zip(dialogues, data, strict=True))
    note = f"System messages of {changed} dialogues were {'left out' if system is None else 'made neutral'}."
    provenance = replace(data.provenance.noted(note), policy="off-policy" if changed else data.provenance.policy)
    return replace(data, dialogues=dialogues, provenance=provenance)


def _stripped(dialogue: Dialogue, system: str | None) -> Dialogue:
    kept = [i for i, m in enumerate(dialogue.messages) if m.role != "system"]
    if len(kept) == len(dialogue.messages):
        return dialogue
    head = () if system is None else (Message("system", system),)
    messages = (*head, *(dialogue.messages[i] for i in kept))
    target = dialogue.target
    if target is not None:
        place = target.message % len(dialogue.messages)
        target = replace(target, message=len(head) + kept.index(place)) if place in kept else None
    return replace(dialogue, messages=messages, target=target)
