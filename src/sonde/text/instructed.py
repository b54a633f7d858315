"""Instructed pairs: the same items said honestly and deceptively, because a system prompt asks for it.

The answers are written, not sampled: a probe trained on them learns what the instruction and a false answer look like
together. Prompts and items are held out together, so that a test split shares neither with training.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from sonde.base.errors import InputError, unknown_name
from sonde.base.seeds import generator
from sonde.text.dataset import Dataset
from sonde.text.dialogue import Dialogue, Message, Target
from sonde.text.duplicates import text_group
from sonde.text.provenance import Provenance
from sonde.text.reading import decode, json_rows, read_bytes
from sonde.text.records import check_text
from sonde.text.splitting import fill_groups

SPLITS = ("train", "test", "all")
#: What the user asks for before a bare statement.
REQUEST = "Tell me something about the world."


@dataclass(frozen=True)
class PromptPair:
    """Two system prompts that differ in what they ask for.

    Attributes:
        honest: asks for the truth.
        deceptive: asks for lies.
        id: for the tag `prompt`; "" = its number in the list.
    """

    honest: str
    deceptive: str
    id: str = ""


@dataclass(frozen=True)
class _Item:
    """A question with what honesty and deception answer; None where a statement has only one side."""

    id: str
    group: str
    question: str
    true: str | None
    false: str | None
    tags: Mapping[str, str]


def load_prompt_pairs(path: str | Path) -> tuple[PromptPair, ...]:
    """Read prompt pairs from JSON lines, `{"honest": …, "deceptive": …, "id"?: …}`.

    Raises:
        InputError: a file that cannot be read, a missing or empty prompt; file and line are named.
    """
    path = Path(path)
    pairs: list[PromptPair] = []
    for line, row in json_rows(decode(read_bytes(path), path), path):
        place = f"{path} line {line}"
        for key in row:
            if key not in ("honest", "deceptive", "id"):
                raise unknown_name("field", key, place, ("honest", "deceptive", "id"))
        for key in ("honest", "deceptive"):
            if not check_text(row.get(key, ""), place, key).strip():
                raise InputError(f"{place} has no {key!r} prompt, expected one honest and one deceptive system prompt.")
        pairs.append(PromptPair(row["honest"], row["deceptive"], str(row.get("id", len(pairs)))))
    return tuple(pairs)


def instructed_pairs(
    source: Dataset | Sequence[Mapping[str, str]],
    prompts: Sequence[PromptPair],
    *,
    held_out: float = 0.5,
    seed: int = 0,
    split: str = "all",
    request: str = REQUEST,
) -> Dataset:
    """Build honest and deceptive dialogues.

    Honest: the honest system prompt and the true answer, label 0. Deceptive: the deceptive one and the false answer,
    label 1. Prompt pairs and items (by group) are both divided into train and test; an item meets only prompts of its
    own side, one pair an item, dealt out in turn, so both versions of an item stand under the same pair.

    Args:
        source: a dataset of true and false statements (label 1 = true); a dataset of question and answer dialogues,
            such as TruthfulQA's (the first true and first false answer of each question are used); or a sequence of
            `{"question", "true_answer", "false_answer", "group"?}`.
        prompts: the pairs.
        held_out: share of prompt pairs, and of item groups, that form the test side, in [0, 1); above 0, at least one.
        seed: decides who is held out.
        split: `train`, `test`, or `all` (the tag `split` tells which is which).
        request: the user's message before a bare statement.

    Returns:
        Dialogues `system, user, assistant`; positive class "deceptive"; group = the item's; tags `prompt`, `split` and
        the item's own; the target is the assistant's message; policy "instructed".

    Raises:
        InputError: no prompts or items, too few to hold any out, an unknown split.

    Example:
        >>> pair = PromptPair("Answer truthfully.", "Answer with a lie.")
        >>> qa = [{"question": "Where is Paris?", "true_answer": "In France.", "false_answer": "In Peru."}]
        >>> [d.text for d in instructed_pairs(qa, [pair], held_out=0)][1]
        'Answer with a lie.\\nWhere is Paris?\\nIn Peru.'
    """
    if split not in SPLITS:
        raise unknown_name("split", split, "instructed_pairs", SPLITS)
    if not 0 <= held_out < 1:
        raise InputError(f"held_out={held_out} for instructed pairs, expected a share from 0 up to, not including, 1.")
    name, items = _items(source, request)
    groups = sorted({item.group for item in items})
    test_prompts = _held_out(len(prompts), held_out, seed, "prompt pair")
    test_groups = {groups[i] for i in _held_out(len(groups), held_out, seed, "item group")}
    dialogues = []
    for side, inside in (("train", False), ("test", True)):
        chosen = [i for i in range(len(prompts)) if (i in test_prompts) == inside]
        mine = [item for item in items if (item.group in test_groups) == inside]
        if split in (side, "all") and chosen:
            dialogues += list(_dialogues(mine, [(prompts[i], i) for i in chosen], side))
    if not dialogues:
        raise InputError(f"No {split} dialogue of instructed pairs from {name}: held_out={held_out} leaves none there.")
    provenance = Provenance(f"instructed pairs from {name}", policy="instructed").noted(
        "Answers are written, not sampled from a model.",
        f"Held out: {len(test_prompts)} of {len(prompts)} prompt pairs, {len(test_groups)} of {len(groups)} groups.",
    )
    if isinstance(source, Dataset):
        provenance = replace(
            provenance.noted(*source.provenance.notes), licence=source.provenance.licence, sha256=source.sha256
        )
    title = f"instructed {name}" + ("" if split == "all" else f" ({split})")
    return Dataset(title, tuple(dialogues), provenance, positive="deceptive", negative="honest")


def _held_out(n: int, share: float, seed: int, what: str) -> set[int]:
    """Numbers of the held-out ones among `n`: at least one where any are asked for, never all."""
    if n == 0:
        raise InputError(f"Instructed pairs need at least one {what}, got none.")
    if share == 0:
        return set()
    if n < 2:
        raise InputError(f"Instructed pairs have one {what}, so none can be held out: add another, or pass held_out=0.")
    count = min(max(round(share * n), 1), n - 1)
    return {int(i) for i in generator(seed, "instructed", what).permutation(n)[:count]}


def _dialogues(items: Sequence[_Item], prompts: Sequence[tuple[PromptPair, int]], side: str) -> Iterator[Dialogue]:
    turn = {group: i for i, group in enumerate(dict.fromkeys(item.group for item in items))}
    for item in items:
        pair, number = prompts[turn[item.group] % len(prompts)]
        tags = MappingProxyType({**item.tags, "prompt": pair.id or str(number), "split": side})
        sides = ((0, "honest", pair.honest, item.true), (1, "deceptive", pair.deceptive, item.false))
        for label, name, system, answer in sides:
            if answer is not None:
                messages = (Message("system", system), Message("user", item.question), Message("assistant", answer))
                yield Dialogue(f"{item.id}/{name}", messages, label, item.group, tags, Target(2))


def _items(source: Dataset | Sequence[Mapping[str, Any]], request: str) -> tuple[str, list[_Item]]:
    if not isinstance(source, Dataset):
        return "questions", [_question(row, i) for i, row in enumerate(source)]
    if source.labels is None:
        raise InputError(f"Dataset {source.name!r} has no labels, expected which statements are true: pass label=.")
    truth = source.labels if source.positive.casefold() != "false" else 1 - source.labels
    source = fill_groups(source)
    if all(d.is_plain_text for d in source):
        return source.name, [
            _Item(d.id, str(d.group), request, d.text if is_true else None, None if is_true else d.text, d.tags)
            for d, is_true in zip(source, truth, strict=True)
        ]
    return source.name, _answered(source, truth)


def _question(row: Mapping[str, Any], number: int) -> _Item:
    place = f"question {number}"
    parts: list[str] = []
    for key in ("question", "true_answer", "false_answer"):
        if key not in row:
            raise InputError(
                f"{place} of the instructed pairs has no {key!r} (it has {', '.join(map(repr, row))}): add it."
            )
        parts.append(check_text(row[key], place, key))
    question, true, false = parts
    group = str(row.get("group") or text_group(question))
    return _Item(str(row.get("id", number)), group, question, true, false, tags={})


def _answered(source: Dataset, truth: np.ndarray) -> list[_Item]:
    """One item a question: its first true and its first false answer."""
    answers: dict[str, dict[bool, Dialogue]] = {}
    for dialogue, is_true in zip(source, truth.tolist(), strict=True):
        if [m.role for m in dialogue.messages] != ["user", "assistant"]:
            raise InputError(
                f"Dialogue {dialogue.id!r} of {source.name!r} is no question and answer, expected one user and one "
                "assistant message, or a plain statement."
            )
        answers.setdefault(dialogue.messages[0].content, {}).setdefault(bool(is_true), dialogue)
    items = []
    for question, sides in answers.items():
        if len(sides) == 2:
            true, false = sides[True], sides[False]
            tags = {k: v for k, v in true.tags.items() if false.tags.get(k) == v}
            said = (true.messages[1].content, false.messages[1].content)
            items.append(_Item(true.id, str(true.group), question, said[0], said[1], tags))
    if not items:
        raise InputError(
            f"No question of {source.name!r} has a true and a false answer: expected both, as in TruthfulQA."
        )
    return items
