"""Which rollout it is, and whether a folder holds it already."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from sonde.base.errors import InputError
from sonde.capture import Model
from sonde.recipe import Recipe, RolloutRecipe
from sonde.run.rollouts.ask import messages_json
from sonde.run.rollouts.cache import key_of
from sonde.run.rollouts.result import PARTS, SCHEMA, SUMMARY, Rollout, open_rollout
from sonde.run.rollouts.rows import Request
from sonde.text.questions import Question

Requests = Sequence[Request]
_DATA = {f"rollout-{part}.jsonl" for part in PARTS}
#: Settings that change how a rollout is made, not what comes out of it.
_HOW = {"cache", "judge_key", "judge_timeout", "judge_attempts", "judge_workers"}


def fingerprint_of(
    recipe: Recipe,
    settings: RolloutRecipe,
    sides: Mapping[str, Sequence[Question]],
    requests: Requests,
    model: Model,
) -> str:
    """Return what a rollout is known by: everything that decides what comes out of it, and nothing else."""
    asked = [
        [
            side,
            q.id,
            q.text,
            list(q.options),
            q.answer,
            [[s.stance, s.claim, messages_json(s.messages)] for s in q.scenes],
        ]
        for side, own in sides.items()
        for q in own
    ]
    own = [[messages_json(p.messages), list(p.answers)] for qs in sides.values() for q in qs for p in q.phrasings]
    chats = [messages_json(prompt) for _, _, prompt in requests]
    names = [recipe.name, recipe.positive, recipe.data.negative, recipe.seed, SCHEMA]
    template = getattr(model.tokenizer, "chat_template", None)
    return key_of(settings.model_dump(mode="json", exclude=_HOW), names, asked, own, chats, model.fingerprint, template)


def finished_in(folder: Path, fingerprint: str, force: bool) -> Rollout | None:
    """Return the rollout of this fingerprint that the folder holds; refuse a folder that holds something else."""
    if folder.exists() and not folder.is_dir():
        raise InputError(f"Output {folder} is a file, expected a folder that is new or empty: choose another --out.")
    if not folder.is_dir() or not any(folder.iterdir()):
        return None
    if not (folder / SUMMARY).is_file():
        if force or {path.name for path in folder.iterdir()} <= {"beliefs.jsonl", "answers.jsonl"} | _DATA:
            return None
        raise InputError(f"Output folder {folder} holds other files: choose another --out, or pass --force.")
    found = open_rollout(folder)
    if found.content["fingerprint"] == fingerprint and not found.content["counts"]["unjudged"]:
        return found
    if force or found.content["fingerprint"] == fingerprint:
        return None
    raise InputError(
        f"Output folder {folder} holds the rollout of another recipe, model or set of questions, and nothing is "
        "overwritten unasked: choose another --out, or pass --force to replace it."
    )
