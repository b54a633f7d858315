"""k-sparse probing: how well a few latents, chosen on training rows, detect a concept (2305.01610)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from jaxtyping import Bool, Float, Int, Shaped

from sonde.base.errors import InputError
from sonde.base.seeds import generator
from sonde.saes.codes import columns
from sonde.saes.latent_auroc import separation
from sonde.scores import Estimate, auroc, bootstrap

KS = (1, 2, 5, 16)
STRENGTHS = (1e-1, 1.0, 1e1, 1e2, 1e3)
#: Shares of the groups that train, validate and test.
SHARES = (0.6, 0.2, 0.2)


@dataclass(frozen=True)
class Parts:
    """Who trains, validates and tests: `[n]` 0, 1 or 2; no group is in two parts."""

    part: Int[np.ndarray, " n"]

    def __getitem__(self, number: int) -> np.ndarray:
        return np.flatnonzero(self.part == number)


def split_groups(y: Bool[np.ndarray, " n"], groups: Shaped[np.ndarray, " n"] | None, seed: int) -> Parts:
    """Share out groups at random, 60 : 20 : 20, so that every part holds both classes.

    Raises:
        InputError: no assignment found in which every part has both classes.
    """
    owner = np.arange(len(y)) if groups is None else np.unique(groups, return_inverse=True)[1]
    count = int(owner.max()) + 1 if len(owner) else 0
    random = generator(seed, "sae", "parts")
    ends = np.cumsum(SHARES)[:-1] * count
    for _ in range(100):
        rank = np.empty(count, dtype=np.int64)
        rank[random.permutation(count)] = np.arange(count)
        part = np.searchsorted(ends, rank, side="right")[owner]
        if all(len(np.unique(y[part == i])) == 2 for i in range(3)):
            return Parts(part)
    raise InputError(
        f"{count} groups cannot be shared between training, validation and test so that each has both classes: "
        "give the data more groups."
    )


@dataclass(frozen=True)
class Probed:
    """One detector's figures.

    Attributes:
        validation: AUROC on the validation groups, by which `l2` was chosen.
        test: AUROC on the test groups, with its interval over groups.
        l2: the strength chosen.
        latents: the latents read, best first; empty for a dense detector.
        scores: `[m]` scores of the test rows, in the order of the rows.
    """

    validation: float | None
    test: Estimate
    l2: float | None
    latents: tuple[int, ...]
    scores: Float[np.ndarray, " m"]


def k_sparse(
    Z: sp.csr_matrix,
    y: Bool[np.ndarray, " n"],
    parts: Parts,
    groups: Shaped[np.ndarray, " n"] | None,
    ks: Sequence[int] = KS,
    resamples: int = 1000,
    seed: int = 0,
) -> dict[int, Probed]:
    """Return for each `k` a logistic probe on the `k` latents that separate the training rows best.

    Selection uses training rows only, the penalty is tuned on validation rows, the figures are of test rows.

    Args:
        Z: `[n, s]` codes.
        y: `[n]` True = positive.
        parts: the split.
        groups: `[n]` for the interval.
        ks: how many latents; more than there are become all of them.
        resamples: of the interval.
        seed: of the interval.
    """
    best = separation(Z[parts[0]], y[parts[0]]).order()
    found = {}
    for k in ks:
        chosen = best[: min(k, Z.shape[1])]
        found[k] = fit_dense(columns(Z, chosen), y, parts, groups, resamples, seed, tuple(int(i) for i in chosen))
    return found


def fit_dense(
    X: Float[np.ndarray, "n d"],
    y: Bool[np.ndarray, " n"],
    parts: Parts,
    groups: Shaped[np.ndarray, " n"] | None,
    resamples: int = 1000,
    seed: int = 0,
    latents: tuple[int, ...] = (),
) -> Probed:
    """Return a logistic probe on all columns of `X`: its penalty tuned on validation rows, its figures of test rows."""
    from sonde.probes import LogisticProbe

    train, validation = parts[0], parts[1]
    others = X[np.r_[validation, parts[2]]]
    held_out = [LogisticProbe(l2=l2).fit(X[train], y[train]).decision_function(others) for l2 in STRENGTHS]
    tried = [auroc(y[validation], s[: len(validation)]).value or 0.0 for s in held_out]
    best = int(np.argmax(np.array(tried) - 1e-9 * np.arange(len(tried))[::-1]))  # ties go to the stronger penalty
    scores = held_out[best][len(validation) :]
    return Probed(tried[best], on_test(y, scores, parts, groups, resamples, seed), STRENGTHS[best], latents, scores)


def mean_difference(
    X: Float[np.ndarray, "n d"],
    y: Bool[np.ndarray, " n"],
    parts: Parts,
    groups: Shaped[np.ndarray, " n"] | None,
    resamples: int = 1000,
    seed: int = 0,
) -> Probed:
    """Return the projection on the difference of the training rows' class means: nothing to tune."""
    train = parts[0]
    direction = X[train][y[train]].mean(0) - X[train][~y[train]].mean(0)
    scores = X @ direction
    validation = auroc(y[parts[1]], scores[parts[1]]).value
    test = on_test(y, scores[parts[2]], parts, groups, resamples, seed)
    return Probed(validation, test, None, (), scores[parts[2]])


def on_test(
    y: Bool[np.ndarray, " n"],
    scores: Float[np.ndarray, " m"],
    parts: Parts,
    groups: Shaped[np.ndarray, " n"] | None,
    resamples: int,
    seed: int,
) -> Estimate:
    """Return the AUROC of `scores` of the test rows, with its 95 % interval over groups."""
    test = parts[2]
    return bootstrap(auroc, y[test], scores, None if groups is None else groups[test], resamples, seed)
