"""Probes of whole token sequences: what they say of an example is more than the mean of its tokens."""

from __future__ import annotations

from abc import abstractmethod

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from sonde.probes.network import Weights
from sonde.probes.networks import NetworkProbe


class SequenceProbe(NetworkProbe):
    """A network with heads that look at each token, and a rule that combines what they found."""

    heads: int
    width: int

    @abstractmethod
    def token_values(self, weights: Weights, X: Tensor) -> tuple[Tensor, Tensor]:
        """Return `[t, h]` attention before the softmax and `[t, h]` values, each token by itself."""

    @abstractmethod
    def combine(self, weights: Weights, attention: Tensor, values: Tensor, bounds: Tensor) -> Tensor:
        """Return `[m]` logits of the examples whose tokens' attention and values these are."""

    @abstractmethod
    def merge(self, attention: Tensor, values: Tensor) -> tuple[Tensor, Tensor]:
        """Return `[1, h]` attention and values of one token that stands for all of these in `combine`."""

    def merged(self, so_far: tuple[Tensor, Tensor] | None, X: Float[np.ndarray, "t d"]) -> tuple[Tensor, Tensor]:
        """Return what stands for the tokens so far and those of the raw rows `X`, in float64."""
        weights = {name: torch.as_tensor(value) for name, value in self.weights_.items()}
        found = self.token_values(weights, torch.as_tensor((X - self.scaler_mean_) / self.scaler_scale_))
        if so_far is not None:
            found = (torch.cat([so_far[0], found[0]]), torch.cat([so_far[1], found[1]]))
        return self.merge(*found)

    def score_of_heads(self, heads: tuple[Tensor, Tensor]) -> float:
        """Return the log-odds of the tokens that `merged` stands for."""
        weights = {name: torch.as_tensor(value) for name, value in self.weights_.items()}
        logit = float(self.combine(weights, *heads, torch.tensor([0, len(heads[0])]))[0])
        return float(self.calibration_[0] * logit + self.calibration_[1])

    def forward(self, weights: Weights, X: Tensor, bounds: Tensor) -> Tensor:
        """Return `[m]` logits."""
        return self.combine(weights, *self.token_values(weights, X), bounds)
