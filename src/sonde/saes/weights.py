"""The trained tensors of an autoencoder, and their start."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from sonde.base.seeds import derive_seed

#: Length of the encoder's columns at the start, where the decoder's rows have 1. As long as these, half of all latents
#: being active, the first reconstructions are far too large; planted features are then found later, most of all under a
#: penalty (docs/LOG.md).
ENCODER = 0.3


@dataclass(frozen=True)
class Weights:
    """What is trained, in the layout training wants: one contiguous row a latent, in the encoder too.

    Attributes:
        W_enc: `[s, d]`, the transpose of SAELens' `W_enc`.
        b_enc: `[s]`.
        W_dec: `[s, d]`, rows of unit norm.
        b_dec: `[d]`, subtracted from the input and added to the output.
        threshold: `[s]` of JumpReLU; None elsewhere.
    """

    W_enc: Float[Tensor, "s d"]
    b_enc: Float[Tensor, " s"]
    W_dec: Float[Tensor, "s d"]
    b_dec: Float[Tensor, " d"]
    threshold: Float[Tensor, " s"] | None = None

    def tensors(self) -> dict[str, Tensor]:
        """Return the tensors by name."""
        named = {"W_enc": self.W_enc, "b_enc": self.b_enc, "W_dec": self.W_dec, "b_dec": self.b_dec}
        return named if self.threshold is None else {**named, "threshold": self.threshold}

    @staticmethod
    def of(tensors: Mapping[str, Tensor]) -> Weights:
        """Return weights made of `tensors`."""
        return Weights(**dict(tensors))

    def pre_activations(self, X: Float[Tensor, "b d"]) -> tuple[Float[Tensor, "b d"], Float[Tensor, "b s"]]:
        """Return the centred rows, and `[b, s]` what each latent makes of them before its nonlinearity."""
        centred = X - self.b_dec
        return centred, torch.addmm(self.b_enc, centred, self.W_enc.T)


def initial_weights(
    d_in: int, d_sae: int, mean: Float[Tensor, " d"], seed: int, threshold: float | None = None
) -> Weights:
    """Return decoder rows drawn uniformly on the sphere, the encoder along them, and `b_dec` at the data's mean."""
    draw = torch.Generator().manual_seed(derive_seed(seed, "sae", "weights"))
    W_dec = F.normalize(torch.randn(d_sae, d_in, generator=draw), dim=1).to(mean.device)
    theta = None if threshold is None else torch.full((d_sae,), threshold, device=mean.device)
    return Weights(ENCODER * W_dec, torch.zeros(d_sae, device=mean.device), W_dec, mean.float().clone(), theta)


def to_unit_rows(W: Float[Tensor, "s d"]) -> None:
    """Scale each row to norm 1, in place."""
    W.div_(W.norm(dim=1, keepdim=True).clamp_min(1e-8))


def project_out(gradient: Float[Tensor, "s d"], W: Float[Tensor, "s d"]) -> None:
    """Take from each row of `gradient` its part along the unit row of `W`, in place."""
    gradient.addcmul_(W, torch.einsum("sd,sd->s", gradient, W)[:, None], value=-1.0)
