"""Ridge regression onto numbers: a direction along which a quantity rises, where there are no two classes."""

from __future__ import annotations

from typing import Any, no_type_check

import numpy as np
from jaxtyping import Float
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.utils.validation import check_is_fitted

from sonde.probes.inputs import as_numbers, read_rows, read_targets
from sonde.probes.linear import unit_direction
from sonde.probes.parameters import check_parameters
from sonde.probes.problem import Problem


class RidgeRegressionProbe(RegressorMixin, BaseEstimator):
    """Ridge regression of a number (a dose, a probability, a position) on standardised activations.

    Minimises `Σ weight·(y - z·w - b)² + l2·‖w‖²` (Hoerl & Kennard 1970), scikit-learn's objective. It predicts numbers,
    not log-odds: it has no classes, no threshold and no audit, and is a scikit-learn regressor.

    Args:
        l2: strength of the penalty, in units of summed squared error on standardised features.
        standardize: divide each feature by its standard deviation on the training rows.
        fit_intercept: learn an unpenalised constant.

    Attributes:
        coef_: `[d]` weights on raw activations, the scaler folded in.
        intercept_: a number.
        origin_: model, site, selector, pooling and data of the training rows; None when fitted on bare arrays.

    Example:
        >>> X = np.array([[0.0, 1.0], [1.0, 1.0], [4.0, 1.0], [5.0, 1.0]])
        >>> RidgeRegressionProbe(l2=1e-6).fit(X, [0.0, 2.0, 8.0, 10.0]).predict([[3.0, 1.0]]).round(3)
        array([6.])
    """

    kind = "ridge_regression"
    l2: float
    standardize: bool
    fit_intercept: bool

    @no_type_check  # stores what it is given, of any type; `fit` checks it, as scikit-learn's contract has it
    def __init__(self, l2: float = 10.0, standardize: bool = True, fit_intercept: bool = True) -> None:
        self.l2 = l2
        self.standardize = standardize
        self.fit_intercept = fit_intercept

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> RidgeRegressionProbe:
        """Learn from `[n, d]` rows and `[n]` numbers; rows of weight 0 are left out.

        Raises:
            InputError: no rows, a target or an activation that is not finite, or a parameter that means nothing.
        """
        check_parameters(type(self).__name__, self.get_params())
        rows = read_rows(self, X, reset=True)
        target, w = read_targets(self, rows, y, sample_weight, as_numbers)
        kept = w > 0
        rows, target, w = rows[kept], target[kept], w[kept]
        nobody = np.zeros(len(rows), dtype=bool)
        problem = Problem.build(rows, nobody, w, standardize=self.standardize, centre=self.fit_intercept)
        constant = float(w @ target / w.sum()) if self.fit_intercept else 0.0
        coef = (w * (target - constant)) @ problem.R / (problem.lam + self.l2)
        found = problem.unfold(coef, constant)
        self.coef_, self.intercept_, self.origin_ = found.coef, found.intercept, getattr(X, "origin", None)
        return self

    def predict(self, X: Any) -> Float[np.ndarray, " n"]:
        """Return `[n]` numbers."""
        check_is_fitted(self)
        return read_rows(self, X, reset=False) @ self.coef_ + self.intercept_

    @property
    def direction_(self) -> Float[np.ndarray, " d"]:
        """`[d]` unit vector in raw activation space along which the number rises fastest.

        Raises:
            InputError: every weight is 0.
        """
        check_is_fitted(self)
        return unit_direction(self.coef_, "its training targets were the same")
