"""An ensemble: the mean log-odds of several probes, at one site or at several."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, no_type_check

import numpy as np
from jaxtyping import Float
from sklearn.utils.validation import check_is_fitted

from sonde.probes.base import Probe
from sonde.probes.facts import Facts
from sonde.probes.fold_rows import FoldRows, FoldScores, refitted_scores
from sonde.probes.inputs import DataError, read_rows
from sonde.probes.registry import probe_type


class EnsembleProbe(Probe):
    """Probes of several types, and of several sites, that vote with their log-odds; every vote counts the same.

    Averaging log-odds is the geometric pooling of probabilities (Genest & Zidek 1986). For several sites train it on
    `features.join([…])`, which sets them side by side, and say how many there are with `blocks`.

    Args:
        probes: the members' types, separated by commas.
        blocks: how many sites stand side by side in `X`, all of one width; every block has its own members.
        l2: strength of the members that have one.

    Example:
        >>> X = np.array([[0.0, 1.0], [1.0, 1.0], [4.0, 1.0], [5.0, 1.0]])
        >>> EnsembleProbe("ridge,mean_difference").fit(X, [0, 0, 1, 1]).predict([[6.0, 1.0]])
        array([1])
    """

    kind = "ensemble"
    probes: str
    blocks: int
    l2: float
    members_: dict[str, Probe]

    @no_type_check  # stores what it is given, of any type; `fit` checks it, as scikit-learn's contract has it
    def __init__(self, probes: str = "logistic,mean_difference", blocks: int = 1, l2: float = 10.0) -> None:
        self.probes = probes
        self.blocks = blocks
        self.l2 = l2

    def _learn(self, X: np.ndarray, y: np.ndarray, w: np.ndarray, facts: Facts) -> None:
        self.members_ = {}
        for name, block, member in self._unfitted(X.shape[1]):
            known: Mapping[str, Any] = {"groups": facts.groups, "tags": facts.tags, "example": facts.example}
            self.members_[name] = member.fit(X[:, block], y, w, **known)
        self.n_iter_ = max(m.n_iter_ for m in self.members_.values())
        self.gradient_norm_ = max(m.gradient_norm_ for m in self.members_.values())

    def _unfitted(self, d: int) -> Iterator[tuple[str, slice, Probe]]:
        names = [name.strip() for name in self.probes.split(",")]
        if d % self.blocks or self.kind in names:
            raise DataError(
                f"EnsembleProbe with blocks={self.blocks} and probes={self.probes!r} met {d} features: expected blocks "
                "of one width, and members that are no ensembles; choose others."
            )
        width = d // self.blocks
        for i in range(int(self.blocks)):
            for name in names:
                yield f"{i}.{name}", slice(i * width, (i + 1) * width), self._member(name)

    def _member(self, name: str) -> Probe:
        kind = probe_type(name)
        return kind(l2=self.l2) if "l2" in kind().get_params() else kind()

    def row_scores(self, X: Float[np.ndarray, "n d"]) -> Float[np.ndarray, " n"]:
        """Return `[n]` the mean of the members' log-odds, each row by itself."""
        return np.mean([member.row_scores(part) for member, part in self._parts(X)], axis=0)

    def example_scores(self, X: Any, example: Any = None) -> Float[np.ndarray, " m"]:
        """Return `[m]` the mean of the members' log-odds of each example."""
        check_is_fitted(self)
        rows = read_rows(self, X, reset=False)
        example = Facts.of(X, len(rows), example=example).example
        return np.mean([member.example_scores(part, example) for member, part in self._parts(rows)], axis=0)

    def _parts(self, rows: np.ndarray) -> Iterator[tuple[Probe, np.ndarray]]:
        for name, block, _ in self._unfitted(rows.shape[1]):
            yield self.members_[name], rows[:, block]

    def out_of_fold(self, rows: FoldRows, strengths: Sequence[float | None]) -> FoldScores:
        """Average the members' held-out log-odds; a member without a strength is trained once."""
        self.check_parameters()
        scores, norms, converged = [], [], []
        for _, block, member in self._unfitted(rows.X.shape[1]):
            here = rows if self.blocks == 1 else replace(rows, X=rows.X[:, block])
            own = strengths if "l2" in member.get_params() else [None]
            found = member.out_of_fold(here, own)
            found = found if found.log_odds else refitted_scores(member, here, own)
            scores.append(np.broadcast_to(found.values, (len(strengths), found.values.shape[1])))
            norms.append(np.broadcast_to(found.gradient_norm, len(strengths)))
            converged.append(np.broadcast_to(found.converged, len(strengths)))
        return FoldScores(np.mean(scores, axis=0), True, np.max(norms, axis=0), np.all(converged, axis=0))

    def arrays(self) -> dict[str, np.ndarray]:
        """Return what every member learnt, as `block.type.name`."""
        check_is_fitted(self)
        return {f"{m}.{name}": value for m, member in self.members_.items() for name, value in member.arrays().items()}

    def array_shapes(self) -> dict[str, tuple[int, ...]]:
        """Return the shapes of `arrays`."""
        return {f"{m}.{name}": shape for m, member in self._empty() for name, shape in member.array_shapes().items()}

    def restore(self, arrays: dict[str, np.ndarray]) -> None:
        """Set what every member learnt."""
        self.members_ = {}
        for m, member in self._empty():
            member.restore({name: arrays[f"{m}.{name}"] for name in member.array_shapes()})
            self.members_[m] = member

    def _empty(self) -> Iterator[tuple[str, Probe]]:
        for m, block, member in self._unfitted(self.n_features_in_):
            member.n_features_in_, member.classes_ = block.stop - block.start, self.classes_
            yield m, member
