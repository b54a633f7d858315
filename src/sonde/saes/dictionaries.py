"""What a trained dictionary is compared with: random directions, an untrained autoencoder, principal axes, neurons."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from sonde.base.seeds import derive_seed
from sonde.saes.activation import JumpReLU, ReLU
from sonde.saes.linear import LinearSAE


def random_directions(d_in: int, d_sae: int, seed: int) -> Float[Tensor, "s d"]:
    """Return `[d_sae, d_in]` directions drawn uniformly."""
    draw = torch.Generator().manual_seed(derive_seed(seed, "sae", "random"))
    return F.normalize(torch.randn(d_sae, d_in, generator=draw), dim=1)


def random_sae(X: Float[Tensor, "n d"], d_sae: int, k: float | int, seed: int) -> LinearSAE:
    """Return an untrained autoencoder as sparse as a trained one: random directions, `k` latents a row on average.

    Its thresholds let each latent fire equally often on `X` `[n, d]`. This is the frozen baseline that comes close to
    trained autoencoders on popular metrics (2602.14111).
    """
    X = X.float()
    W = random_directions(X.shape[1], d_sae, seed).to(X.device)
    mean = X.mean(0)
    H = (X[:20_000] - mean) @ W.T
    threshold = torch.quantile(H, 1 - min(1.0, k / d_sae), dim=0).clamp_min(0) if len(H) else torch.zeros(d_sae)
    return LinearSAE(W.T.contiguous(), torch.zeros(d_sae, device=X.device), W, mean, JumpReLU(threshold))


def pca_sae(X: Float[Tensor, "n d"]) -> LinearSAE:
    """Return both ends of every principal axis of `X` `[n, d]` as latents, `2 d` of them."""
    mean = X.float().mean(0)
    axes = torch.linalg.svd(X.float() - mean, full_matrices=False).Vh
    return _two_sided(axes, mean)


def neuron_sae(X: Float[Tensor, "n d"]) -> LinearSAE:
    """Return both ends of every coordinate as latents, `2 d` of them: what reading the raw neurons gives."""
    return _two_sided(torch.eye(X.shape[1]), X.float().mean(0))


def _two_sided(axes: Float[Tensor, "r d"], mean: Float[Tensor, " d"]) -> LinearSAE:
    W = torch.cat([axes, -axes])
    return LinearSAE(W.T.contiguous(), torch.zeros(len(W)), W, mean, ReLU())
