"""Everything that sae-lens does: pretrained releases, transcoders, and architectures that are not trained here."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from sonde.base.errors import InputError, nearest
from sonde.saes.sae import SAE


class LensSAE(SAE):
    """An autoencoder or transcoder of sae-lens; `lens` is its object, with all that sae-lens offers.

    A transcoder's output is of another site, of width `d_out`, so `reconstruct` of it is not a reconstruction.
    """

    def __init__(self, lens: Any) -> None:
        self.lens = lens
        self.architecture = lens.cfg.architecture()
        self.d_in, self.d_sae = lens.cfg.d_in, lens.cfg.d_sae
        self.d_out = int(getattr(lens.cfg, "d_out", self.d_in))
        self.metadata = lens.cfg.metadata.to_dict()
        self.reconstructs = "transcoder" not in self.architecture
        lens.turn_off_forward_pass_hook_z_reshaping()  # sonde keeps heads side by side in one row

    @property
    def W_dec(self) -> Float[Tensor, "s d"]:
        """`[d_sae, d_out]` what each latent writes."""
        return self.lens.W_dec.detach()

    @property
    def device(self) -> torch.device:
        """Where the tensors are."""
        return self.lens.W_dec.device

    def _encode(self, X: Float[Tensor, "n d"]) -> Float[Tensor, "n s"]:
        Z = self.lens.encode(X)
        return (Z.to_dense() if Z.is_sparse else Z).float()

    def _decode(self, Z: Float[Tensor, "n s"]) -> Float[Tensor, "n d_out"]:
        return self.lens.decode(Z.to(self.lens.dtype)).float()


def load_through_lens(folder: Path, config: Mapping[str, Any], device: str | torch.device) -> LensSAE:
    """Open a folder with sae-lens.

    Raises:
        InputError: sae-lens knows no such architecture, or cannot load the folder.
    """
    import sae_lens
    from sae_lens.registry import SAE_CLASS_REGISTRY

    architecture = config["architecture"]
    if architecture not in SAE_CLASS_REGISTRY:
        close = nearest(str(architecture), SAE_CLASS_REGISTRY)
        hint = f", did you mean {close[0]!r}" if close else ""
        raise InputError(
            f"{folder} is not an SAE folder that can be used: its architecture {architecture!r} is not one of "
            f"{', '.join(sorted(SAE_CLASS_REGISTRY))}{hint}; correct cfg.json."
        )
    try:
        kind = SAE_CLASS_REGISTRY[architecture][0]
        return LensSAE(kind.load_from_disk(folder, device=str(device)))
    except Exception as error:
        raise InputError(
            f"{folder} is not an SAE folder that can be used: sae-lens {sae_lens.__version__} cannot load it "
            f"({type(error).__name__}: {(str(error).splitlines() or ['no message'])[0][:150]}); get it again from "
            "where it came."
        ) from error


def load_pretrained(release: str, sae_id: str, *, device: str | torch.device = "cpu") -> LensSAE:
    """Return a pretrained autoencoder by SAELens' release name and id, from the hub or its cache.

    Raises:
        InputError: no such release or id, or it cannot be had from here; the sentence names the nearest.
    """
    import sae_lens
    from sae_lens.loading.pretrained_saes_directory import get_pretrained_saes_directory

    known = get_pretrained_saes_directory()
    if release not in known and "/" not in release:
        close = nearest(release, known, n=3)
        hint = f"did you mean {', '.join(close)}? " if close else ""
        raise InputError(
            f"There is no SAE release {release!r} among the {len(known)} of sae-lens: {hint}Check its name."
        )
    if release in known and sae_id not in known[release].saes_map:
        ids = known[release].saes_map
        close = nearest(sae_id, ids, n=3) or list(ids)[:3]
        raise InputError(
            f"Release {release!r} has no SAE {sae_id!r} among its {len(ids)}: for example {', '.join(close)}."
        )
    try:
        return LensSAE(sae_lens.SAE.from_pretrained(release, sae_id, device=str(device)))
    except Exception as error:
        raise InputError(
            f"SAE {sae_id!r} of release {release!r} cannot be had ({type(error).__name__}: "
            f"{(str(error).splitlines() or ['no message'])[0][:150]}): check the connection, or load a folder instead."
        ) from error


def to_lens(sae: SAE) -> Any:
    """Return `sae` as an object of sae-lens, to attach it to a TransformerBridge or to use sae-lens' tools on it."""
    import sae_lens

    from sonde.saes.file import lens_config
    from sonde.saes.linear import LinearSAE

    if isinstance(sae, LensSAE):
        return sae.lens
    assert isinstance(sae, LinearSAE)
    made = sae_lens.SAE.from_dict(lens_config(sae))
    made.load_state_dict({name: tensor.detach().cpu() for name, tensor in sae.tensors().items()})
    return made
