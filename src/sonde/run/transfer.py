"""Train on one kind of data, test on another: the whole matrix, and each kind left out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
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
    fits = _Fits(kinds, make_probe, derive_seed(seed, "transfer"))
    every = range(len(kinds))

    def cell(train: Sequence[int], test: int) -> Estimate:
        scores = fits.scores(tuple(train), test)
        if scores is None:
            return Estimate.undefined("without a fold of groups, the training data have one class only")
        kind = kinds[test]
        return bootstrap(auroc, kind.y, scores, kind.groups, resamples=resamples, seed=derive_seed(seed, "transfer"))

    cells = [[cell([i], j) for j in every] for i in every]
    left_out = [cell([i for i in every if i != j], j) for j in every]
    apart = [(i, j) for i in every for j in every if i != j and cells[i][j].defined]
    worst = min(apart, key=lambda at: float(cells[at[0]][at[1]]), default=None)
    return {
        "kinds": [kind.name for kind in kinds],
        "n": [len(kind.y) for kind in kinds],
        "auroc": [[found.to_json() for found in row] for row in cells],
        "left_out": [found.to_json() for found in left_out],
        "worst": None if worst is None else list(worst),
    }


class _Fits:
    """Probes by what they were trained on: each is fitted once, whatever it is tested on.

    Groups have one fold for all kinds, so that the probe trained without a fold serves every kind that shares groups.
    """

    def __init__(self, kinds: Sequence[Kind], make_probe: Callable[[], Any], seed: int):
        self.kinds = kinds
        self.make_probe = make_probe
        names = np.unique(np.concatenate([kind.groups for kind in kinds]))
        place = np.random.default_rng(seed).permutation(len(names)) % FOLDS
        self.folds = [place[np.searchsorted(names, kind.groups)] for kind in kinds]
        self.known: dict[tuple[tuple[int, ...], int | None], Any] = {}

    def scores(self, train: tuple[int, ...], test: int) -> np.ndarray | None:
        """Return `[n]` scores of a kind by probes that saw none of its groups; None where one had a single class."""
        kind, fold = self.kinds[test], self.folds[test]
        if not any(np.isin(kind.groups, self.kinds[k].groups).any() for k in train):
            probe = self.probe(train, None)
            return None if probe is None else probe.decision_function(kind.X)
        scores = np.empty(len(kind.y))
        for k in np.unique(fold).tolist():
            probe = self.probe(train, k)
            if probe is None:
                return None
            scores[fold == k] = probe.decision_function(kind.X[fold == k])
        return scores

    def probe(self, train: tuple[int, ...], without: int | None) -> Any:
        """Return the probe trained on these kinds without a fold; None where one class only is left."""
        if (train, without) not in self.known:
            kept = [self.folds[k] != without for k in train]
            X = np.concatenate([self.kinds[k].X[rows] for k, rows in zip(train, kept, strict=True)])
            y = np.concatenate([self.kinds[k].y[rows] for k, rows in zip(train, kept, strict=True)])
            self.known[train, without] = self.make_probe().fit(X, y) if len(np.unique(y)) == 2 else None
        return self.known[train, without]
