"""Several classes, each against the rest: logistic regressions that share their rows, solved together."""

from __future__ import annotations

from typing import Any, no_type_check

import numpy as np
from jaxtyping import Float
from scipy.special import expit
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.validation import check_is_fitted

from sonde.probes.inputs import DataError, as_classes, read_rows, read_targets
from sonde.probes.logistic import FIT_GAP
from sonde.probes.parameters import check_parameters
from sonde.probes.solver import as_rows, solve_logistic


class OneVsRestProbe(ClassifierMixin, BaseEstimator):
    """A logistic probe for each of several classes, against all others (not multinomial: each is a claim of its own).

    scikit-learn's `OneVsRestClassifier(LogisticRegression(C=1 / l2))` on standardised rows, with all classes solved in
    one batch (see `solve_logistic`). To audit one class, fit a `LogisticProbe` for it: a claim has one positive class.

    Args:
        l2: strength of the penalty, in units of summed log-loss on standardised features.
        standardize: divide each feature by its standard deviation on the training rows.
        fit_intercept: learn an unpenalised constant.
        max_iter: solver steps at most.

    Attributes:
        classes_: `[c]` in sorted order.
        coef_: `[c, d]` weights on raw activations (`[1, d]`, of the second class, where there are two).
        intercept_: `[c]` (`[1]`).
        origin_: model, site, selector, pooling and data of the training rows; None when fitted on bare arrays.

    Example:
        >>> X = np.array([[0.0, 0.0], [0.0, 1.0], [4.0, 0.0], [4.0, 1.0], [0.0, 8.0], [1.0, 9.0]])
        >>> OneVsRestProbe(l2=1.0).fit(X, ["loyal", "loyal", "cover", "cover", "deal", "deal"]).predict([[0.0, 7.0]])
        array(['deal'], dtype='<U5')
    """

    kind = "one_vs_rest"
    l2: float
    standardize: bool
    fit_intercept: bool
    max_iter: int

    @no_type_check  # stores what it is given, of any type; `fit` checks it, as scikit-learn's contract has it
    def __init__(
        self, l2: float = 10.0, standardize: bool = True, fit_intercept: bool = True, max_iter: int = 1000
    ) -> None:
        self.l2 = l2
        self.standardize = standardize
        self.fit_intercept = fit_intercept
        self.max_iter = max_iter

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> OneVsRestProbe:
        """Learn from `[n, d]` rows and `[n]` labels of two classes or more; rows of weight 0 are left out.

        Raises:
            InputError: no rows, one class only, NaN or infinite activations, or a parameter that means nothing.
        """
        check_parameters(type(self).__name__, self.get_params())
        rows = read_rows(self, X, reset=True)
        labels, w = read_targets(self, rows, y, sample_weight, as_classes)
        kept = w > 0
        self.classes_, index = np.unique(labels, return_inverse=True)
        present = np.unique(index[kept])
        if len(present) < 2:
            only = self.classes_[present[0]] if len(present) else "none"
            raise DataError(f"The labels hold one class only ({only!r}), expected several: add rows of another class.")
        asked = np.arange(len(self.classes_))[1 if len(self.classes_) == 2 else 0 :]
        targets = (index[kept][None] == asked[:, None]).astype(np.float64)
        weights = np.tile(w[kept], (len(asked), 1))
        found = solve_logistic(
            as_rows(rows[kept]),
            as_rows(targets),
            as_rows(weights),
            [float(self.l2)],
            standardize=bool(self.standardize),
            intercept=bool(self.fit_intercept),
            gap=FIT_GAP,
            max_iter=int(self.max_iter),
        )
        raw, constant = found.rows.unfold(found.coef, found.constant, found.sets)
        self.coef_, self.intercept_ = raw.numpy(), constant.numpy()
        self.n_iter_, self.gradient_norm_ = max(1, int(found.steps.max())), float(found.gradient_norm.max())
        self.origin_ = getattr(X, "origin", None)
        return self

    def decision_function(self, X: Any) -> np.ndarray:
        """Return `[n, c]` log-odds of each class against the rest, or `[n]` of the second where there are two."""
        check_is_fitted(self)
        scores = read_rows(self, X, reset=False) @ self.coef_.T + self.intercept_
        return scores[:, 0] if len(self.classes_) == 2 else scores

    def predict_proba(self, X: Any) -> Float[np.ndarray, "n c"]:
        """Return `[n, c]` probabilities: those of each class against the rest, over their sum."""
        chance = expit(self.decision_function(X))
        chance = np.stack([1 - chance, chance], axis=1) if chance.ndim == 1 else chance
        return chance / chance.sum(axis=1, keepdims=True)

    def predict(self, X: Any) -> np.ndarray:
        """Return `[n]` classes, each the likeliest."""
        scores = self.decision_function(X)
        return self.classes_[(scores > 0).astype(int) if scores.ndim == 1 else scores.argmax(axis=1)]

    @property
    def directions_(self) -> Float[np.ndarray, "c d"]:
        """Unit vectors in raw activation space, one a row of `coef_`; a row of zeros stays one."""
        check_is_fitted(self)
        norm = np.linalg.norm(self.coef_, axis=1, keepdims=True)
        return self.coef_ / np.where(norm > 0, norm, 1.0)
