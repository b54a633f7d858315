"""The top-k autoencoder (Gao et al. 2024, 2406.04093): each row keeps its `k` largest latents."""

from __future__ import annotations

from jaxtyping import Float
from torch import Tensor

from sonde.saes import activation
from sonde.saes.architecture import Architecture, Step, fired_counts
from sonde.saes.gradients import sparse_dz, sparse_errors, sparse_gradients
from sonde.saes.parallel import Peers
from sonde.saes.sparse import rows_of_top_k, top_k
from sonde.saes.weights import Weights


class TopK(Architecture):
    """The `k` largest pre-activations of each row, where positive. No penalty, and nothing carried between steps."""

    name = "topk"

    @property
    def state(self) -> dict[str, float]:
        """Nothing."""
        return {}

    def step(
        self,
        weights: Weights,
        centred: Float[Tensor, "b d"],
        H: Float[Tensor, "b s"],
        state: dict[str, float],
        peers: Peers,
    ) -> Step:
        """Return loss and gradients of one batch."""
        active = rows_of_top_k(*top_k(H, int(self.config.k)))
        errors = sparse_errors(active, weights, centred)
        dz = sparse_dz(active, errors, weights)
        gradients = sparse_gradients(active, active.value > 0, dz, errors, weights, centred)
        return Step(gradients, errors.error, errors.loss, fired_counts(active.latent, active.value, H.shape[1]))

    def activation(self, weights: Weights, state: dict[str, float], scale: float) -> activation.TopK:
        """Return top-k."""
        return activation.TopK(int(self.config.k))
