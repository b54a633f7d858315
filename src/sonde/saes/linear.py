"""The autoencoder with one linear encoder: every architecture that is trained here, once trained."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from sonde.saes.activation import Activation, JumpReLU, TopK
from sonde.saes.sae import SAE
from sonde.saes.weights import Weights


class LinearSAE(SAE):
    """`z = activation((x - b_dec) @ W_enc + b_enc)`, `x̂ = z @ W_dec + b_dec`, with SAELens' tensor names.

    Args:
        W_enc: `[d_in, d_sae]`.
        b_enc: `[d_sae]`.
        W_dec: `[d_sae, d_in]`.
        b_dec: `[d_in]`.
        activation: the nonlinearity.
        metadata: see `SAE`.
        apply_b_dec_to_input: whether `b_dec` is subtracted from the input.

    Example:
        >>> from sonde.saes.activation import ReLU
        >>> eye = torch.eye(2)
        >>> sae = LinearSAE(eye, torch.zeros(2), eye, torch.zeros(2), ReLU())
        >>> sae.encode(torch.tensor([[1.0, -1.0]])).tolist()
        [[1.0, 0.0]]
    """

    def __init__(
        self,
        W_enc: Float[Tensor, "d s"],
        b_enc: Float[Tensor, " s"],
        W_dec: Float[Tensor, "s d"],
        b_dec: Float[Tensor, " d"],
        activation: Activation,
        metadata: Mapping[str, Any] | None = None,
        apply_b_dec_to_input: bool = True,
    ) -> None:
        self.W_enc, self.b_enc, self._W_dec, self.b_dec = W_enc, b_enc, W_dec, b_dec
        self.activation = activation
        self.apply_b_dec_to_input = apply_b_dec_to_input
        self.metadata = dict(metadata or {})
        self.architecture = activation.architecture
        self.d_in, self.d_sae = W_enc.shape

    @staticmethod
    def of_training(
        weights: Weights, activation: Activation, scale: float, metadata: Mapping[str, Any] | None = None
    ) -> LinearSAE:
        """Return the autoencoder for raw rows, trained on rows times `scale`.

        With decoder rows of unit norm the scale folds into the biases alone (and into thresholds, which `activation`
        holds): an activation is the length, in raw units, that its latent writes.
        """
        return LinearSAE(
            weights.W_enc.T.contiguous(),
            weights.b_enc / scale,
            weights.W_dec,
            weights.b_dec / scale,
            activation,
            metadata,
        )

    @property
    def W_dec(self) -> Float[Tensor, "s d"]:
        """`[d_sae, d_in]` what each latent writes."""
        return self._W_dec

    @property
    def device(self) -> torch.device:
        """Where the tensors are."""
        return self.W_enc.device

    @property
    def threshold(self) -> Float[Tensor, " s"] | None:
        """`[d_sae]` of JumpReLU, else None."""
        return self.activation.threshold if isinstance(self.activation, JumpReLU) else None

    @property
    def k(self) -> int | None:
        """Latents kept a row by top-k, else None."""
        return self.activation.k if isinstance(self.activation, TopK) else None

    def tensors(self) -> dict[str, Tensor]:
        """Return the tensors by SAELens' names."""
        named = {"W_enc": self.W_enc, "b_enc": self.b_enc, "W_dec": self.W_dec, "b_dec": self.b_dec}
        return named if self.threshold is None else {**named, "threshold": self.threshold}

    def with_metadata(self, metadata: Mapping[str, Any]) -> LinearSAE:
        """Return the same autoencoder, knowing more of itself."""
        known = {**self.metadata, **metadata}
        tensors = (self.W_enc, self.b_enc, self.W_dec, self.b_dec)
        return LinearSAE(*tensors, self.activation, known, self.apply_b_dec_to_input)

    def pre_activations(self, X: Float[Tensor, "n d"]) -> Float[Tensor, "n s"]:
        """Return `[n, d_sae]` what each latent makes of raw rows before its nonlinearity."""
        centred = X - self.b_dec if self.apply_b_dec_to_input else X
        return torch.addmm(self.b_enc, centred, self.W_enc)

    def _encode(self, X: Float[Tensor, "n d"]) -> Float[Tensor, "n s"]:
        return self.activation(self.pre_activations(X))

    def _decode(self, Z: Float[Tensor, "n s"]) -> Float[Tensor, "n d_out"]:
        return Z @ self.W_dec + self.b_dec
