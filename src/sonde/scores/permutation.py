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
    """Return `k` permutations of the labels under which rows of one group keep their fate.

    Labels move only between units that are exchangeable when groups share what they share (Good 2005, chapter 9):
    inside a group that holds both classes, rows exchange labels; groups of one class exchange theirs as wholes, among
    groups of the same size where there is another, else with the nearest sizes. Without groups every row may exchange
    with every other.

    Args:
        y: `[n]` 1 = positive class, 0 = negative.
        groups: `[n]` any hashable names; None = every row its own group.
        k: how many.
        seed: of the permutations.

    Example:
        >>> y, groups = np.array([0, 0, 1, 1, 0, 1]), np.array(["a", "a", "b", "b", "c", "c"])
        >>> made = permuted_labels(y, groups, k=20)
        >>> bool((made[:, 0] == made[:, 1]).all()), bool((made[:, 4] != made[:, 5]).all())
        (True, True)
    """
    labels = check_labels(y)
    rng, n = generator(seed, "permutation"), len(labels)
    if groups is not None and len(groups) != n:
        raise InputError(f"There are {len(groups)} group names for {n} rows: pass one for each row, or none at all.")
    owner = np.arange(n) if groups is None else np.unique(groups, return_inverse=True)[1]
    share = np.bincount(owner, weights=labels) / np.bincount(owner)
    mixed = (share > 0) & (share < 1)
    inside = np.flatnonzero(mixed[owner])
    made = np.repeat(labels[None, :], k, axis=0)
    made[:, inside] = _within_groups(labels[inside], owner[inside], k, rng)
    whole = np.flatnonzero(~mixed)
    if len(whole):
        fate = np.zeros((k, len(share)), dtype=bool)
        fate[:, whole] = _between_groups(share[whole] > 0, np.bincount(owner)[whole], k, rng)
        outside = np.flatnonzero(~mixed[owner])
        made[:, outside] = fate[:, owner[outside]]
    return made


def _within_groups(y: np.ndarray, owner: np.ndarray, k: int, rng: np.random.Generator) -> np.ndarray:
    """Shuffle the labels inside each group: sort random keys within groups, and lay the labels over that order."""
    home = np.argsort(owner, kind="stable")
    made = np.empty((k, len(y)), dtype=bool)
    for i in range(k):
        made[i, np.lexsort((rng.random(len(y)), owner))] = y[home]
    return made


def _between_groups(fate: np.ndarray, sizes: np.ndarray, k: int, rng: np.random.Generator) -> np.ndarray:
    """Shuffle the labels of whole groups among groups of the same size; sizes that stand alone join the next one."""
    values, counts = np.unique(sizes, return_counts=True)
    block, blocks = 0, {}
    for i, (size, count) in enumerate(zip(values, counts, strict=True)):
        blocks[size] = block
        block += int(count > 1 or (i > 0 and blocks[values[i - 1]] == block))
    members = np.array([blocks[s] for s in sizes])
    return _within_groups(fate, members, k, rng)


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
