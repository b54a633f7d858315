"""The rollout itself: elicit beliefs, sample answers, read and label them, and write what `sonde train` reads."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sonde import __version__
from sonde.base.errors import InputError
from sonde.base.files import write_atomic, write_json
from sonde.capture import Model
from sonde.recipe import Recipe, RolloutRecipe
from sonde.run.names import load_model, load_recipe
from sonde.run.rollouts.answers import Answer, answer_scenes
from sonde.run.rollouts.ask import Ask
from sonde.run.rollouts.beliefs import Belief
from sonde.run.rollouts.elicit import elicit
from sonde.run.rollouts.estimate import estimate
from sonde.run.rollouts.identity import Requests, fingerprint_of, finished_in
from sonde.run.rollouts.judge import Judge, make_judge
from sonde.run.rollouts.result import PARTS, ROLLOUTS, SCHEMA, SUMMARY, Rollout, Unsupported
from sonde.run.rollouts.rows import control_of, dataset_of, read_requests
from sonde.run.rollouts.sources import read_sides
from sonde.run.rollouts.tally import no_beliefs, one_class, tally
from sonde.run.rollouts.thinking import without_thinking
from sonde.run.rollouts.transforms import transformed
from sonde.text import Dataset, Provenance
from sonde.text.labels import Classes
from sonde.text.questions import Question

log = logging.getLogger("sonde.run")

#: What a data set of a rollout is called in a recipe.
PREFIX = "rollout:"
PLACEHOLDER = "<model>"


@dataclass(frozen=True)
class Work:
    """Everything that a rollout needs, read and checked."""

    recipe: Recipe
    settings: RolloutRecipe
    sides: Mapping[str, tuple[Question, ...]]
    requests: Requests
    judge: Judge | None
    model: Model
    fingerprint: str

    @property
    def negative(self) -> str:
        """Name of the negative class."""
        return self.recipe.data.negative or f"not {self.recipe.positive}"


def rollout(
    recipe: Recipe | str | Path, *, settings: Sequence[str] = (), out: str | Path | None = None, force: bool = False
) -> Rollout:
    """Let the model answer what the recipe's `[rollout]` asks, and label its answers by what it believes.

    Beliefs are elicited apart from the answers. What the model computed is kept by content in the recipe's cache, so a
    rollout that was interrupted goes on where it stopped, and one that is finished is only opened.

    Args:
        recipe: a `Recipe`, a recipe file, or the name of a built-in recipe such as `deception-chat`.
        settings: `key=value` overrides, when `recipe` is a file or a name.
        out: folder of the results; None = one under `rollouts/` that is named after their content.
        force: replace another rollout that `out` holds.

    Returns:
        The `Rollout`. Its `unsupported` says why nothing can be trained on it, for example that the model has no
        beliefs to contradict.

    Raises:
        InputError: the recipe has no `[rollout]`, or something that it names cannot be used.
        SondeError: the judge cannot be reached.
    """
    recipe = load_recipe(recipe, settings)
    work = prepare(recipe)
    folder = ROLLOUTS / f"{recipe.name}-{work.fingerprint[:10]}" if out is None else Path(out)
    finished = finished_in(folder, work.fingerprint, force)
    if finished is not None:
        log.info("Found the finished rollout %s", folder)
        return finished
    content, files = perform(work)
    folder.mkdir(parents=True, exist_ok=True)
    for name in (SUMMARY, *(f"rollout-{part}.jsonl" for part in PARTS)):
        (folder / name).unlink(missing_ok=True)
    for name, data in files.items():
        log.info("Wrote %s", data.save(folder / name) if isinstance(data, Dataset) else _write(folder / name, data))
    log.info("Wrote %s", write_json(folder / SUMMARY, content))
    return Rollout(folder, content)


def prepare(recipe: Recipe) -> Work:
    """Read and check everything, the model last."""
    settings = recipe.rollout
    if settings is None:
        raise InputError(f"Recipe {recipe.name!r} has no [rollout] section: add one, or use sonde train with data.")
    if recipe.model == PLACEHOLDER:
        raise InputError(
            f"Recipe {recipe.name!r} leaves the model to you: pass --model, for example --model Qwen/Qwen3-0.6B, or a "
            "local folder."
        )
    judge = make_judge(settings)
    sides = read_sides(settings, recipe.seed, recipe.model if recipe.model.startswith("cretan") else None)
    if judge is None and not all(q.closed for own in sides.values() for q in own):
        raise InputError(
            f"{settings.questions} holds questions without options, whose answers only a judge can read: name "
            "[rollout] judge_model, or give every question its options."
        )
    requests = () if settings.requests is None else read_requests(settings.requests, settings.n_requests)
    run = recipe.capture
    model = load_model(recipe.model, dtype=run.dtype, device=run.device, revision=recipe.revision)
    if not settings.thinking:
        model = without_thinking(model)
    return Work(
        recipe, settings, sides, requests, judge, model, fingerprint_of(recipe, settings, sides, requests, model)
    )


def perform(work: Work) -> tuple[dict[str, Any], dict[str, Dataset | list[dict[str, Any]]]]:
    """Ask and label; return `rollout.json` and the other files by name."""
    cost = estimate(work.model, work.sides, [prompt for _, _, prompt in work.requests], work.settings)
    questions = [q for own in work.sides.values() for q in own]
    log.info("Rollout of %s on %s: %d questions, %s", work.recipe.name, work.model.name, len(questions), cost)
    ask = Ask.of(work.model, work.settings.cache)
    beliefs = elicit(ask, questions, work.settings, work.recipe.seed)
    unsupported = no_beliefs(tally(work.sides, beliefs, ()), work.model.name, work.settings.questions)
    answers: list[Answer] = []
    if not unsupported:
        answers = answer_scenes(ask, work.judge, work.sides, beliefs, work.settings, work.recipe.seed)
    counts = tally(work.sides, beliefs, answers)
    unsupported = unsupported or one_class(counts, work.model.name, work.recipe.positive)
    files: dict[str, Dataset | list[dict[str, Any]]] = {
        "beliefs.jsonl": [_belief_json(q, beliefs[q.id]) for q in questions],
        "answers.jsonl": [answer.to_json() for answer in answers],
    }
    if not unsupported:
        datasets = _datasets(work, ask, answers, counts)
        counts["control"] = len(datasets.get("control", ()))
        files |= {f"rollout-{part}.jsonl": data for part, data in datasets.items()}
    return _content(work, counts, unsupported, cost.to_json()), files


def with_rollout(recipe: Recipe) -> Recipe:
    """Return the recipe with every `rollout:…` data set made and named by its file; itself where it names none.

    Raises:
        Unsupported: the rollout gives nothing that a detector could be trained on.
    """
    data = recipe.data
    named = [name for name in (data.train, *data.test, data.control) if name and name.startswith(PREFIX)]
    if not named:
        return recipe
    for name in named:
        if name.removeprefix(PREFIX) not in PARTS:
            raise InputError(f"Data set {name!r} of recipe {recipe.name!r} does not exist: {', '.join(PARTS)} do.")
    made = rollout(recipe)
    if made.unsupported:
        raise Unsupported(made.unsupported)

    def there(name: str) -> str:
        if not name.startswith(PREFIX):
            return name
        part = name.removeprefix(PREFIX)
        made.dataset(part)  # says so where the rollout has no such part
        return str(made.path(part))

    found = {"train": there(data.train), "test": tuple(map(there, data.test))}
    if data.control is not None:
        found["control"] = there(data.control)
    return recipe.model_copy(update={"data": data.model_copy(update=found)})


def _datasets(work: Work, ask: Ask, answers: Sequence[Answer], counts: Mapping[str, Any]) -> dict[str, Dataset]:
    classes, provenance = Classes(work.recipe.positive, work.negative), _provenance(work, counts)
    name, how = work.recipe.name, work.settings.transform
    made = {
        side: transformed(
            dataset_of([a for a in answers if a.side == side], f"{name} {side}", classes, provenance), how
        )
        for side in work.sides
    }
    if work.requests:
        said = ask.sample(
            [prompt for _, _, prompt in work.requests],
            max_new_tokens=work.settings.max_new_tokens,
            temperature=work.settings.temperature,
            seed=work.recipe.seed,
            what="control answers",
        )
        control = control_of(work.requests, said, f"{name} control", classes, provenance)
        made["control"] = transformed(control, how)
    return made


def _provenance(work: Work, counts: Mapping[str, Any]) -> Provenance:
    settings = work.settings
    return Provenance(
        source=f"sampled from {work.model.name} by recipe {work.recipe.name}",
        sha256=work.fingerprint,
        policy="on-policy",
        notes=(
            f"Questions: {settings.questions}; prompts: {settings.prompts or 'their own'}.",
            f"{counts['believed']} of {counts['questions']} questions were believed; label 1 = against belief.",
            f"Answers: {', '.join(f'{kind} {n}' for kind, n in counts['kinds'].items())}.",
            f"Read by: {', '.join(f'{who} {n}' for who, n in counts['read_by'].items())}.",
        ),
    )


def _content(work: Work, counts: dict[str, Any], unsupported: str, cost: dict[str, Any]) -> dict[str, Any]:
    judge = work.judge
    return {
        "schema": SCHEMA,
        "name": work.recipe.name,
        "positive": work.recipe.positive,
        "negative": work.negative,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "sonde": __version__,
        "fingerprint": work.fingerprint,
        "model": {"name": work.model.name, "fingerprint": work.model.fingerprint},
        "settings": work.settings.model_dump(mode="json"),
        "seed": work.recipe.seed,
        "counts": counts,
        "unsupported": unsupported,
        "judge": None if judge is None else {"model": judge.model, "url": judge.url, **dict(judge.counts)},
        "estimated": cost,
    }


def _belief_json(question: Question, belief: Belief) -> dict[str, Any]:
    about = {"id": question.id, "question": question.text, "options": list(question.options), "right": question.answer}
    return {**about, **belief.to_json()}


def _write(path: Path, rows: Sequence[Mapping[str, Any]]) -> Path:
    return write_atomic(path, "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))
