"""The value: a trained sparse autoencoder. `encode` and `decode` on raw activations, tensors with SAELens' names."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from sonde.base.display import Displayed
from sonde.base.errors import InputError

#: Rows encoded at once where a whole matrix need not be held.
BLOCK = 4_096

Rows = TypeVar("Rows", Tensor, np.ndarray)


class SAE(Displayed, ABC):
    """A dictionary of `d_sae` latents for the activations of one site.

    Attributes:
        architecture: SAELens' name of the inference class (`standard`, `topk`, `jumprelu`, …).
        d_in: width of the activations.
        d_sae: number of latents.
        metadata: model, site and training, as SAELens' `cfg.json` holds them; what sonde knows is under `sonde`.
        reconstructs: whether `decode` gives back what `encode` was given; a transcoder's output is of another site.
    """

    architecture: str
    d_in: int
    d_sae: int
    metadata: Mapping[str, Any]
    reconstructs: bool = True

    @property
    def site(self) -> str:
        """The site it was trained on, a TransformerLens hook name; empty when not stated."""
        return str(self.metadata.get("hook_name") or "")

    @property
    def model_name(self) -> str:
        """The model it was trained on; empty when not stated."""
        return str(self.metadata.get("model_name") or "")

    @property
    def training(self) -> Mapping[str, Any]:
        """What sonde recorded of the training; empty for an autoencoder from elsewhere."""
        return self.metadata.get("sonde") or {}

    @property
    @abstractmethod
    def W_dec(self) -> Float[Tensor, "s d"]:
        """`[d_sae, d_in]` what each latent writes."""

    @property
    @abstractmethod
    def device(self) -> torch.device:
        """Where the tensors are."""

    @abstractmethod
    def _encode(self, X: Float[Tensor, "n d"]) -> Float[Tensor, "n s"]:
        """Encode float32 rows on `device`."""

    @abstractmethod
    def _decode(self, Z: Float[Tensor, "n s"]) -> Float[Tensor, "n d_out"]:
        """Decode float32 activations on `device`."""

    def encode(self, X: Rows) -> Rows:
        """Return `[n, d_sae]` latent activations of `[n, d_in]` activations; numpy gives numpy, torch gives torch.

        Raises:
            InputError: another width.
        """
        return self._through(X, self.d_in, "activations", self._encode)

    def decode(self, Z: Rows) -> Rows:
        """Return `[n, d_in]` reconstructions of `[n, d_sae]` latent activations.

        Raises:
            InputError: another width.
        """
        return self._through(Z, self.d_sae, "latent activations", self._decode)

    def reconstruct(self, X: Rows) -> Rows:
        """Return `decode(encode(X))`, `[n, d_in]`, some rows at a time."""
        return self._through(X, self.d_in, "activations", lambda x: self._decode(self._encode(x)))

    def blocks(self, X: Tensor | np.ndarray) -> Iterator[Float[Tensor, "b s"]]:
        """Yield the latent activations of `[n, d_in]` activations, some rows at a time, in order."""
        rows = torch.as_tensor(X)
        for i in range(0, len(rows), BLOCK):
            yield self.encode(rows[i : i + BLOCK])

    def save(self, folder: str | Path, *, force: bool = False) -> Path:
        """Write the SAELens folder (`sae_weights.safetensors`, `cfg.json`), which `SAE.load_from_disk` opens.

        Raises:
            InputError: the folder holds something and `force` is False, or this architecture is not written here.
        """
        from sonde.saes.file import write_sae

        return write_sae(self, folder, force=force)

    def _through(self, rows: Any, width: int, what: str, function: Any) -> Any:
        tensor = torch.as_tensor(rows)
        if tensor.ndim != 2 or tensor.shape[1] != width:
            raise InputError(
                f"This SAE takes {what} of shape [n, {width}], got {list(tensor.shape)}: check the site"
                f"{f' (it was trained on {self.site})' if self.site else ''}."
            )
        with torch.no_grad():
            parts = [function(part.to(self.device, torch.float32)) for part in tensor.split(BLOCK)]
        out = torch.cat(parts) if parts else function(tensor.new_empty(0, width, dtype=torch.float32))
        return out.cpu().numpy() if isinstance(rows, np.ndarray) else out

    def __repr__(self) -> str:
        where = f" at {self.site}" if self.site else ""
        whose = f" of {self.model_name}" if self.model_name else ""
        return f"SAE({self.architecture}, {self.d_in} → {self.d_sae}{where}{whose})"
