"""What measurements of the organism share: capturing before the value, choosing a probe, figures with intervals."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple

import numpy as np

import sonde
from sonde.scores import auroc, balanced_accuracy, bootstrap
from sonde.text import Dataset, Dialogue

#: Every block, before the value.
WHERE = {"sites": "resid_post", "tokens": "before(target)", "pool": "mean"}
STRENGTHS = (1e0, 1e1, 1e2, 1e3)
RESAMPLES = 500


class Fitted(NamedTuple):
    """A probe with the site and the strength that validation folds chose."""

    probe: Any
    site: str
    l2: float

    def scores(self, features: Any) -> np.ndarray:
        """Return the decision values `[n]` of features."""
        return np.asarray(self.probe.decision_function(features.at(self.site).xy[0]))


def fit(features: Any) -> Fitted:
    """Choose site and strength on validation folds, and fit on all rows."""
    best = sonde.sweep(features, probes=["logistic"], l2=list(STRENGTHS)).best()
    probe = sonde.LogisticProbe(l2=best.l2).fit(*features.at(best.site).xy)
    return Fitted(probe, best.site, best.l2)


def text_before(dialogue: Dialogue) -> str:
    """Return what is written before the value that the probe is read before."""
    target, said = dialogue.target, [m.content for m in dialogue.messages]
    return "\n".join([*said[: target.message], said[target.message][: target.start]])


def joined(parts: list[Dataset]) -> Dataset:
    """Return the rows of several sets as one; a row of class 1 in `lie-vs-fiction` is a lie there too."""
    rows = [replace(d, id=f"{k}/{d.id}") for k, data in enumerate(parts) for d in data]
    return replace(parts[0], dialogues=tuple(rows))


def figures(data: Dataset, scores: np.ndarray) -> dict[str, Any]:
    """Return AUROC and balanced accuracy at the probe's own threshold, with intervals over entities."""
    metrics = {"auroc": auroc, "balanced accuracy": partial(balanced_accuracy, threshold=0.0)}
    return {k: estimate(m, data.labels, scores, data.groups) for k, m in metrics.items()}


def estimate(metric: Any, y: np.ndarray, scores: np.ndarray, groups: np.ndarray) -> list[Any]:
    """Return a metric with its interval over groups: value, low, high."""
    found = bootstrap(metric, y, scores, groups, resamples=RESAMPLES)
    return [found.value, found.low, found.high]


def shown(found: dict[str, Any]) -> str:
    """Return figures as one line."""
    return "; ".join(f"{k} {v:.3f} ({low:.3f}–{high:.3f})" for k, (v, low, high) in found.items())
