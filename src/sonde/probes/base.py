"""The contract of every probe, and what all linear probes share. Bases declare, leaves implement."""

from __future__ import annotations

import copy
import warnings
from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
from jaxtyping import Bool, Float
from scipy.special import expit
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils.validation import check_is_fitted

from sonde.activations import Origin
from sonde.base.display import Displayed
from sonde.base.errors import InputError
from sonde.probes.inputs import DataError, read_labelled, read_rows
from sonde.probes.parameters import check_parameters
from sonde.probes.problem import Problem, Solution
from sonde.scores import Scores, Threshold


class Probe(Displayed, ClassifierMixin, BaseEstimator, ABC):
    """A detector of one class: a scikit-learn classifier that also takes torch tensors and remembers its origin.

    `decision_function` is in log-odds: `predict_proba` is its sigmoid, and `predict` takes the second class where it is
    above 0. The operating point `threshold_`, set on a control, is used by `Scores.flagged`, not by `predict`.

    Attributes:
        kind: the name of the probe type, as recipes and files write it.
        classes_: the two classes; scores are higher for the second.
        n_features_in_: `d`.
        n_rows_: rows learnt from.
        n_iter_: iterations of the solver; 1 for a closed form.
        gradient_norm_: of the objective at the solution, over the total weight; 0 for a closed form.
        origin_: model, site, selector, pooling and data of the training rows; None when fitted on bare arrays.
        threshold_: the operating point; None until set.
        audit_: the verdict on this probe; "not audited" until it was.
    """

    kind: ClassVar[str]
    classes_: np.ndarray
    n_features_in_: int
    n_rows_: int
    n_iter_: int
    gradient_norm_: float
    origin_: Origin | None
    threshold_: Threshold | None
    audit_: str

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Learn from rows and labels.

        Args:
            X: `[n, d]` numpy or torch; `X.origin`, where there is one, is remembered.
            y: `[n]` any two classes; the second in sorted order is the positive one.
            sample_weight: `[n]` a whole number counts a row that often.

        Raises:
            InputError: no rows, one class only, NaN or infinite activations, or a parameter that means nothing.
        """
        self.check_parameters()
        rows, labels, weights, classes = read_labelled(self, X, y, sample_weight)
        self._learn(rows, labels, self._weigh(labels, weights, classes))
        self.classes_, self.n_rows_ = classes, len(rows)
        self.origin_, self.threshold_, self.audit_ = getattr(X, "origin", None), None, "not audited"
        return self

    def _weigh(self, y: np.ndarray, w: np.ndarray, classes: np.ndarray) -> np.ndarray:
        """Return row weights times class weights, for probes that have these."""
        from sklearn.utils.class_weight import compute_class_weight

        chosen = self.get_params().get("class_weight")
        if chosen is None:
            return w
        index = y.astype(int)
        try:
            per_class = compute_class_weight(chosen, classes=classes, y=classes[index], sample_weight=w)
        except ValueError as error:
            raise DataError(str(error)) from error
        weighed = w * per_class[index]
        if not (weighed[y].sum() > 0 and weighed[~y].sum() > 0):
            raise DataError(f"class_weight={chosen!r} leaves one class without weight: give both classes some.")
        return weighed

    def check_parameters(self) -> None:
        """Refuse parameters that mean nothing."""
        check_parameters(type(self).__name__, self.get_params())

    @abstractmethod
    def _learn(self, X: np.ndarray, y: np.ndarray, w: np.ndarray) -> None:
        """Set the learnt attributes from `[n, d]` rows, `[n]` booleans and `[n]` positive weights."""

    @abstractmethod
    def decision_function(self, X: Any) -> Float[np.ndarray, " n"]:
        """Return `[n]` log-odds of the positive class."""

    @abstractmethod
    def held_out_scores(
        self, X: np.ndarray, y: np.ndarray, held_out: np.ndarray, strengths: Sequence[float | None]
    ) -> Float[np.ndarray, "k m"]:
        """Train on `X` `[n, d]` and `y` `[n]` once for each strength, and return scores of `held_out` `[m, d]`."""

    @abstractmethod
    def arrays(self) -> dict[str, np.ndarray]:
        """Return what was learnt, by name, in float64: what the probe file holds."""

    @abstractmethod
    def array_shapes(self) -> dict[str, tuple[int, ...]]:
        """Return the shapes of `arrays` for this width and these parameters."""

    @abstractmethod
    def restore(self, arrays: dict[str, np.ndarray]) -> None:
        """Set what was learnt from `arrays`, of the shapes of `array_shapes`.

        Raises:
            InputError: the numbers cannot be what a probe learnt.
        """

    def predict_proba(self, X: Any) -> Float[np.ndarray, "n 2"]:
        """Return `[n, 2]` calibrated probabilities of the two classes."""
        chance = expit(self.decision_function(X))
        return np.stack([1.0 - chance, chance], axis=1)

    def predict(self, X: Any) -> np.ndarray:
        """Return `[n]` classes: the second where `decision_function` is above 0."""
        above = self.decision_function(X) > 0
        return self.classes_[above.astype(int)]

    def with_threshold(self, threshold: Threshold | None) -> Self:
        """Return the same probe with another operating point."""
        check_is_fitted(self)
        other = copy.copy(self)
        other.threshold_ = threshold
        return other

    def save(self, path: str | Path, force: bool = False) -> Path:
        """Write the probe as one safetensors file that runs no code when read; see `load_probe`.

        Raises:
            InputError: the file exists and `force` is False, or its folder does not exist.
        """
        from sonde.probes.file import write_probe

        return write_probe(self, path, force=force)

    def score_tokens(self, model: Any, data: Any) -> Scores:
        """Return the score of every token of `data` (a text, a list of texts, dialogues, or a `Dataset`)."""
        from sonde.probes.scoring import score_tokens

        return score_tokens(self, model, data)

    def score_examples(self, model: Any, data: Any) -> Scores:
        """Return one score an example, over the tokens and with the pooling that the probe was trained on."""
        from sonde.probes.scoring import score_examples

        return score_examples(self, model, data)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_class = False
        return tags

    def _repr_mimebundle_(self, **kwargs: Any) -> dict[str, str]:
        """Draw the probe as sonde draws values, not as scikit-learn draws pipelines."""
        html = self._repr_html_()
        return {"text/plain": repr(self)} | ({} if html is None else {"text/html": html})


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
