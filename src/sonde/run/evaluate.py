"""Testing the selected probe: metrics with intervals, baselines on the same splits, examples to look at."""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from sonde.base.seeds import derive_seed
from sonde.capture import Model
from sonde.probes import example_rows
from sonde.recipe import Recipe
from sonde.run import baselines
from sonde.run.baselines import Split
from sonde.run.captured import EMBEDDING, Captured
from sonde.run.data import RunData, labels_of
from sonde.run.select import Chosen
from sonde.run.strips import extreme_strips
from sonde.run.transfer import REASON, kinds_of, transfer_matrix
from sonde.scores import evaluate
from sonde.text import Dataset, Dialogue

#: Characters of each example that `scores.csv` holds.
EXCERPT = 200


@dataclass(frozen=True)
class Evaluated:
    """What the selected probe is worth.

    Attributes:
        test: per test set the entry of `run.json`.
        baselines: per baseline the entry of `run.json`.
        score_rows: rows of `scores.csv`.
        examples: per test set the token strips of the highest and lowest scored examples.
        transfer: the matrix of `sonde.run.transfer`; an empty mapping where there is one kind of data only, and for
            probes of many tokens an example.
        seconds: what all this took.
    """

    test: dict[str, Any]
    baselines: dict[str, Any]
    score_rows: list[tuple[Any, ...]]
    examples: dict[str, list[dict[str, Any]]]
    transfer: dict[str, Any]
    seconds: float


def evaluate_run(recipe: Recipe, model: Model, data: RunData, captured: Captured, chosen: Chosen) -> Evaluated:
    """Score every test set and the control once, and compute everything the report says of them."""
    started, site = time.perf_counter(), chosen.row.site
    test, rows, examples = {}, [], {}
    for name, dataset in data.tests.items():
        X = example_rows(captured.features[f"test {name}"].at(site))
        scores, probability = chosen.probe.decision_function(X), chosen.probe.predict_proba(X)[:, 1]
        test[name] = evaluate(
            labels_of(dataset),
            scores,
            threshold=chosen.threshold,
            probabilities=probability,
            groups=dataset.groups,
            resamples=recipe.resamples,
            seed=derive_seed(recipe.seed, "test", name),
        )
        rows += _score_rows(f"test {name}", dataset, scores, probability, chosen.threshold.value)
        examples[name] = extreme_strips(model, chosen.probe, dataset, scores)
    if data.control is not None:
        X = example_rows(captured.features["control"].at(site))
        probability = chosen.probe.predict_proba(X)[:, 1]
        rows += _score_rows("control", data.control, chosen.control, probability, chosen.threshold.value)
    transfer, found = _transfer(recipe, data, captured, chosen), _baselines(recipe, data, captured, chosen)
    return Evaluated(test, found, rows, examples, transfer, time.perf_counter() - started)


def _transfer(recipe: Recipe, data: RunData, captured: Captured, chosen: Chosen) -> dict[str, Any]:
    """Cross the kinds of data at the selected site; the selected type and strength are refitted.

    There is no matrix where nothing was pooled: rows are tokens then.
    """
    if captured.features["train"].pooling == "none":
        return {}
    parts = {data.train.name: "train"} | ({name: f"test {name}" for name in data.tests} if recipe.data.test else {})
    kinds = []
    for name, part in parts.items():
        features = captured.features[part].at(chosen.row.site)
        if features.example is not None:
            return {}
        X, y = features.xy
        groups = [f"{name}/{k}" for k in range(len(y))] if features.groups is None else features.groups
        reasons = features.tags.get(REASON, (None,) * len(y))
        kinds += kinds_of(name, X.double().numpy(), y, np.asarray(groups), reasons)
    if len(kinds) < 2:
        return {}
    return transfer_matrix(kinds, partial(_like, chosen), resamples=recipe.resamples, seed=recipe.seed)


def _score_rows(part: str, dataset: Any, scores: Any, probability: Any, threshold: float) -> list[tuple[Any, ...]]:
    return [
        (part, d.id, d.group or "", d.label, float(s), float(p), int(s > threshold), excerpt(d))
        for d, s, p in zip(dataset, scores, probability, strict=True)
    ]


def excerpt(dialogue: Dialogue) -> str:
    """Return what a reader needs to recognise an example: the start of a text, the end of a chat, on one line.

    Example:
        >>> chat = [{"role": "user", "content": "Why?"}, {"role": "assistant", "content": "I do not\\nknow."}]
        >>> excerpt(Dialogue.from_messages(chat))
        'Why? | I do not know.'
    """
    text = " | ".join(" ".join(m.content.split()) for m in dialogue.messages)
    if len(text) <= EXCERPT:
        return text
    return f"{text[: EXCERPT - 1]}…" if dialogue.is_plain_text else f"…{text[1 - EXCERPT :]}"


def _baselines(recipe: Recipe, data: RunData, captured: Captured, chosen: Chosen) -> dict[str, Any]:
    train = _split(data.train)
    tests = {name: _split(dataset) for name, dataset in data.tests.items()}
    options: dict[str, Any] = {"resamples": recipe.resamples, "seed": recipe.seed}
    make_probe = partial(_like, chosen)

    def at(site: str) -> tuple[Any, dict[str, Any]]:
        return (
            example_rows(captured.features["train"].at(site)),
            {name: example_rows(captured.features[f"test {name}"].at(site)) for name in tests},
        )

    lengths = {name: captured.n_tokens[f"test {name}"] for name in tests}
    found = {
        "bag_of_words": baselines.text_baseline(train, tests, **options),
        "length": baselines.figure_baseline(train, tests, captured.n_tokens["train"], lengths, **options),
    }
    if EMBEDDING in captured.features["train"].sites:
        X_train, X_tests = at(EMBEDDING)
        found["embedding_layer"] = baselines.probe_baseline(make_probe(), train, tests, X_train, X_tests, **options)
    else:
        found["embedding_layer"] = baselines.undefined(f"the model names no {EMBEDDING}", tests)
    found["answer_entropy"] = _entropy(train, tests, captured, options)
    X_train, X_tests = at(chosen.row.site)
    found["shuffled_labels"] = baselines.shuffled_labels(make_probe, train, tests, X_train, X_tests, seed=recipe.seed)
    return found


def _entropy(train: Split, tests: dict[str, Split], captured: Captured, options: dict[str, Any]) -> dict[str, Any]:
    if not {"train", *(f"test {name}" for name in tests)} <= set(captured.entropy):
        return baselines.undefined(captured.entropy_reason, tests)
    figures = {name: captured.entropy[f"test {name}"] for name in tests}
    return baselines.figure_baseline(train, tests, captured.entropy["train"], figures, **options)


def _split(dataset: Dataset) -> Split:
    return Split(dataset, labels_of(dataset), dataset.groups)


def _like(chosen: Chosen) -> Any:
    """Return an unfitted probe of the selected type and strength."""
    return chosen.sweep.make_best()
