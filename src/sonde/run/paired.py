"""Two detectors on the same rows of one test set."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np

from sonde.scores import (
    auroc,
    balanced_accuracy,
    bootstrap,
    bootstrap_difference,
    false_positive_rate,
    recall,
    recall_at_fpr,
)

Columns = Mapping[str, np.ndarray]

#: What is compared: the metric, and whether it looks at scores or at verdicts at each run's own threshold.
METRICS: dict[str, tuple[Any, str]] = {
    "auroc": (auroc, "score"),
    "recall_at_fpr": (partial(recall_at_fpr, fpr=0.01), "score"),
    "recall": (partial(recall, threshold=0.5), "flagged"),
    "false_positive_rate": (partial(false_positive_rate, threshold=0.5), "flagged"),
    "balanced_accuracy": (partial(balanced_accuracy, threshold=0.5), "flagged"),
}


def compare_test(
    a: Columns, b: Columns, *, resamples: int, seed: int, shown: int
) -> tuple[dict[str, Any] | None, list[str]]:
    """Compare two runs on the rows of one test set that both scored.

    Args:
        a, b: columns of `scores.csv`.
        resamples, seed: of the bootstrap over groups.
        shown: how many of the most different rows to return.

    Returns:
        The entry of the test set, or None where the rows cannot be compared; and sentences on what was left out.
    """
    matched, notes = match_rows(a, b)
    if matched is None:
        return None, notes
    a, b = matched
    y, groups = a["label"], a["group"]
    differences = {
        name: bootstrap_difference(
            metric,
            y,
            a[column].astype(float),
            b[column].astype(float),
            groups,
            resamples=resamples,
            seed=seed,
        ).to_json()
        for name, (metric, column) in METRICS.items()
    }
    same = (a["flagged"] == b["flagged"]).astype(float)
    always = np.ones(len(y), dtype=np.int64)  # the share of all rows: recall where every row is a positive
    agreed = bootstrap(partial(recall, threshold=0.5), always, same, groups, resamples=resamples, seed=seed)
    return {
        "n": len(y),
        "n_positive": int(y.sum()),
        "n_negative": int((y == 0).sum()),
        "n_groups": len(np.unique(groups)),
        "difference": differences,
        "same_verdict": agreed.to_json(),
        "rank_correlation": _spearman(a["score"], b["score"]),
        "disagreements": disagreements(a, b, shown),
    }, notes


def match_rows(a: Columns, b: Columns) -> tuple[tuple[Columns, Columns] | None, list[str]]:
    """Return both tables cut to the ids they share, in the order of `a`, and what was left out, in sentences."""
    place = {name: k for k, name in enumerate(b["id"].tolist())}
    in_a = np.array([k for k, name in enumerate(a["id"].tolist()) if name in place], dtype=np.int64)
    in_b = np.array([place[name] for name in a["id"][in_a].tolist()], dtype=np.int64)
    if len(in_a) == 0:
        return None, ["the two runs share no row (no id stands in both), so nothing is compared."]
    left = {k: v[in_a] for k, v in a.items()}
    right = {k: v[in_b] for k, v in b.items()}
    differ = (left["label"] != right["label"]) | (left["excerpt"] != right["excerpt"])
    if differ.any():
        return None, [
            f"{int(differ.sum())} of {len(differ)} rows of the same id have another label or text in the other run "
            f"(the first is {left['id'][differ][0]!r}), so the data are not the same and nothing is compared."
        ]
    missing = (len(a["id"]) - len(in_a), len(b["id"]) - len(in_b))
    notes = (
        [f"{len(in_a)} rows are compared; {missing[0]} and {missing[1]} are in one run only."] if any(missing) else []
    )
    return (left, right), notes


def disagreements(a: Columns, b: Columns, shown: int) -> list[dict[str, Any]]:
    """Return the rows on which two detectors differ most: those with different verdicts first, then by rank.

    `rank` is a row's share of rows scored at most as high (ties in the middle), so that scores of different units can
    stand beside each other.
    """
    rank_a, rank_b = rank_share(a["score"]), rank_share(b["score"])
    gap = np.abs(rank_a - rank_b).round(12)  # equal gaps stay equal, so that rows keep their order
    order = np.lexsort((np.arange(len(gap)), -gap, a["flagged"] == b["flagged"]))[:shown]
    return [
        {
            "id": str(a["id"][k]),
            "group": str(a["group"][k]),
            "label": int(a["label"][k]),
            "excerpt": str(a["excerpt"][k]),
            "a": {"score": float(a["score"][k]), "rank": float(rank_a[k]), "flagged": bool(a["flagged"][k])},
            "b": {"score": float(b["score"][k]), "rank": float(rank_b[k]), "flagged": bool(b["flagged"][k])},
        }
        for k in order
        if gap[k] > 0 or a["flagged"][k] != b["flagged"][k]
    ]


def rank_share(s: np.ndarray) -> np.ndarray:
    """Return `[n]` the rank of each score over n, 0 = lowest, 1 = highest, ties sharing their mean rank.

    Example:
        >>> rank_share(np.array([3.0, 1.0, 1.0])).round(3).tolist()
        [0.833, 0.333, 0.333]
    """
    from scipy.stats import rankdata

    return (rankdata(s) - 0.5) / len(s)


def _spearman(a: np.ndarray, b: np.ndarray) -> dict[str, Any]:
    if len(a) < 3 or np.ptp(a) == 0 or np.ptp(b) == 0:
        return {
            "value": None,
            "reason": "scores that are all equal, or fewer than three rows, have no rank correlation",
        }
    from scipy.stats import spearmanr

    return {"value": float(spearmanr(a, b).statistic)}
