"""The probe fitted again without a fifth of its groups: what it owes to the sample, and how well it does at home."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from sonde.base.errors import InputError
from sonde.probes import Probe
from sonde.probes.folds import assign_folds
from sonde.scores import Estimate, auroc, bootstrap

FOLDS = 5


@dataclass(frozen=True)
class FoldFits:
    """Five refits.

    Attributes:
        probes: each trained without one fifth of the groups, with a seed of its own where it has one.
        out_of_fold: `[n]` the score of each row by the refit that did not see its group.
        auroc: of these scores, with an interval over groups.
    """

    probes: tuple[Probe, ...]
    out_of_fold: Float[np.ndarray, " n"]
    auroc: Estimate


def fit_folds(probe: Probe, X: np.ndarray, y: np.ndarray, groups: np.ndarray, seed: int) -> FoldFits | str:
    """Return the five refits, or the reason why the groups do not allow them."""
    try:
        fold = assign_folds(y, groups, FOLDS, seed)
    except InputError as error:
        return str(error)
    probes, scores = [], np.empty(len(y))
    for k in range(FOLDS):
        fitted = unfitted(probe, seed=k).fit(X[fold != k], y[fold != k])
        scores[fold == k] = fitted.decision_function(X[fold == k])
        probes.append(fitted)
    return FoldFits(tuple(probes), scores, bootstrap(auroc, y, scores, groups, resamples=200, seed=seed))


def unfitted(probe: Probe, seed: int | None = None) -> Probe:
    """Return an unfitted probe of the same type and parameters, reseeded where it has a seed."""
    from sklearn.base import clone

    fresh = clone(probe)
    return fresh.set_params(seed=seed) if seed is not None and "seed" in fresh.get_params() else fresh
