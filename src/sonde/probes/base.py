"""The contract of every probe. Bases declare, leaves implement, and nobody overrides a body."""

from __future__ import annotations

import copy
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

import numpy as np
from jaxtyping import Float
from scipy.special import expit
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.validation import check_is_fitted

from sonde.activations import Origin
from sonde.base.display import Displayed
from sonde.probes.facts import Facts
from sonde.probes.inputs import DataError, read_labelled, read_rows
from sonde.probes.parameters import check_parameters
from sonde.probes.token_rows import TokenRows
from sonde.scores import Scores, Threshold

if TYPE_CHECKING:
    from sonde.probes.fold_rows import FoldRows, FoldScores

P = TypeVar("P", bound="Probe")  # not typing.Self: the run-time checker of the tests takes it in classes only


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

    def fit(
        self: P,
        X: Any,
        y: Any,
        sample_weight: Any = None,
        *,
        groups: Any = None,
        tags: Mapping[str, Any] | None = None,
        example: Any = None,
    ) -> P:
        """Learn from rows and labels.

        Rows that come out of `features.at(site).X` know their origin, groups, tags and examples by themselves.

        Args:
            X: `[n, d]` numpy or torch, or `TokenRows` of `n` examples; `X.origin`, where there is one, is remembered.
            y: `[n]` any two classes; the second in sorted order is the positive one.
            sample_weight: `[n]` a whole number counts a row that often.
            groups: `[n]` rows that belong together; read by probes that pair rows or hold groups out.
            tags: per name `[n]` further columns; read by probes that name one.
            example: `[n]` the example each row is a token of; None = each row is an example.

        Raises:
            InputError: no rows, one class only, NaN or infinite activations, or a parameter that means nothing.
        """
        self.check_parameters()
        origin = getattr(X, "origin", None)
        if isinstance(X, TokenRows):
            X, y, sample_weight, example, groups = _of_tokens(X, y, sample_weight, groups)
        rows, labels, weights, classes, kept = read_labelled(self, X, y, sample_weight)
        facts = Facts.of(X, len(kept), groups, tags, example)
        facts = facts if kept.all() else facts.take(kept)
        self._learn(rows, labels, self._weigh(labels, weights, classes), facts)
        self._remember(classes, len(rows), origin)
        return self

    def _remember(self, classes: np.ndarray, rows: int, origin: Origin | None) -> None:
        self.classes_, self.n_rows_ = classes, rows
        self.origin_, self.threshold_, self.audit_ = origin, None, "not audited"

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
    def _learn(self, X: np.ndarray, y: np.ndarray, w: np.ndarray, facts: Facts) -> None:
        """Set the learnt attributes from `[n, d]` rows, `[n]` booleans, `[n]` positive weights, and further columns."""

    def decision_function(self, X: Any) -> Float[np.ndarray, " n"]:
        """Return `[n]` log-odds of the positive class: of each row by itself, or of each example of `TokenRows`.

        Raises:
            NotFittedError: `fit` was not called.
            InputError: another width than the training rows', or NaN or infinite activations.
        """
        check_is_fitted(self)
        if isinstance(X, TokenRows):
            return self.example_scores(X.X, X.example)
        return self.row_scores(read_rows(self, X, reset=False))

    @abstractmethod
    def row_scores(self, X: Float[np.ndarray, "n d"]) -> Float[np.ndarray, " n"]:
        """Return `[n]` log-odds of checked rows, each by itself."""

    @abstractmethod
    def example_scores(self, X: Any, example: Any = None) -> Float[np.ndarray, " m"]:
        """Return `[m]` log-odds of each example.

        Args:
            X: `[t, d]` one row an example, or the tokens of one example after those of another.
            example: `[t]` the example each row is a token of; None = as `X` knows, else each row is an example.
        """

    @abstractmethod
    def out_of_fold(self, rows: FoldRows, strengths: Sequence[float | None]) -> FoldScores:
        """Train on all folds but one, for every fold and strength, and score the one left out."""

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

    def with_threshold(self: P, threshold: Threshold | None) -> P:
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


def _of_tokens(X: TokenRows, y: Any, sample_weight: Any, groups: Any) -> tuple[Any, Any, Any, Any, Any]:
    """Return rows, and each example's label, weight and group for every token of it."""
    example = X.example
    columns = []
    for name, column in (("y", y), ("sample_weight", sample_weight), ("groups", groups)):
        if column is not None and len(column) != len(X):
            raise DataError(f"{name} has {len(column)} entries for {len(X)} examples: pass one for each example.")
        columns.append(None if column is None else np.asarray(column)[example])
    return X.X, columns[0], columns[1], example, columns[2]
