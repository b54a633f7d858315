"""The rows of one site as a sweep sees them: everybody trains, and everybody is held out once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Int
from sklearn.base import clone

from sonde.probes.base import Probe
from sonde.probes.closed_form import weigh_sums
from sonde.probes.facts import Facts
from sonde.probes.shrunken import shrunken_folds
from sonde.probes.sums import ClassSums


@dataclass(frozen=True)
class FoldScores:
    """What the models of a cross-validation say of the rows they did not train on.

    Attributes:
        values: `[k, n]` a score for each of `k` strengths and `n` examples.
        log_odds: whether the scores are log-odds, as the fitted probe's are; else only their order counts.
        gradient_norm: `[k]` the largest of the folds, over the total weight; 0 for closed forms.
        converged: `[k]` whether the models of all folds have converged.
    """

    values: Float[np.ndarray, "k n"]
    log_odds: bool
    gradient_norm: Float[np.ndarray, " k"]
    converged: Bool[np.ndarray, " k"]


@dataclass(frozen=True, eq=False)
class FoldRows:
    """Labelled rows and the fold each is held out in.

    Attributes:
        X: `[t, d]` rows, float64.
        y: `[t]` True = positive class.
        fold: `[t]` from 0.
        facts: what else is known of the rows.
        device: where a solver may work.
    """

    X: Float[np.ndarray, "t d"]
    y: Bool[np.ndarray, " t"]
    fold: Int[np.ndarray, " t"]
    facts: Facts = field(default_factory=Facts)
    device: Any = "cpu"

    @cached_property
    def folds(self) -> int:
        """How many folds there are."""
        return int(self.fold.max()) + 1

    @cached_property
    def offsets(self) -> Int[np.ndarray, " n_plus_1"]:
        """Where each example begins."""
        return self.facts.offsets(len(self.y))

    def per_example(self, scores: Float[np.ndarray, "k t"]) -> Float[np.ndarray, "k n"]:
        """Return the mean score of each example's tokens."""
        counts = np.diff(self.offsets)
        return scores if len(counts) == scores.shape[1] else np.add.reduceat(scores, self.offsets[:-1], 1) / counts

    @cached_property
    def order(self) -> Int[np.ndarray, " t"]:
        """The numbers of the rows by the fold they are held out in, in each the negatives first."""
        return np.lexsort((self.y, self.fold))

    @cached_property
    def bounds(self) -> Int[np.ndarray, " b"]:
        """Where in `order` the negatives and the positives of each fold begin, and the end."""
        counts = np.bincount(2 * self.fold + self.y, minlength=2 * self.folds)
        return np.concatenate([[0], np.cumsum(counts)])

    @cached_property
    def anchor(self) -> Float[np.ndarray, " d"]:
        """`[d]` the mean of all rows."""
        return self.X.mean(0)

    @cached_property
    def centred(self) -> Float[np.ndarray, "t d"]:
        """`[t, d]` the rows less `anchor`, in `order`: every fold and class is one slice of it."""
        rows = self.X[self.order]
        rows -= self.anchor
        return rows

    @cached_property
    def training_sums(self) -> list[ClassSums]:
        """Per fold the sums over all other folds' rows: one pass over the rows, for every closed form."""
        f, d = self.folds, self.X.shape[1]
        weight = np.diff(self.bounds).reshape(f, 2)
        total, product = np.zeros((f, 2, d)), np.zeros((f, 2, d, d))
        for b, (start, stop) in enumerate(pairwise(self.bounds)):
            Z = self.centred[start:stop]
            Z.sum(0, out=total[b // 2, b % 2])
            np.matmul(Z.T, Z, out=product[b // 2, b % 2])
        others = [weight.sum(0) - weight, total.sum(0) - total, np.subtract(product.sum(0), product, out=product)]
        return [ClassSums(self.anchor, w.astype(float), t, p, int(w.sum())) for w, t, p in zip(*others, strict=True)]

    @cached_property
    def _directions(self) -> dict[Any, list[Float[np.ndarray, "k d"]]]:
        return {}

    def shrunken(
        self, strengths: Sequence[float], *, standardize: bool, centre: bool = True, class_weight: Any = None
    ) -> list[Float[np.ndarray, "k d"]]:
        """Return `shrunken_folds` of each training set; solved once for all probes that ask for the same."""
        key = (tuple(strengths), standardize, centre or standardize, str(class_weight))
        if key not in self._directions:
            weighed = [weigh_sums(sums, class_weight) for sums in self.training_sums]
            self._directions[key] = shrunken_folds(weighed, strengths, standardize=standardize, centre=centre)
        return self._directions[key]


def closed_form_scores(rows: FoldRows, directions: Sequence[Float[np.ndarray, "k d"]]) -> FoldScores:
    """Score the held-out rows of each fold along the directions found on the others; no scale, no constant.

    Each fold is ranked within itself, so neither changes the AUROC.
    """
    k = len(directions[0])
    sorted_values, values = np.empty((k, len(rows.y))), np.empty((k, len(rows.y)))
    for raw, (start, stop) in zip(directions, pairwise(rows.bounds[::2]), strict=True):
        sorted_values[:, start:stop] = raw @ rows.centred[start:stop].T
    values[:, rows.order] = sorted_values
    return FoldScores(rows.per_example(values), False, np.zeros(k), np.ones(k, dtype=bool))


def refitted_scores(probe: Probe, rows: FoldRows, strengths: Sequence[float | None]) -> FoldScores:
    """Fit a clone of `probe` for every fold and strength: for probes that no solver fits all at once."""
    owner = rows.offsets[:-1]
    values = np.empty((len(strengths), len(owner)))
    norm = np.zeros(len(strengths))
    for fold in range(rows.folds):
        train, held_out = rows.fold != fold, rows.fold == fold
        kept, known = rows.facts.take(train), rows.facts.take(held_out)
        for i, l2 in enumerate(strengths):
            fitted = clone(probe).set_params(**({} if l2 is None else {"l2": l2}))
            fitted.fit(rows.X[train], rows.y[train], groups=kept.groups, tags=kept.tags, example=kept.example)
            values[i, rows.fold[owner] == fold] = fitted.example_scores(rows.X[held_out], known.example)
            norm[i] = max(norm[i], fitted.gradient_norm_)
    return FoldScores(values, True, norm, norm <= probe.get_params().get("tol", np.inf))
