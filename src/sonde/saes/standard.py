"""The standard autoencoder: ReLU and an L1 penalty (Bricken et al. 2023), on decoder rows of unit norm."""

from __future__ import annotations

from jaxtyping import Float
from torch import Tensor

from sonde.saes.activation import ReLU
from sonde.saes.architecture import DENSE, Architecture, Step, fired_counts
from sonde.saes.dense import column_counts, where_above
from sonde.saes.gradients import dense_gradients, errors_of, sparse_dz, sparse_errors, sparse_gradients
from sonde.saes.parallel import Peers
from sonde.saes.sparse import active_at, where_true
from sonde.saes.steering import steer
from sonde.saes.weights import Weights


class Standard(Architecture):
    """ReLU codes; `coefficient * sum(z)` per row is added to the squared error.

    Decoder rows keep unit norm, so the penalty needs no weighting by norms (Anthropic, April 2024, is the same loss on
    free norms). Without a coefficient it is steered so that `k` latents are active.
    """

    name = "standard"

    @property
    def state(self) -> dict[str, float]:
        """The penalty's coefficient, and the running L0 that steers it."""
        return {"coefficient": self.config.coefficient or 0.2, "log_l0": float("nan")}

    def step(
        self,
        weights: Weights,
        centred: Float[Tensor, "b d"],
        H: Float[Tensor, "b s"],
        state: dict[str, float],
        peers: Peers,
    ) -> Step:
        """Return loss and gradients of one batch."""
        take = sparse_step if _density(H) < DENSE else dense_step
        step = take(weights, centred, H, state["coefficient"])
        if self.config.coefficient is None:
            l0 = float(peers.total(step.fired.sum())) / (len(H) * peers.world)
            steer(state, l0, self.config.k, self.steps)
        return step

    def activation(self, weights: Weights, state: dict[str, float], scale: float) -> ReLU:
        """Return ReLU."""
        return ReLU()


def sparse_step(
    weights: Weights, centred: Float[Tensor, "b d"], H: Float[Tensor, "b s"], coefficient: float | int
) -> Step:
    """Return the step from the active entries alone."""
    b, s = H.shape
    flat = where_true(H > 0)
    active = active_at(flat, H.reshape(-1)[flat], b, s)
    errors = sparse_errors(active, weights, centred)
    dz = sparse_dz(active, errors, weights) + coefficient / b
    gradients = sparse_gradients(active, active.value > 0, dz, errors, weights, centred)
    return Step(gradients, errors.error, errors.loss, fired_counts(active.latent, active.value, s))


def dense_step(
    weights: Weights, centred: Float[Tensor, "b d"], H: Float[Tensor, "b s"], coefficient: float | int
) -> Step:
    """Return the same step by dense products."""
    Z = H.relu()
    errors = errors_of(Z @ weights.W_dec, centred)
    dz = (errors.upstream @ weights.W_dec.T).add_(coefficient / len(H))
    gradients = dense_gradients(Z, where_above(dz, Z, 0.0), errors, weights, centred)
    return Step(gradients, errors.error, errors.loss, column_counts(Z > 0))


def _density(H: Float[Tensor, "b s"]) -> float:
    """Return the share of positive entries among some rows."""
    return float((H[:: max(1, len(H) // 32)] > 0).float().mean())
