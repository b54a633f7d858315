"""What all linear probes share: one solution in principal axes, folded back onto raw activations."""

from __future__ import annotations

import warnings
from abc import abstractmethod
from collections.abc import Sequence
from typing import Any

import numpy as np
from jaxtyping import Bool, Float
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils.validation import check_is_fitted

from sonde.base.errors import InputError
from sonde.probes.base import Probe
from sonde.probes.inputs import read_rows
from sonde.probes.problem import Problem, Solution


class LinearProbe(Probe):
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
    def problem(self, X: Float[np.ndarray, "n d"], y: Bool[np.ndarray, " n"], w: Float[np.ndarray, " n"]) -> Problem:
        """Return the rows in the coordinates in which this probe is solved."""

    @abstractmethod
    def solve(self, problem: Problem, strengths: Sequence[float | None]) -> list[Solution]:
        """Return one solution for each strength, in their order; None = the probe has no strength."""

    @property
    def direction_(self) -> Float[np.ndarray, " d"]:
        """`[d]` unit vector in raw activation space along which the score rises fastest.

        Raises:
            InputError: every weight is 0.
        """
        check_is_fitted(self)
        norm = np.linalg.norm(self.coef_)
        if norm == 0:
            raise InputError("This probe has no direction, all its weights are 0: its training rows were all the same.")
        return self.coef_ / norm

    def decision_function(self, X: Any) -> Float[np.ndarray, " n"]:
        """Return `[n]` log-odds of the positive class, `X @ coef_ + intercept_`.

        Raises:
            NotFittedError: `fit` was not called.
            InputError: another width than the training rows', or NaN or infinite activations.
        """
        check_is_fitted(self)
        return read_rows(self, X, reset=False) @ self.coef_ + self.intercept_

    def held_out_scores(
        self, X: np.ndarray, y: np.ndarray, held_out: np.ndarray, strengths: Sequence[float | None]
    ) -> Float[np.ndarray, "k m"]:
        """Train on `X` `[n, d]` and `y` `[n]` once for each strength, and return scores of `held_out` `[m, d]`."""
        self.check_parameters()
        labels = np.asarray(y).astype(bool)
        weights = self._weigh(labels, np.ones(len(labels)), np.array([0, 1]))
        problem = self.problem(X, labels, weights)
        weights_of = [problem.unfold(s.coef, s.intercept) for s in self.solve(problem, strengths)]
        return np.stack([held_out @ coef + intercept for coef, intercept in weights_of])

    def _learn(self, X: np.ndarray, y: np.ndarray, w: np.ndarray) -> None:
        parameters = self.get_params()
        problem = self.problem(X, y, w)
        found = self.solve(problem, [parameters.get("l2")])[0]
        self.coef_, self.intercept_ = problem.unfold(found.coef, found.intercept)
        self.scaler_mean_, self.scaler_scale_ = problem.mean, problem.scale
        self.n_iter_, self.gradient_norm_ = found.n_iter, found.gradient_norm
        if found.gradient_norm > parameters.get("tol", np.inf):
            warnings.warn(
                f"{type(self).__name__} stopped after {found.n_iter} iterations at a gradient norm of "
                f"{found.gradient_norm:.2g}, above tol={parameters['tol']:g}: raise max_iter or l2.",
                ConvergenceWarning,
                stacklevel=3,
            )

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
