"""Contrast pairs: two rows of one group, one of each class or one of each side."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float, Int

from sonde.probes.facts import Facts
from sonde.probes.inputs import DataError


def contrast_pairs(facts: Facts, y: Bool[np.ndarray, " n"], probe: str) -> Int[np.ndarray, "m 2"]:
    """Return the rows of each pair, in the order in which they stand: groups of exactly two rows, one of each class.

    Raises:
        DataError: no groups are known, or none of them is such a pair.
    """
    if facts.groups is None:
        raise DataError(
            f"{probe} learns from contrast pairs, such as a statement and its negation, and these rows have no groups "
            "to pair them by: pass fit(X, y, groups=…) with one name for the two rows of each pair."
        )
    _, group, count = np.unique(facts.groups, return_inverse=True, return_counts=True)
    order = np.argsort(group, kind="stable")
    order = order[count[group[order]] == 2].reshape(-1, 2)
    pairs = order[y[order[:, 0]] != y[order[:, 1]]]
    if len(pairs) == 0:
        raise DataError(
            f"{probe} learns from contrast pairs, and none of the {len(count)} groups holds exactly two rows, one of "
            "each class: name groups so that a statement and its negation share one."
        )
    return pairs


def difference_moment(
    X: Float[np.ndarray, "n d"], y: Bool[np.ndarray, " n"], w: Float[np.ndarray, " n"], facts: Facts
) -> Float[np.ndarray, "d d"]:
    """Return the second moment of the differences of all rows of opposite classes, within each group where known.

    Every group counts by its weight. It does not depend on the sign of a difference, and equals what randomly drawn
    pairs give on average.

    Raises:
        DataError: groups are known, and none holds both classes.
    """
    group = np.zeros(len(y), dtype=np.int64)
    if facts.groups is not None:
        group = np.unique(facts.groups, return_inverse=True)[1]
    count = int(group.max()) + 1
    moment = np.zeros((X.shape[1], X.shape[1]))
    sums, weights = np.zeros((2, count, X.shape[1])), np.zeros((2, count))
    for c in (0, 1):
        mine = y == bool(c)
        np.add.at(sums[c], group[mine], X[mine] * w[mine, None])
        weights[c] = np.bincount(group[mine], w[mine], minlength=count)
    both = (weights > 0).all(0)
    if not both.any():
        raise DataError(
            "No group holds rows of both classes, so there are no differences to learn from: leave groups out to pair "
            "rows of the whole data, or name groups that do."
        )
    share = np.where(both, weights.sum(0), 0.0)
    for c in (0, 1):
        mine = y == bool(c)
        factor = w[mine] * (share / np.where(both, weights[c], 1.0))[group[mine]]
        moment += (X[mine].T * factor) @ X[mine]
    mean = sums[:, both] / weights[:, both, None]
    cross = (mean[0].T * share[both]) @ mean[1]
    return (moment - cross - cross.T) / share.sum()
