"""The contract of every architecture: one step's loss and gradients, and the form it is saved in."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import torch
from jaxtyping import Float
from torch import Tensor

from sonde.saes.activation import Activation
from sonde.saes.config import SAEConfig
from sonde.saes.parallel import Peers
from sonde.saes.weights import Weights

#: Share of active entries above which dense products are faster than sparse sums (measured on a CPU: 0.17 at width
#: 768, 0.35 at 256).
DENSE = 0.15


@dataclass(frozen=True)
class Step:
    """What one batch gave.

    Attributes:
        gradients: by the names of `Weights`, of the loss averaged over the rows of this process.
        error: `[b, d]` reconstruction minus input.
        loss: the squared error alone, comparable between architectures without nesting.
        fired: `[s]` rows in which each latent was active.
    """

    gradients: dict[str, Tensor]
    error: Float[Tensor, "b d"]
    loss: Float[Tensor, ""]
    fired: Float[Tensor, " s"]


class Architecture(ABC):
    """One way to make codes sparse. Bases declare, leaves implement.

    Args:
        config: of the training.
        steps: batches of the whole training.
    """

    name: ClassVar[str]

    def __init__(self, config: SAEConfig, steps: int) -> None:
        self.config, self.steps = config, steps

    @property
    @abstractmethod
    def state(self) -> dict[str, float]:
        """The numbers carried from step to step, at their start (a threshold, a penalty's coefficient)."""

    @property
    def initial_threshold(self) -> float | None:
        """Where a trained threshold starts; None for architectures without one."""
        return None

    @abstractmethod
    def step(
        self,
        weights: Weights,
        centred: Float[Tensor, "b d"],
        H: Float[Tensor, "b s"],
        state: dict[str, float],
        peers: Peers,
    ) -> Step:
        """Return loss and gradients of one batch, and bring `state` up to date.

        Args:
            weights: at which they are taken; not changed.
            centred: `[b, d]` rows minus `b_dec`.
            H: `[b, s]` pre-activations.
            state: what this architecture carries.
            peers: the other processes; whatever is decided from a batch is decided from the batches of all.
        """

    @abstractmethod
    def activation(self, weights: Weights, state: dict[str, float], scale: float) -> Activation:
        """Return the nonlinearity of the saved autoencoder, whose activations are `1 / scale` of those in training."""


def fired_counts(latent: Tensor, value: Tensor, s: int) -> Float[Tensor, " s"]:
    """Return `[s]` how many of the entries of each latent are positive."""
    return torch.zeros(s, device=value.device).index_add_(0, latent, (value > 0).to(torch.float32))
