"""Opening an autoencoder, with the model it reads and the rows of its site."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

from sonde.activations import Activations
from sonde.base.errors import InputError
from sonde.capture import Model, capture
from sonde.run.names import load_model
from sonde.saes import SAE, load_sae

log = logging.getLogger("sonde.saes")


def open_sae(name: str | Path) -> SAE:
    """Open an autoencoder: a folder, or `RELEASE:ID` of a pretrained release of sae-lens."""
    text = str(name)
    if ":" in text and not Path(text).exists():
        from sonde.saes import load_pretrained

        release, _, sae_id = text.partition(":")
        return load_pretrained(release, sae_id)
    return load_sae(text)


def model_for(sae: SAE, model: str | Model | None, device: str | None = None) -> Model:
    """Return the model an autoencoder reads, checked to be the one it was trained on.

    Raises:
        InputError: none is named, or it is another model.
    """
    if model is None and not sae.model_name:
        raise InputError("This SAE names no model: pass the one it was trained on with --model.")
    try:
        loaded = model if isinstance(model, Model) else load_model(model or sae.model_name, device=device)
    except InputError as error:
        if model is not None:
            raise
        raise InputError(
            f"The model {sae.model_name!r} that this SAE was trained on cannot be loaded by that name: pass its folder "
            "or hub name with --model."
        ) from error
    known = (sae.training.get("fingerprint") or {}).get("model_fingerprint")
    if known and known != loaded.fingerprint:
        raise InputError(
            f"This SAE was trained on model {sae.model_name} ({known[:12]}), got {loaded.name} "
            f"({loaded.fingerprint[:12]}): load the model it was trained on."
        )
    return loaded


def capture_for(sae: SAE, model: Model, data: Any, tokens: str | None = None) -> Activations:
    """Return the activations of the autoencoder's site, at the tokens it was trained on unless told otherwise."""
    if not sae.site:
        raise InputError("This SAE names no site, so nothing can be captured for it: rank it on activations instead.")
    made: Any = capture(model, data, sites=[sae.site], tokens=tokens or trained_tokens(sae))
    return made


def trained_tokens(sae: SAE) -> str:
    """Return the selector of the tokens that an autoencoder was trained on, as far as it is recorded."""
    return str((sae.training.get("fingerprint") or {}).get("tokens") or "all")


def warn_of_l0(sae: SAE, here: float) -> None:
    """Say so when an autoencoder is far from the sparsity recorded with it: the wrong architecture, site or model."""
    recorded = sae.training.get("l0") or sae.metadata.get("l0")
    if recorded and not 0.5 <= here / recorded <= 2:
        log.warning(
            "This SAE has %.1f latents active a row here, recorded with it are %.1f: check architecture, site, tokens "
            "and model.",
            here,
            recorded,
        )


def check_latent(sae: SAE, latent: int) -> None:
    """Refuse a latent that is not there.

    Raises:
        InputError: it is not.
    """
    if not 0 <= latent < sae.d_sae:
        raise InputError(f"There is no latent {latent}: this SAE has {sae.d_sae:,}, numbered from 0.")
