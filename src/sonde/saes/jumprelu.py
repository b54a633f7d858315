"""The JumpReLU autoencoder (Rajamanoharan et al. 2024, 2407.14435): a trained threshold a latent, an L0 penalty."""

from __future__ import annotations

from jaxtyping import Float
from torch import Tensor

from sonde.saes import activation
from sonde.saes.architecture import DENSE, Architecture, Step, fired_counts
from sonde.saes.dense import column_counts, where_above, where_within
from sonde.saes.gradients import dense_gradients, errors_of, sparse_dz, sparse_errors, sparse_gradients
from sonde.saes.parallel import Peers
from sonde.saes.sparse import active_at, where_true
from sonde.saes.steering import steer
from sonde.saes.weights import Weights


class JumpReLU(Architecture):
    """Activations above their latent's threshold; `coefficient` times their number is added to the squared error.

    The threshold's gradient is estimated with a rectangular kernel (the paper's equations 11 and 12); it reaches the
    threshold alone. Unlike the paper the threshold itself is trained, not its logarithm, and kept from falling below 0:
    Adam moves a logarithm too slowly. Without a coefficient it is steered so that `k` latents are active.
    """

    name = "jumprelu"

    @property
    def state(self) -> dict[str, float]:
        """The penalty's coefficient, and the running L0 that steers it."""
        return {"coefficient": self.config.coefficient or 0.05, "log_l0": float("nan")}

    @property
    def initial_threshold(self) -> float:
        """As configured."""
        return self.config.threshold

    def step(
        self,
        weights: Weights,
        centred: Float[Tensor, "b d"],
        H: Float[Tensor, "b s"],
        state: dict[str, float],
        peers: Peers,
    ) -> Step:
        """Return loss and gradients of one batch."""
        take = sparse_step if _density(weights, H) < DENSE else dense_step
        step = take(weights, centred, H, state["coefficient"], self.config.bandwidth)
        if self.config.coefficient is None:
            l0 = float(peers.total(step.fired.sum())) / (len(H) * peers.world)
            steer(state, l0, self.config.k, self.steps)
        return step

    def activation(self, weights: Weights, state: dict[str, float], scale: float) -> activation.JumpReLU:
        """Return JumpReLU with the trained thresholds."""
        assert weights.threshold is not None
        return activation.JumpReLU(weights.threshold.clamp_min(0) / scale)


def sparse_step(
    weights: Weights,
    centred: Float[Tensor, "b d"],
    H: Float[Tensor, "b s"],
    coefficient: float | int,
    bandwidth: float | int,
) -> Step:
    """Return the step from the entries that are active or near their threshold."""
    b, s = H.shape
    assert weights.threshold is not None
    flat = where_true(weights.threshold - bandwidth / 2 < H)
    pre = H.reshape(-1)[flat]
    entries = active_at(flat, pre, b, s)
    theta = weights.threshold[entries.latent]
    on = pre > theta
    active = active_at(flat, pre * on, b, s)
    errors = sparse_errors(active, weights, centred)
    dz = sparse_dz(active, errors, weights)
    gradients = sparse_gradients(active, on, dz, errors, weights, centred)
    near = ((pre - theta).abs() < bandwidth / 2).to(pre.dtype)
    dtheta = near * (theta * dz + coefficient / b) / -bandwidth
    gradients["threshold"] = weights.threshold.new_zeros(s).index_add_(0, active.latent, dtheta)
    return Step(gradients, errors.error, errors.loss, fired_counts(active.latent, active.value, s))


def dense_step(
    weights: Weights,
    centred: Float[Tensor, "b d"],
    H: Float[Tensor, "b s"],
    coefficient: float | int,
    bandwidth: float | int,
) -> Step:
    """Return the same step by dense products."""
    theta = weights.threshold
    assert theta is not None
    above, b = H - theta, len(H)
    Z = where_above(H, above, 0.0)
    errors = errors_of(Z @ weights.W_dec, centred)
    dz = errors.upstream @ weights.W_dec.T
    near = column_counts(above.abs() < bandwidth / 2)
    dtheta = (theta * where_within(dz, above, bandwidth / 2).sum(0)).add_(near, alpha=coefficient / b)
    gradients = dense_gradients(Z, where_above(dz, above, 0.0), errors, weights, centred)
    gradients["threshold"] = dtheta / -bandwidth
    return Step(gradients, errors.error, errors.loss, column_counts(above > 0))


def _density(weights: Weights, H: Float[Tensor, "b s"]) -> float:
    """Return the share of entries above their threshold among some rows."""
    assert weights.threshold is not None
    return float((weights.threshold < H[:: max(1, len(H) // 32)]).float().mean())
