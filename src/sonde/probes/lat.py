"""Linear artificial tomography: the first principal component of differences between the classes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import no_type_check

import numpy as np
from jaxtyping import Bool, Float

from sonde.probes.closed_form import LinearSolution
from sonde.probes.facts import Facts
from sonde.probes.fold_rows import FoldRows, FoldScores, refitted_scores
from sonde.probes.linear import LinearProbe
from sonde.probes.pairs import difference_moment
from sonde.probes.platt import platt_scaling
from sonde.probes.scaling import fit_scaler


class LATProbe(LinearProbe):
    """The direction along which rows of opposite classes differ most.

    Zou et al. 2023 (2310.01405), section 3.1: PCA of differences of pairs. Two deviations: instead of pairs drawn at
    random it takes every pair of opposite classes (within each group, where groups are given), which is what random
    pairs give on average; and the moment is not centred, so that it does not matter which row of a pair is subtracted.

    Args:
        standardize: divide each feature by its standard deviation first; off, as in the paper.

    Example:
        >>> X = np.array([[0.0, 1.0], [0.5, 1.2], [4.0, 1.0], [4.5, 0.8]])
        >>> LATProbe().fit(X, [0, 0, 1, 1]).predict([[5.0, 1.0]])
        array([1])
    """

    kind = "lat"
    standardize: bool

    @no_type_check  # stores what it is given, of any type; `fit` checks it, as scikit-learn's contract has it
    def __init__(self, standardize: bool = False) -> None:
        self.standardize = standardize

    def solution(
        self, X: Float[np.ndarray, "n d"], y: Bool[np.ndarray, " n"], w: Float[np.ndarray, " n"], facts: Facts
    ) -> LinearSolution:
        """Take the first component, give it the classes' sign, and calibrate."""
        mean, scale = fit_scaler(X, w, standardize=self.standardize)
        Z = (X - mean) / scale
        direction = first_axis(difference_moment(Z, y, w, facts))
        gap = w[y] @ (Z[y] @ direction) / w[y].sum() - w[~y] @ (Z[~y] @ direction) / w[~y].sum()
        direction = direction if gap >= 0 else -direction
        a, b = platt_scaling(Z @ direction, y, w)
        raw = a * direction / scale
        return LinearSolution(raw, float(b - mean @ raw), mean, scale)

    def out_of_fold(self, rows: FoldRows, strengths: Sequence[float | None]) -> FoldScores:
        """Fit every fold; there is no strength."""
        return refitted_scores(self, rows, strengths)


def first_axis(moment: Float[np.ndarray, "d d"]) -> Float[np.ndarray, " d"]:
    """Return the unit eigenvector of the largest eigenvalue; zeros where the moment is zero."""
    from scipy.linalg import eigh

    d = len(moment)
    top, axis = eigh(moment, subset_by_index=[d - 1, d - 1])
    return axis[:, 0] if top[0] > 1e-20 else np.zeros(d)
