"""Reviving dead latents: they learn to reconstruct what the living ones leave over (Gao et al. 2024, appendix A.2)."""

from __future__ import annotations

from jaxtyping import Float, Int
from torch import Tensor

from sonde.saes.sparse import Active, ByLatent, decode, dots, rows_of_top_k, top_k
from sonde.saes.weights import Weights


def revival_gradients(
    dead: Int[Tensor, " m"],
    weights: Weights,
    centred: Float[Tensor, "b d"],
    H: Float[Tensor, "b s"],
    error: Float[Tensor, "b d"],
    weight: float | int,
) -> dict[str, Float[Tensor, "m ..."]]:
    """Return the gradients of the auxiliary loss, for the rows of the dead latents alone.

    The loss is `weight * min(1, m / k) * mean |dead reconstruction - residual|²`, where the `k = d_in / 2` dead latents
    with the largest pre-activations take part in each row, negative ones too, and the residual counts as given. As
    SAELens defines it, but that nothing flows into `b_dec`.

    Args:
        dead: `[m]` the dead latents.
        weights: of all latents.
        centred: `[b, d]` input minus `b_dec`.
        H: `[b, s]` pre-activations.
        error: `[b, d]` reconstruction minus input.
        weight: of the loss.
    """
    b, d = centred.shape
    k_aux = max(1, d // 2)
    k = min(k_aux, len(dead))
    W_dec = weights.W_dec[dead]
    value, latent = top_k(H[:, dead], k)
    found = rows_of_top_k(value, latent)
    active = Active(value.reshape(-1), found.latent, found.row, found.bags)  # without the ReLU
    upstream = (decode(active, W_dec) + error) * (2.0 * weight * min(1.0, len(dead) / k_aux) / b)
    dz = dots(active, upstream, W_dec)
    by_latent = ByLatent.of(active.latent, len(dead))
    return {
        "W_enc": by_latent.sums(dz, active.row, centred),
        "b_enc": dz.new_zeros(len(dead)).index_add_(0, active.latent, dz),
        "W_dec": by_latent.sums(active.value, active.row, upstream),
    }
