"""The nonlinearity of a saved autoencoder: what is applied to pre-activations, and to their few survivors."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import torch
from jaxtyping import Float
from torch import Tensor

from sonde.saes.sparse import top_k


class Activation(ABC):
    """From pre-activations `[n, s]` to activations `[n, s]`. `architecture` is SAELens' name of the inference class."""

    architecture: ClassVar[str]

    @abstractmethod
    def __call__(self, H: Float[Tensor, "n s"]) -> Float[Tensor, "n s"]:
        """Return the activations."""


@dataclass(frozen=True)
class ReLU(Activation):
    """Keeps what is positive: `standard`."""

    architecture = "standard"

    def __call__(self, H: Float[Tensor, "n s"]) -> Float[Tensor, "n s"]:
        """Return the activations."""
        return H.relu()


@dataclass(frozen=True)
class TopK(Activation):
    """Keeps the `k` largest of each row, where positive: `topk`."""

    k: int

    architecture = "topk"

    def __call__(self, H: Float[Tensor, "n s"]) -> Float[Tensor, "n s"]:
        """Return the activations."""
        value, latent = top_k(H, self.k)
        return torch.zeros_like(H).scatter_(1, latent, value.relu())


@dataclass(frozen=True)
class JumpReLU(Activation):
    """Keeps what is above its latent's threshold: `jumprelu`, and BatchTopK once trained.

    Attributes:
        threshold: `[s]`, none negative.
    """

    threshold: Float[Tensor, " s"]

    architecture = "jumprelu"

    def __call__(self, H: Float[Tensor, "n s"]) -> Float[Tensor, "n s"]:
        """Return the activations."""
        return H * ((self.threshold.to(H) < H) & (H > 0))
