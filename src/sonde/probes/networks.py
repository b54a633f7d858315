"""What probes that are small networks share: a scaler, training, and their file."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from sklearn.utils.validation import check_is_fitted
from torch import Tensor

from sonde.base.errors import InputError
from sonde.probes.base import Probe
from sonde.probes.facts import Facts
from sonde.probes.fold_rows import FoldRows, FoldScores, refitted_scores
from sonde.probes.inputs import read_rows
from sonde.probes.network import Examples, Schedule, Weights, train_network
from sonde.probes.platt import platt_scaling
from sonde.probes.scaling import fit_scaler


class NetworkProbe(Probe):
    """A small network on standardised rows, its logits calibrated on the examples that stopped its training.

    Attributes:
        weights_: by name, float64.
        scaler_mean_, scaler_scale_: `[d]`.
        calibration_: `[2]` slope and constant that turn logits into log-odds.
    """

    lr: float
    weight_decay: float
    patience: int
    max_epochs: int
    batch: int
    validation: float
    seed: int
    weights_: dict[str, np.ndarray]
    scaler_mean_: np.ndarray
    scaler_scale_: np.ndarray
    calibration_: np.ndarray

    @abstractmethod
    def initial_weights(self, d: int) -> Weights:
        """Return the weights that training starts from."""

    @abstractmethod
    def forward(self, weights: Weights, X: Tensor, bounds: Tensor) -> Tensor:
        """Return `[m]` logits of examples of one row or more."""

    @abstractmethod
    def weight_shapes(self, d: int) -> dict[str, tuple[int, ...]]:
        """Return the shapes of the weights at width `d`."""

    def _learn(self, X: np.ndarray, y: np.ndarray, w: np.ndarray, facts: Facts) -> None:
        data, mean, scale = self._examples(X, y, w, facts)
        schedule = Schedule(
            self.lr, self.weight_decay, self.patience, self.max_epochs, self.batch, self.validation, int(self.seed)
        )
        found, epochs, checked = train_network(self.initial_weights(X.shape[1]), self.forward, data, schedule)
        self.weights_ = {name: value.double().numpy() for name, value in found.items()}
        self.scaler_mean_, self.scaler_scale_ = mean, scale
        self.calibration_ = np.array([1.0, 0.0])
        logits = self._score((X - mean) / scale, data.offsets)
        if len({*data.y[checked]}) == 2:
            a, b = platt_scaling(logits[checked], data.y[checked], data.w[checked])
            self.calibration_ = np.array([a, b])
        self.n_iter_, self.gradient_norm_ = epochs, 0.0

    def _examples(
        self, X: np.ndarray, y: np.ndarray, w: np.ndarray, facts: Facts
    ) -> tuple[Examples, np.ndarray, np.ndarray]:
        mean, scale = fit_scaler(X, w, standardize=True)
        offsets = facts.offsets(len(y))
        first = offsets[:-1]
        groups = np.arange(len(first)) if facts.groups is None else facts.groups[first]
        rows = torch.as_tensor((X - mean) / scale, dtype=torch.float32)
        return Examples(rows, offsets, y[first], w[first], groups), mean, scale

    def _score(self, Z: Float[np.ndarray, "t d"], offsets: np.ndarray) -> Float[np.ndarray, " m"]:
        """Return log-odds of examples from standardised rows, in float64: what streams token by token must equal."""
        with torch.no_grad():
            weights = {name: torch.as_tensor(value) for name, value in self.weights_.items()}
            logits = self.forward(weights, torch.as_tensor(Z), torch.as_tensor(offsets)).numpy()
        return self.calibration_[0] * logits + self.calibration_[1]

    def row_scores(self, X: Float[np.ndarray, "n d"]) -> Float[np.ndarray, " n"]:
        """Return `[n]` log-odds, each row as an example of its own."""
        return self._score((X - self.scaler_mean_) / self.scaler_scale_, np.arange(len(X) + 1))

    def example_scores(self, X: Any, example: Any = None) -> Float[np.ndarray, " m"]:
        """Return `[m]` log-odds of each example, its tokens read together."""
        check_is_fitted(self)
        rows = read_rows(self, X, reset=False)
        facts = Facts.of(X, len(rows), example=example)
        return self._score((rows - self.scaler_mean_) / self.scaler_scale_, facts.offsets(len(rows)))

    def out_of_fold(self, rows: FoldRows, strengths: Sequence[float | None]) -> FoldScores:
        """Fit every fold; there is no strength."""
        return refitted_scores(self, rows, strengths)

    def arrays(self) -> dict[str, np.ndarray]:
        """Return weights, scaler and calibration."""
        check_is_fitted(self)
        scaler = {"scaler_mean": self.scaler_mean_, "scaler_scale": self.scaler_scale_}
        return {**self.weights_, **scaler, "calibration": self.calibration_}

    def array_shapes(self) -> dict[str, tuple[int, ...]]:
        """Return the shapes of `arrays`."""
        d = self.n_features_in_
        return {**self.weight_shapes(d), "scaler_mean": (d,), "scaler_scale": (d,), "calibration": (2,)}

    def restore(self, arrays: dict[str, np.ndarray]) -> None:
        """Set weights, scaler and calibration."""
        if not (arrays["scaler_scale"] > 0).all():
            raise InputError("scaler_scale holds a number that is not above 0")
        self.weights_ = {name: arrays[name] for name in self.weight_shapes(self.n_features_in_)}
        self.scaler_mean_, self.scaler_scale_ = arrays["scaler_mean"], arrays["scaler_scale"]
        self.calibration_ = arrays["calibration"]
