"""What all linear probes share: weights and a constant on raw activations, the scaler folded in."""

from __future__ import annotations

import warnings
from abc import abstractmethod
from typing import TypeVar

import numpy as np
from jaxtyping import Bool, Float
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils.validation import check_is_fitted

from sonde.base.errors import InputError
from sonde.probes.closed_form import LinearSolution
from sonde.probes.facts import Facts
from sonde.probes.sums import ClassSums
from sonde.probes.vector import VectorProbe

L = TypeVar("L", bound="LinearProbe")


def unit_direction(coef: Float[np.ndarray, " d"], cause: str) -> Float[np.ndarray, " d"]:
    """Return weights scaled to length 1.

    Raises:
        InputError: all are 0; the sentence gives the likely `cause`.

    Example:
        >>> unit_direction(np.array([3.0, 4.0]), "no rows")
        array([0.6, 0.8])
    """
    norm = np.linalg.norm(coef)
    if norm == 0:
        raise InputError(f"This probe has no direction, all its weights are 0: {cause}.")
    return coef / norm


class LinearProbe(VectorProbe):
    """A probe whose score is `X @ coef_ + intercept_` on raw activations, the scaler folded in.

    Attributes:
        coef_: `[d]`.
        intercept_: a number.
        scaler_mean_, scaler_scale_: `[d]` of the scaler that was folded in; 0 and 1 where there was none.
    """

    coef_: np.ndarray
    intercept_: float
    scaler_mean_: np.ndarray
    scaler_scale_: np.ndarray

    @abstractmethod
    def solution(
        self, X: Float[np.ndarray, "n d"], y: Bool[np.ndarray, " n"], w: Float[np.ndarray, " n"], facts: Facts
    ) -> LinearSolution:
        """Return what is learnt from these rows."""

    @property
    def direction_(self) -> Float[np.ndarray, " d"]:
        """`[d]` unit vector in raw activation space along which the score rises fastest.

        Raises:
            InputError: every weight is 0.
        """
        check_is_fitted(self)
        return unit_direction(self.coef_, "its training rows were all the same")

    def row_scores(self, X: Float[np.ndarray, "n d"]) -> Float[np.ndarray, " n"]:
        """Return `[n]` log-odds, `X @ coef_ + intercept_`."""
        return X @ self.coef_ + self.intercept_

    def _learn(self, X: np.ndarray, y: np.ndarray, w: np.ndarray, facts: Facts) -> None:
        found = self.solution(X, y, w, facts)
        self._keep(found)
        tol = self.get_params().get("tol", np.inf)
        if found.gradient_norm > tol:
            warnings.warn(
                f"{type(self).__name__} stopped after {found.n_iter} iterations at a gradient norm of "
                f"{found.gradient_norm:.2g}, above tol={tol:g}: raise max_iter or l2.",
                ConvergenceWarning,
                stacklevel=3,
            )

    def _keep(self, found: LinearSolution) -> None:
        self.coef_, self.intercept_ = found.coef, found.intercept
        self.scaler_mean_, self.scaler_scale_ = found.mean, found.scale
        self.n_iter_, self.gradient_norm_ = found.n_iter, found.gradient_norm

    def _fitted_from_sums(self: L, found: LinearSolution, sums: ClassSums) -> L:
        """Return this probe as fitted on sums: classes 0 and 1."""
        self._keep(found)
        self.n_features_in_ = len(found.coef)
        self._remember(np.array([0, 1]), sums.rows, sums.origin)
        return self

    def arrays(self) -> dict[str, np.ndarray]:
        """Return weights, intercept and scaler."""
        check_is_fitted(self)
        return {
            "coef": self.coef_,
            "intercept": np.array([self.intercept_]),
            "scaler_mean": self.scaler_mean_,
            "scaler_scale": self.scaler_scale_,
        }

    def array_shapes(self) -> dict[str, tuple[int, ...]]:
        """Return the shapes of `arrays`."""
        d = self.n_features_in_
        return {"coef": (d,), "intercept": (1,), "scaler_mean": (d,), "scaler_scale": (d,)}

    def restore(self, arrays: dict[str, np.ndarray]) -> None:
        """Set weights, intercept and scaler."""
        if not (arrays["scaler_scale"] > 0).all():
            raise InputError("scaler_scale holds a number that is not above 0")
        self.coef_, self.intercept_ = arrays["coef"], float(arrays["intercept"][0])
        self.scaler_mean_, self.scaler_scale_ = arrays["scaler_mean"], arrays["scaler_scale"]
