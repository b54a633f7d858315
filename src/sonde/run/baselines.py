"""What a reader without the probe's site can do, on the same splits: the figures a probe has to beat."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from sonde.base.seeds import derive_seed, generator
from sonde.scores import Estimate, auroc, bootstrap
from sonde.text import Dataset

#: How often the labels are shuffled for the `shuffled_labels` baseline.
SHUFFLES = 20


@dataclass(frozen=True)
class Split:
    """One side of the split as baselines see it: a data set, its labels and groups, and per-example figures."""

    dataset: Dataset
    y: np.ndarray
    groups: np.ndarray | None


def text_baseline(train: Split, tests: Mapping[str, Split], *, resamples: int, seed: int) -> dict[str, Any]:
    """Score a logistic regression on word counts of the whole transcript (system, user and answer)."""
    from sklearn.feature_extraction.text import CountVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    words = CountVectorizer(token_pattern=r"(?u)\b\w+\b|[^\w\s]")
    reader = make_pipeline(words, LogisticRegression(max_iter=2000))
    reader.fit([d.text for d in train.dataset], train.y)
    scores = {name: reader.decision_function([d.text for d in s.dataset]) for name, s in tests.items()}
    return _entry(tests, scores, resamples, seed)


def figure_baseline(
    train: Split,
    tests: Mapping[str, Split],
    train_figure: ArrayLike,
    test_figures: Mapping[str, ArrayLike],
    *,
    resamples: int,
    seed: int,
) -> dict[str, Any]:
    """Score one figure an example, higher or lower meaning positive as it does on the training data."""
    sign = 1.0 if float(auroc(train.y, np.asarray(train_figure, dtype=float))) >= 0.5 else -1.0
    scores = {name: sign * np.asarray(figure, dtype=float) for name, figure in test_figures.items()}
    return _entry(tests, scores, resamples, seed)


def probe_baseline(
    probe: Any,
    train: Split,
    tests: Mapping[str, Split],
    X_train: Any,
    X_tests: Mapping[str, Any],
    *,
    resamples: int,
    seed: int,
) -> dict[str, Any]:
    """Score a probe of the selected type and strength, trained on other activations."""
    probe.fit(X_train, train.y)
    scores = {name: probe.decision_function(X) for name, X in X_tests.items()}
    return _entry(tests, scores, resamples, seed)


def shuffled_labels(
    make_probe: Any, train: Split, tests: Mapping[str, Split], X_train: Any, X_tests: Mapping[str, Any], *, seed: int
) -> dict[str, Any]:
    """Score the selected probe refitted on permuted labels, `SHUFFLES` times: mean and 2.5–97.5 % range of AUROC."""
    found: dict[str, list[float]] = {name: [] for name in tests}
    for k in range(SHUFFLES):
        y = generator(seed, "shuffled_labels", k).permutation(train.y)
        probe = make_probe().fit(X_train, y)
        for name, split in tests.items():
            found[name].append(float(auroc(split.y, probe.decision_function(X_tests[name]))))
    test = {}
    for name, values in found.items():
        low, high = np.quantile(values, [0.025, 0.975])
        test[name] = {"auroc": Estimate(float(np.mean(values)), float(low), float(high)).to_json()}
    return test


def undefined(reason: str, tests: Mapping[str, Split]) -> dict[str, Any]:
    """Return the entry of a baseline that cannot be computed, with the reason."""
    entry = Estimate.undefined(reason).to_json()
    return {name: {"auroc": entry} for name in tests}


def _entry(tests: Mapping[str, Split], scores: Mapping[str, np.ndarray], resamples: int, seed: int) -> dict[str, Any]:
    test = {}
    for name, split in tests.items():
        estimate = bootstrap(
            auroc, split.y, scores[name], split.groups, resamples=resamples, seed=derive_seed(seed, "baseline", name)
        )
        test[name] = {"auroc": estimate.to_json()}
    return test
