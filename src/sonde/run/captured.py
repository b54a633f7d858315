"""One capture pass over all the data of a run: features for sweep, baselines and audit, and how sure the model was."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from sonde.activations import Features
from sonde.base.errors import InputError
from sonde.capture import Job, Model, capture_job, forward_seconds, plan_capture
from sonde.recipe import Recipe
from sonde.run.data import RunData
from sonde.text import Dataset, Dialogue, Provenance
from sonde.text.readers import check_one_reader

EMBEDDING = "hook_embed"
#: The tokens whose next-token statistics say how sure the model was.
ANSWER = "answer"


@dataclass(frozen=True)
class Captured:
    """What the model's activations gave. A part of the run is `train`, `test NAME`, `control`, or an extra by its name.

    Attributes:
        sites: the sites asked for, in depth order.
        features: per part the pooled activations, with the labels, groups and tags of its own examples.
        entropy: per part `[n]`, mean entropy in nats of the model's predictions at the answer's tokens. A part in which
            some example has no predicted answer token is left out, with the reason in `entropy_reason`.
        log_probability: per part `[n]`, mean log-probability in nats of the answer's tokens; the same parts.
        entropy_reason: why some part has neither; empty when all have both.
        n_tokens: per part `[n]`, tokens of the whole sequence.
        cost: for `run.json`. `tokens`: tokens of the distinct sequences of all parts, extras included; `extra_tokens`:
            those of them that only extras have; `capture_seconds`: tokenizing, self-check and the pass;
            `forward_only_seconds`: what plain forward passes with logits over the same `tokens` would take, scaled up
            from a timed sample of eight batches or so (see `sonde.capture.forward_seconds`).
        self_check: what the model's self-check measured.
    """

    sites: tuple[str, ...]
    features: dict[str, Features]
    entropy: dict[str, np.ndarray]
    log_probability: dict[str, np.ndarray]
    entropy_reason: str
    n_tokens: dict[str, np.ndarray]
    cost: dict[str, float]
    self_check: dict[str, Any]


def capture_run(recipe: Recipe, model: Model, data: RunData, extra: Mapping[str, Dataset] | None = None) -> Captured:
    """Capture the sites of `recipe`, and how sure the model was of its answers, for every part of the run in one pass.

    Equal dialogues (messages and target) are run once, in whichever parts they stand.

    Args:
        recipe: says what is captured, and how it is pooled.
        model: what reads.
        data: the recipe's own data.
        extra: further data sets by name (restyled, masked, a second control, …), labelled or not.

    Raises:
        InputError: a site does not exist, a text is longer than the context, or an example has no selected token.
        SondeError: the self-check failed, or activations are not finite.
    """
    own = dict(data.parts())
    parts = own | _unclaimed(extra or {}, own)
    for part in parts.values():
        check_one_reader(part)
    distinct, rows = distinct_dialogues(parts)
    sites = model.resolve_sites(recipe.capture.sites)
    asked = sites if EMBEDDING in sites or EMBEDDING not in model.sites else (*sites, EMBEDDING)
    unsure = _no_head(model)
    started = time.perf_counter()
    job = _plan(recipe, model, distinct, asked, predictions=not unsure)
    found: Any = capture_job(job, recipe.capture.pool)
    seconds = time.perf_counter() - started
    sure, reason = ({}, unsure) if unsure else _statistics(found.predictions, rows, job.examples.ids)
    features = {name: found.take_as(rows[name], part.examples(), part.sha256) for name, part in parts.items()}
    return Captured(
        sites=sites,
        features=features,
        entropy={name: part["entropy"] for name, part in sure.items()},
        log_probability={name: part["log_probability"] for name, part in sure.items()},
        entropy_reason=reason,
        n_tokens={name: job.kept.lengths[index] for name, index in rows.items()},
        cost=_cost(recipe, job, seconds, np.unique(np.concatenate([rows[name] for name in own]))),
        self_check=json.loads(found.fingerprint["self_check"]),
    )


def distinct_dialogues(parts: Mapping[str, Dataset]) -> tuple[Dataset, dict[str, np.ndarray]]:
    """Return a data set of the dialogues of all parts, equal ones once, and per part the row of each of its own.

    Two dialogues are equal when their messages and their target are: then every selector takes the same tokens.
    """
    known: dict[Any, int] = {}
    dialogues: list[Dialogue] = []
    rows = {}
    for name, dataset in parts.items():
        index = []
        for dialogue in dataset:
            row = known.setdefault((dialogue.messages, dialogue.target), len(dialogues))
            if row == len(dialogues):
                dialogues.append(Dialogue(f"{name}/{dialogue.id}", dialogue.messages, target=dialogue.target))
            index.append(row)
        rows[name] = np.array(index, dtype=np.int64)
    return Dataset("the run's data", tuple(dialogues), Provenance(source="all parts of the run")), rows


def _unclaimed(extra: Mapping[str, Dataset], parts: Mapping[str, Dataset]) -> dict[str, Dataset]:
    for name in extra:
        if name in parts:
            raise ValueError(f"Extra data {name!r} has the name of a part of the run, expected a name of its own")
    return dict(extra)


def _plan(recipe: Recipe, model: Model, data: Dataset, sites: Sequence[str], *, predictions: bool) -> Job:
    return plan_capture(
        model,
        data,
        sites=sites,
        tokens=recipe.capture.tokens,
        predictions=ANSWER if predictions else False,
        max_tokens=recipe.capture.max_tokens,
        truncation=recipe.capture.truncation,
        token_budget=recipe.capture.token_budget,
    )


def _cost(recipe: Recipe, job: Job, capture_seconds: float, own: np.ndarray) -> dict[str, float]:
    lengths = job.kept.lengths
    plain = forward_seconds(job.model, job.sequences.ids, token_budget=recipe.capture.token_budget)
    return {
        "tokens": int(lengths.sum()),
        "extra_tokens": int(lengths.sum() - lengths[own].sum()),
        "capture_seconds": round(capture_seconds, 4),
        "forward_only_seconds": round(plain, 4),
    }


def _no_head(model: Model) -> str:
    """Return why the model's next-token predictions cannot be had from its decoder; empty when they can."""
    try:
        model.head()
    except InputError as error:
        return str(error)
    return ""


def _statistics(
    predictions: Mapping[str, Any], rows: Mapping[str, np.ndarray], names: tuple[str, ...]
) -> tuple[dict[str, dict[str, np.ndarray]], str]:
    """Return entropy and log-probability of each part in which every example has them, and why some part has not."""
    values = {k: v.numpy() for k, v in predictions.items()}
    reasons, sure = [], {}
    for part, index in rows.items():
        without = index[values["predicted"][index] == 0]
        if len(without):
            reasons.append(
                f"{len(without)} of {len(index)} examples of {part} have no predicted token of an answer "
                f"(the first is {names[without[0]]!r})"
            )
        else:
            sure[part] = {k: values[k][index] for k in ("entropy", "log_probability")}
    return sure, "; ".join(reasons)
