"""The Matryoshka BatchTopK autoencoder (Bussmann et al. 2025, 2503.17547): nested dictionaries, one code."""

from __future__ import annotations

from jaxtyping import Float
from torch import Tensor

from sonde.saes.activation import JumpReLU
from sonde.saes.architecture import Architecture, Step
from sonde.saes.batchtopk import BatchTopK, nested_step, select
from sonde.saes.parallel import Peers
from sonde.saes.weights import Weights


class Matryoshka(Architecture):
    """BatchTopK codes whose first latents must reconstruct alone: the squared errors of all prefixes are summed.

    Entries are sorted by level once, and each level decoded once: the cost is that of BatchTopK plus one error matrix a
    level.
    """

    name = "matryoshka_batchtopk"

    @property
    def state(self) -> dict[str, float]:
        """The running threshold, and that of the last batch."""
        return BatchTopK(self.config, self.steps).state

    def step(
        self,
        weights: Weights,
        centred: Float[Tensor, "b d"],
        H: Float[Tensor, "b s"],
        state: dict[str, float],
        peers: Peers,
    ) -> Step:
        """Return loss and gradients of one batch."""
        active = select(H, self.config.k, state, peers, self.steps)
        return nested_step(active, self.config.levels, weights, centred)

    def activation(self, weights: Weights, state: dict[str, float], scale: float) -> JumpReLU:
        """Return JumpReLU with the running threshold in every latent."""
        return BatchTopK(self.config, self.steps).activation(weights, state, scale)
