"""All numbers of one test set, ready for `run.json`."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
from jaxtyping import Real, Shaped

from sonde.scores.arrays import check_pair
from sonde.scores.calibration import brier, ece
from sonde.scores.decisions import balanced_accuracy, false_positive_rate, recall
from sonde.scores.estimate import Estimate
from sonde.scores.ranking import auroc, recall_at_fpr
from sonde.scores.reliability import reliability
from sonde.scores.resampling import Metric, as_estimate, attach_interval, count_units, prepare, resample, widen
from sonde.scores.threshold import Threshold


def evaluate(
    y: Shaped[np.ndarray, " n"],
    scores: Real[np.ndarray, " m"],
    *,
    threshold: Threshold | float | int,
    probabilities: Real[np.ndarray, " m"] | None = None,
    groups: Shaped[np.ndarray, " g"] | None = None,
    fprs: Sequence[float] = (0.01, 0.001),
    resamples: int = 1000,
    seed: int = 0,
) -> dict[str, Any]:
    """Return the test entry of one dataset: every number with its 95 % interval over groups, or why there is none.

    Intervals are expanded grouped bootstrap percentiles (see `bootstrap`), all on the same resamples. Those of `recall`
    and `realised_fpr`, at the fixed threshold, are widened to the exact binomial interval where that is wider: a
    bootstrap of 0 of 200 rows would claim certainty.

    Args:
        y: `[n]` 1 = positive class, 0 = negative.
        scores: `[n]` higher = more positive.
        threshold: rows strictly above it are flagged.
        probabilities: `[n]` of the positive class; without them Brier score and ECE are undefined.
        groups: `[n]` rows of one group are resampled together; None = every row its own group.
        fprs: the rates to report recall at.
        resamples: bootstrap resamples.
        seed: of the resampling.

    Returns:
        A JSON-ready dict: `auroc`, `recall_at_fpr` (by rate), `balanced_accuracy`, `brier`, `ece`, `reliability` (by
        bin), `realised_fpr`, `recall`, `threshold`, `n_positive`, `n_negative`, `n_groups`.
    """
    labels, _ = check_pair(y, scores)
    cut = threshold.value if isinstance(threshold, Threshold) else float(threshold)
    at: dict[str, Metric] = {f"{fpr:g}": partial(recall_at_fpr, fpr=fpr) for fpr in fprs}
    at |= {"auroc": auroc} | {
        f.__name__: partial(f, threshold=cut) for f in (balanced_accuracy, recall, false_positive_rate)
    }
    asked = {name: (metric, scores) for name, metric in at.items()}
    if probabilities is not None:
        asked |= {"brier": (brier, probabilities), "ece": (ece, probabilities)}
    found = _estimates(asked, y, groups, resamples, seed)
    unknown = Estimate.undefined("no probabilities were given")
    flagged = np.asarray(scores) > cut
    return {
        "auroc": found["auroc"].to_json(),
        "recall_at_fpr": {f"{fpr:g}": found[f"{fpr:g}"].to_json() for fpr in fprs},
        "balanced_accuracy": found["balanced_accuracy"].to_json(),
        "brier": found.get("brier", unknown).to_json(),
        "ece": found.get("ece", unknown).to_json(),
        "reliability": []
        if probabilities is None
        else reliability(y, probabilities, groups, resamples=resamples, seed=seed),
        "realised_fpr": widen(found["false_positive_rate"], flagged[~labels]).to_json(),
        "recall": widen(found["recall"], flagged[labels]).to_json(),
        "threshold": cut,
        "n_positive": int(labels.sum()),
        "n_negative": int((~labels).sum()),
        "n_groups": len(labels) if groups is None else len(np.unique(groups)),
    }


def _estimates(
    asked: dict[str, tuple[Metric, np.ndarray]], y: np.ndarray, groups: np.ndarray | None, resamples: int, seed: int
) -> dict[str, Estimate]:
    """Return every metric with its interval, all on the same resamples."""
    points = {name: as_estimate(metric(y, s)) for name, (metric, s) in asked.items()}
    defined = [name for name, point in points.items() if point.defined]
    kernels = [prepare(metric, y, s) for metric, s in (asked[name] for name in defined)]
    if not kernels:
        return points
    draws = resample(kernels, len(y), groups, resamples, seed)
    units = count_units(len(y), groups)
    return points | {
        name: attach_interval(points[name], d, units=units) for name, d in zip(defined, draws, strict=True)
    }
