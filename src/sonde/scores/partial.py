"""What is left of a score once a nuisance is taken out: regressed away, or held equal."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Real, Shaped

from sonde.scores.arrays import check_numbers, check_pair
from sonde.scores.estimate import Estimate


def partial_out(s: Real[np.ndarray, " n"], nuisance: Real[np.ndarray, "n q"]) -> Float[np.ndarray, " n"]:
    """Return the residual of the scores after least squares on the nuisances, their squares and products.

    Class-blind: labels are not seen. Nuisances are standardised first; one without variance is left out.

    Args:
        s: `[n]` scores.
        nuisance: `[n, q]` what is to be taken out, for example log-probability and entropy.

    Example:
        >>> z = np.linspace(-1, 1, 50)
        >>> bool(np.abs(partial_out(3 * z**2 - z + 1, z[:, None])).max() < 1e-9)
        True
    """
    from sklearn.preprocessing import PolynomialFeatures, StandardScaler

    scores = check_numbers(s, "The score", len(nuisance))
    check_numbers(np.ravel(nuisance), "The nuisance")
    Z = np.asarray(nuisance, dtype=np.float64)
    Z = Z[:, Z.std(axis=0) > 0]
    if Z.shape[1] == 0:
        return scores - scores.mean()
    design = PolynomialFeatures(degree=2).fit_transform(StandardScaler().fit_transform(Z))
    return scores - design @ np.linalg.lstsq(design, scores, rcond=None)[0]


def stratified_auroc(
    y: Shaped[np.ndarray, " n"], s: Real[np.ndarray, " m"], strata: Shaped[np.ndarray, " m"]
) -> Estimate:
    """Return how often a positive outscores a negative *of the same stratum*, ties counting half.

    The covariate-matched AUROC of Janes & Pepe 2009, pairs weighing alike: `Σ n₁n₀·AUROC / Σ n₁n₀` over strata. A
    score that reads only the stratum has 0.5.

    Args:
        y: `[n]` 1 = positive class, 0 = negative.
        s: `[n]` scores.
        strata: `[n]` any names.

    Example:
        >>> y, s = np.array([0, 1, 0, 1]), np.array([1.0, 1.0, 2.0, 2.0])
        >>> stratified_auroc(y, s, np.array(["a", "a", "b", "b"])).value
        0.5
    """
    from sonde.scores.weighted import stratified_auroc_kernel

    labels, scores = check_pair(y, s)
    value = stratified_auroc_kernel(labels, scores, strata)(np.ones((1, len(labels))))[0]
    if np.isnan(value):
        return Estimate.undefined("no stratum holds both classes")
    return Estimate(float(value))


def comparable(y: Shaped[np.ndarray, " n"], strata: Shaped[np.ndarray, " n"]) -> Shaped[np.ndarray, " n"]:
    """Return `[n]` booleans: rows whose stratum holds both classes."""
    _, owner = np.unique(strata, return_inverse=True)
    positive = np.bincount(owner, weights=np.asarray(y))
    return ((positive > 0) & (positive < np.bincount(owner)))[owner]


def auroc_columns(y: Shaped[np.ndarray, " n"], scores: Real[np.ndarray, "n k"]) -> Float[np.ndarray, " k"]:
    """Return the AUROC of each column, from rank sums (Mann & Whitney 1947), ties counting half.

    Example:
        >>> auroc_columns(np.array([0, 1, 1]), np.array([[1.0, 3.0], [2.0, 2.0], [3.0, 1.0]])).tolist()
        [1.0, 0.0]
    """
    from scipy.stats import rankdata

    positive = np.asarray(y).astype(bool)
    n1, n0 = int(positive.sum()), int((~positive).sum())
    if not n1 or not n0:
        return np.full(scores.shape[1], np.nan)
    ranks = rankdata(scores, axis=0)[positive].sum(axis=0)
    return (ranks - n1 * (n1 + 1) / 2) / (n1 * n0)
