"""Training of truth and polarity directions: a truth direction that holds for negated statements too."""

from __future__ import annotations

from collections.abc import Sequence
from typing import no_type_check

import numpy as np
from jaxtyping import Bool, Float, Shaped

from sonde.probes.closed_form import LinearSolution
from sonde.probes.facts import Facts
from sonde.probes.fold_rows import FoldRows, FoldScores, refitted_scores
from sonde.probes.inputs import DataError
from sonde.probes.linear import LinearProbe
from sonde.probes.platt import small_logistic, smooth_targets
from sonde.probes.scaling import fit_scaler
from sonde.probes.solver import as_rows, solve_logistic

POLARITY_L2 = 10.0  # the authors' code has no penalty, and no optimum where the polarity can be read without error


class TTPDProbe(LinearProbe):
    """A truth direction shared by affirmative and negated statements, beside one for the polarity.

    Bürger et al. 2024 (2407.12831), section 5: the truth directions `t_G` and `t_P` solve `a - μ = τ·t_G + τ·p·t_P` by
    least squares (equation 4), `τ = ±1` for true and false, `p = ±1` for affirmative and negated, `μ` the mean of the
    topic; a logistic regression reads the polarity `p`; another one scores the two projections, on `t_G` and on the
    polarity's direction.

    Args:
        polarity: the tag that says which statements are negated ("negated", "negative", False, 0 or -1 are; anything
            else is affirmative); None = all are affirmative, and the score has `t_G` alone.
        topic: the tag whose values have a mean of their own; None = one mean.

    Example:
        >>> X = np.array([[0.0, 1.0], [0.5, 1.2], [4.0, 1.0], [4.5, 0.8]])
        >>> TTPDProbe().fit(X, [0, 0, 1, 1]).predict([[5.0, 1.0]])
        array([1])
    """

    kind = "ttpd"
    polarity: str | None
    topic: str | None

    @no_type_check  # stores what it is given, of any type; `fit` checks it, as scikit-learn's contract has it
    def __init__(self, polarity: str | None = None, topic: str | None = None) -> None:
        self.polarity = polarity
        self.topic = topic

    def solution(
        self, X: Float[np.ndarray, "n d"], y: Bool[np.ndarray, " n"], w: Float[np.ndarray, " n"], facts: Facts
    ) -> LinearSolution:
        """Learn both directions and weigh the projections on them."""
        mean, one = fit_scaler(X, w, standardize=False)
        Z, truth = X - mean, np.where(y, 1.0, -1.0)
        affirmed = self._polarity(facts, len(y))
        centred = Z - topic_means(Z, w, None if self.topic is None else self._tag(facts, self.topic))
        directions = [truth_direction(centred, truth, affirmed, w)]
        if (affirmed > 0).any() and (affirmed < 0).any():
            directions.append(polarity_direction(X, affirmed > 0, w))
        projected = Z @ np.stack(directions, 1)
        spread = np.sqrt(w @ projected**2 / w.sum())
        spread = np.where(spread > 0, spread, 1.0)
        *weights, constant = small_logistic(np.c_[projected / spread, np.ones(len(y))], smooth_targets(y, w), w)
        coef = np.stack(directions, 1) @ (np.array(weights) / spread)
        return LinearSolution(coef, float(constant - mean @ coef), np.zeros_like(mean), one)

    def out_of_fold(self, rows: FoldRows, strengths: Sequence[float | None]) -> FoldScores:
        """Fit every fold; there is no strength."""
        return refitted_scores(self, rows, strengths)

    def _polarity(self, facts: Facts, n: int) -> Float[np.ndarray, " n"]:
        if self.polarity is None:
            return np.ones(n)
        negated = {"negated", "negative", "false", "0", "0.0", "-1", "-1.0"}
        return np.array([-1.0 if str(v).lower() in negated else 1.0 for v in self._tag(facts, self.polarity)])

    def _tag(self, facts: Facts, name: str) -> Shaped[np.ndarray, " n"]:
        if name not in facts.tags:
            raise DataError(
                f"TTPDProbe reads the tag {name!r} and these rows have {', '.join(facts.tags) or 'no tags'}: pass "
                "fit(X, y, tags={…}), load data with that column, or set the parameter to None."
            )
        return np.asarray(facts.tags[name], dtype=object)


def topic_means(
    Z: Float[np.ndarray, "n d"], w: Float[np.ndarray, " n"], topic: Shaped[np.ndarray, " n"] | None
) -> Float[np.ndarray, "n d"]:
    """Return the weighted mean of each row's topic."""
    own = np.zeros(len(Z), dtype=np.int64) if topic is None else np.unique(topic.astype(str), return_inverse=True)[1]
    sums = np.zeros((own.max() + 1, Z.shape[1]))
    np.add.at(sums, own, Z * w[:, None])
    return (sums / np.bincount(own, w)[:, None])[own]


def truth_direction(
    centred: Float[np.ndarray, "n d"],
    truth: Float[np.ndarray, " n"],
    affirmed: Float[np.ndarray, " n"],
    w: Float[np.ndarray, " n"],
) -> Float[np.ndarray, " d"]:
    """Return `t_G` of the least-squares fit of `τ·t_G + τ·p·t_P` (least norm where `p` is the same for all)."""
    design = np.stack([truth, truth * affirmed], 1)[:, : 1 + (np.ptp(affirmed) > 0)]
    root = np.sqrt(w)[:, None]
    return np.linalg.lstsq(design * root, centred * root, rcond=None)[0][0]


def polarity_direction(
    X: Float[np.ndarray, "n d"], affirmed: Bool[np.ndarray, " n"], w: Float[np.ndarray, " n"]
) -> Float[np.ndarray, " d"]:
    """Return the weights, on raw rows, of a logistic regression of the polarity."""
    found = solve_logistic(as_rows(X), as_rows(affirmed[None]), as_rows(w[None]), [POLARITY_L2], gap=1e-10)
    return found.rows.unfold(found.coef, found.constant, found.sets)[0][0].numpy()
