"""The BatchTopK autoencoder (Bussmann et al. 2024, 2412.06410): a batch keeps `k` latents a row on average."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from sonde.saes.activation import JumpReLU
from sonde.saes.architecture import Architecture, Step, fired_counts
from sonde.saes.gradients import sparse_dz, sparse_errors, sparse_gradients
from sonde.saes.parallel import Peers
from sonde.saes.sparse import Active, active_at, batch_top_k, in_levels, where_true
from sonde.saes.weights import Weights

#: How much of each batch's threshold enters the running one; more in short trainings, so that it follows them.
THRESHOLD_RATE, THRESHOLD_BATCHES = 0.01, 10


class BatchTopK(Architecture):
    """The `k * b` largest pre-activations of the whole batch, over all processes.

    The smallest of them, averaged over batches, is the threshold of the JumpReLU autoencoder that is saved, so that a
    row's code does not depend on its batch.
    """

    name = "batchtopk"

    @property
    def state(self) -> dict[str, float]:
        """The running threshold, and that of the last batch."""
        return {"threshold": 0.0, "last": 0.0}

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
        return JumpReLU(torch.full_like(weights.b_enc, state["threshold"] / scale))


def select(H: Float[Tensor, "b s"], k: float | int, state: dict[str, float], peers: Peers, steps: int) -> Active:
    """Return the entries kept, and move the thresholds in `state`."""
    b, s = H.shape
    guess = 0.9 * state["last"]
    if peers.world == 1:
        flat, value, smallest = batch_top_k(H, int(k * b), guess)
    else:
        flat, value, smallest = _select_together(H, int(k * b * peers.world), guess, peers)
    before = state["threshold"] if state["last"] else smallest
    rate = min(1.0, max(THRESHOLD_RATE, THRESHOLD_BATCHES / steps))
    state["threshold"] = before + rate * (smallest - before)
    state["last"] = smallest
    return active_at(flat, value, b, s)


def _select_together(
    H: Float[Tensor, "b s"], count: int, guess: float, peers: Peers
) -> tuple[Tensor, Float[Tensor, " a"], float]:
    flat = H.reshape(-1)
    found = where_true(max(guess, 0.0) < H)
    if guess > 0 and float(peers.total(torch.tensor(float(len(found)), device=H.device))) < count:
        found = where_true(H > 0)
    smallest = peers.smallest_of_top(flat[found], count)
    found = found[flat[found] >= smallest]
    return found, flat[found], smallest


def nested_step(active: Active, widths: tuple[int, ...], weights: Weights, centred: Float[Tensor, "b d"]) -> Step:
    """Return loss and gradients of a selected code, summed over the nested dictionaries of `widths`."""
    active = in_levels(active, widths, len(centred))
    errors = sparse_errors(active, weights, centred)
    dz = sparse_dz(active, errors, weights)
    gradients = sparse_gradients(active, active.value > 0, dz, errors, weights, centred)
    return Step(gradients, errors.error, errors.loss, fired_counts(active.latent, active.value, len(weights.W_dec)))
