"""Reconstruction losses and their gradients, written out: no graph, no product that the sparsity makes needless.

The loss is the squared error summed over `d_in` and averaged over rows, for nested dictionaries summed over levels.
Axis letters as in `sparse`, and `l` levels.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from sonde.saes.sparse import Active, ByLatent, decode, dots
from sonde.saes.weights import Weights


@dataclass(frozen=True)
class Errors:
    """How a batch was reconstructed.

    Attributes:
        error: `[b, d]` reconstruction minus input, of the whole dictionary.
        loss: the squared error, a number tensor.
        upstream: `[l * b, d]` derivative of the loss by what the latents of each level add to the reconstruction.
    """

    error: Float[Tensor, "b d"]
    loss: Float[Tensor, ""]
    upstream: Float[Tensor, "lb d"]


def errors_of(bags: Float[Tensor, "lb d"], centred: Float[Tensor, "b d"]) -> Errors:
    """Return the errors of a reconstruction given as what each level adds for each row, level by level.

    A latent of level `l` serves every dictionary from `l` on, so its upstream derivative sums over these.
    """
    b, d = centred.shape
    E = bags.view(-1, b, d).cumsum(0).sub_(centred) if len(bags) > b else (bags - centred)[None]
    loss = E.square().sum() / b
    upstream = E * (2.0 / b)
    if len(E) > 1:
        upstream = upstream.flip(0).cumsum(0).flip(0)
    return Errors(E[-1], loss, upstream.reshape(-1, d))


def sparse_errors(active: Active, weights: Weights, centred: Float[Tensor, "b d"]) -> Errors:
    """Return the errors of a sparse code."""
    return errors_of(decode(active, weights.W_dec), centred)


def sparse_gradients(
    active: Active,
    passes: Bool[Tensor, " a"],
    dz: Float[Tensor, " a"],
    errors: Errors,
    weights: Weights,
    centred: Float[Tensor, "b d"],
) -> dict[str, Tensor]:
    """Return the gradients of everything but a threshold.

    Args:
        active: the code.
        passes: `[a]` where the nonlinearity lets a gradient through.
        dz: `[a]` derivative of the loss by each activation, from `dots` and from penalties.
        errors: of `sparse_errors`.
        weights: at which they are taken.
        centred: `[b, d]` input minus `b_dec`.
    """
    s, b = len(weights.W_dec), len(centred)
    by_latent = ByLatent.of(active.latent, s)
    bag = active.row
    if len(errors.upstream) > b:
        bag = torch.arange(len(errors.upstream), device=bag.device).repeat_interleave(active.bags.diff())
    dpre = dz * passes
    db_enc = torch.zeros_like(weights.b_enc).index_add_(0, active.latent, dpre)
    return {
        "W_enc": by_latent.sums(dpre, active.row, centred),
        "b_enc": db_enc,
        "W_dec": by_latent.sums(active.value, bag, errors.upstream),
        "b_dec": errors.upstream[:b].sum(0) - db_enc @ weights.W_enc,
    }


def sparse_dz(active: Active, errors: Errors, weights: Weights) -> Float[Tensor, " a"]:
    """Return `[a]` the derivative of the squared error by each activation."""
    return dots(active, errors.upstream, weights.W_dec)


def dense_gradients(
    Z: Float[Tensor, "b s"],
    dpre: Float[Tensor, "b s"],
    errors: Errors,
    weights: Weights,
    centred: Float[Tensor, "b d"],
) -> dict[str, Tensor]:
    """Return what `sparse_gradients` returns, of a code without nesting in which most entries are active.

    Args:
        Z: `[b, s]` activations.
        dpre: `[b, s]` derivative of the loss by the pre-activations.
        errors, weights, centred: as of `sparse_gradients`.
    """
    db_enc = dpre.sum(0)
    return {
        "W_enc": dpre.T @ centred,
        "b_enc": db_enc,
        "W_dec": Z.T @ errors.upstream,
        "b_dec": errors.upstream.sum(0) - db_enc @ weights.W_enc,
    }
