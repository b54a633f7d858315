"""Train on one kind of data, test on another: the whole matrix, and each kind left out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float

from sonde.base.seeds import derive_seed
from sonde.scores import Estimate, auroc, bootstrap

#: The tag that says for what reason the positive class came about.
REASON = "reason"
FOLDS = 5
#: More kinds than this are not crossed with each other; the first ones are.
MOST = 12


@dataclass(frozen=True)
class Kind:
    """Data of one kind.

    Attributes:
        name: for the report.
        X: `[n, d]` activations of the selected site.
        y: `[n]` 1 = positive class, 0 = negative.
        groups: `[n]` names; rows of one group are never both trained and tested on.
    """

    name: str
    X: Float[np.ndarray, "n d"]
    y: np.ndarray
    groups: np.ndarray


def kinds_of(name: str, X: np.ndarray, y: np.ndarray, groups: np.ndarray, reasons: Sequence[str | None]) -> list[Kind]:
    """Cut a data set by the reason of its positives, where it holds several; each kind has all of the negatives."""
    why = np.array([reason or "" for reason in reasons], dtype=object)
    known = [r for r in dict.fromkeys(why[y == 1]) if r]
    if len(known) < 2:
        return [Kind(name, X, y, groups)]
    cut = [(f"{name}: {reason}", (y == 0) | (why == reason)) for reason in known]
    return [Kind(shown, X[rows], y[rows], groups[rows]) for shown, rows in cut]


def transfer_matrix(
    kinds: Sequence[Kind], make_probe: Callable[[], Any], *, resamples: int = 1000, seed: int = 0
) -> dict[str, Any]:
    """Train an unfitted probe on each kind, and on all but one, and test it on each.

    Where two kinds share groups (one kind does with itself), both are cut into `FOLDS` folds of groups, and each fold
    is scored by a probe trained on rows outside it; else the probe is trained on all rows.

    Args:
        kinds: at least two.
        make_probe: returns an unfitted probe.
        resamples, seed: of the bootstrap over groups behind the intervals.

    Returns:
        JSON-ready: `kinds` (names), `n` (rows of each), `auroc` (`[train][test]`), `left_out` (by test: trained on all
        other kinds), and `worst`, the `[train, test]` place off the diagonal with the lowest AUROC.
    """
    kinds = list(kinds)[:MOST]
    options = {"resamples": resamples, "seed": derive_seed(seed, "transfer")}
    cells = [[_cell([a], b, make_probe, options) for b in kinds] for a in kinds]
    others = [[*kinds[:j], *kinds[j + 1 :]] for j in range(len(kinds))]
    left_out = [_cell(a, b, make_probe, options) for a, b in zip(others, kinds, strict=True)]
    apart = [(i, j) for i in range(len(kinds)) for j in range(len(kinds)) if i != j and cells[i][j].defined]
    worst = min(apart, key=lambda at: float(cells[at[0]][at[1]]), default=None)
    return {
        "kinds": [kind.name for kind in kinds],
        "n": [len(kind.y) for kind in kinds],
        "auroc": [[cell.to_json() for cell in row] for row in cells],
        "left_out": [cell.to_json() for cell in left_out],
        "worst": None if worst is None else list(worst),
    }


def _cell(train: Sequence[Kind], test: Kind, make_probe: Callable[[], Any], options: Mapping[str, Any]) -> Estimate:
    X, y, groups = (np.concatenate([getattr(kind, name) for kind in train]) for name in ("X", "y", "groups"))
    shared = np.isin(test.groups, groups)
    scores = np.empty(len(test.y))
    for rows, held_out in _folds(groups, test.groups, shared.any(), options["seed"]):
        if len(np.unique(y[rows])) < 2:
            return Estimate.undefined("without a fold of groups, the training data have one class only")
        scores[held_out] = make_probe().fit(X[rows], y[rows]).decision_function(test.X[held_out])
    return bootstrap(auroc, test.y, scores, test.groups, **options)


def _folds(train: np.ndarray, test: np.ndarray, share: Any, seed: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return (rows to train on, rows to test on) as masks; together the second ones are every row once."""
    if not share:
        return [(np.ones(len(train), dtype=bool), np.ones(len(test), dtype=bool))]
    names = np.unique(np.concatenate([train, test]))
    fold = dict(zip(names, np.random.default_rng(seed).permutation(len(names)) % FOLDS, strict=True))
    of_train, of_test = (np.array([fold[g] for g in groups]) for groups in (train, test))
    return [(of_train != k, of_test == k) for k in range(FOLDS) if (of_test == k).any()]
