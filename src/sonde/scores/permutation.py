"""Permutation tests that respect groups, and the correction for having made several tests."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool, Float, Real, Shaped

from sonde.base.errors import InputError
from sonde.base.seeds import generator
from sonde.scores.arrays import check_labels, check_numbers


def permuted_labels(
    y: Shaped[np.ndarray, " n"], groups: Shaped[np.ndarray, " g"] | None = None, k: int = 999, seed: int = 0
) -> Bool[np.ndarray, "k n"]:
    """Return `k` permutations of the labels under which rows of one group keep their common fate.

    Groups change places as wholes: in a random order their labels, shuffled inside each, are laid over the rows of all
    groups in another random order. Groups of one class keep one class as far as sizes allow (exactly, where all groups
    are of one size), so that the null has the same correlation within groups as the labels have (Good 2005, chapter 9).
    Without groups every row may exchange with every other.

    Args:
        y: `[n]` 1 = positive class, 0 = negative.
        groups: `[n]` any hashable names; None = every row its own group.
        k: how many.
        seed: of the permutations.

    Example:
        >>> y, groups = np.array([0, 0, 1, 1, 0, 0]), np.array(["a", "a", "b", "b", "c", "c"])
        >>> made = permuted_labels(y, groups, k=20)
        >>> bool((made[:, 0] == made[:, 1]).all()), made.sum(axis=1).max()
        (True, 2)
    """
    labels = check_labels(y)
    rng, n = generator(seed, "permutation"), len(labels)
    if groups is not None and len(groups) != n:
        raise InputError(f"There are {len(groups)} group names for {n} rows: pass one for each row, or none at all.")
    if groups is None:
        return labels[rng.permuted(np.tile(np.arange(n), (k, 1)), axis=1)]
    owner = np.unique(groups, return_inverse=True)[1]
    made = np.empty((k, n), dtype=bool)
    for i in range(k):
        made[i, _shuffled(owner, rng)] = labels[_shuffled(owner, rng)]
    return made


def _shuffled(owner: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return the rows with groups in a random order, and in a random order inside each group."""
    place = rng.permutation(int(owner.max(initial=-1)) + 1)[owner]
    return np.lexsort((rng.random(len(owner)), place))


def permutation_p(observed: float, null: Real[np.ndarray, " k"]) -> float:
    """Return the one-sided permutation p-value, `(1 + #{null >= observed}) / (1 + k)` (Phipson & Smyth 2010).

    It is never 0: 999 permutations resolve 0.001.

    Example:
        >>> permutation_p(0.9, np.linspace(0.4, 0.6, 999))
        0.001
    """
    values = check_numbers(null, "The null statistic")
    return float((1 + np.sum(values >= observed)) / (1 + len(values)))


def holm(p: Sequence[float] | Real[np.ndarray, " m"]) -> Float[np.ndarray, " m"]:
    """Return p-values adjusted for having made `m` tests (Holm 1979): the family errs as often as each says.

    Example:
        >>> holm([0.01, 0.04, 0.03]).round(3).tolist()
        [0.03, 0.06, 0.06]
    """
    values = np.asarray(p, dtype=np.float64)
    if len(values) and not ((values >= 0) & (values <= 1)).all():
        raise InputError(f"A p-value lies outside 0 to 1 ({values.min()}…{values.max()}): pass p-values.")
    order = np.argsort(values, kind="stable")
    stepped = np.maximum.accumulate(values[order] * np.arange(len(values), 0, -1))
    adjusted = np.empty_like(values)
    adjusted[order] = np.minimum(stepped, 1.0)
    return adjusted
