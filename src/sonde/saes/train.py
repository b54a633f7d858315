"""The one-call form of training, as the library offers it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sonde.saes.config import make_config
from sonde.saes.linear import LinearSAE
from sonde.saes.trainer import train_saes


def train_sae(
    store_or_activations: object,
    *,
    d_sae: int,
    site: str = "",
    architecture: str = "batchtopk",
    k: float | int = 32.0,
    seed: int = 0,
    batch: int = 2048,
    samples: int | None = None,
    out: str | Path | None = None,
    device: str | None = None,
    force: bool = False,
    **options: Any,
) -> LinearSAE:
    """Train one sparse autoencoder. For several in one pass over the data see `sonde.saes.train_saes`.

    Args:
        store_or_activations: a store, its folder, activations, a list of these, or a capture's source.
        d_sae: number of latents.
        site: which site; may be left out where there is one only.
        architecture: `standard`, `topk`, `batchtopk`, `jumprelu` or `matryoshka_batchtopk`.
        k: latents active per row.
        seed: of the initial weights and of the order of the rows.
        batch: rows a step.
        samples: rows to see; None = one pass, and at least 2,000,000.
        out: folder for checkpoint, history and result; None = memory only.
        device: where to train; None = the best there is.
        force: remove what `out` holds.
        **options: of `SAEConfig` (`learning_rate`, `coefficient`, `widths`, `revival`, …).

    Raises:
        InputError: an option, the site, the data or the folder cannot be used.
        SondeError: the training fails.

    Example:
        >>> import torch
        >>> from sonde.activations import Activations
        >>> acts = Activations.of_rows({"s": torch.randn(300, 8)}, [0, 300])
        >>> sae = train_sae(acts, architecture="topk", d_sae=16, k=2, samples=600, batch=100)
        >>> int((sae.encode(acts["s"]) > 0).sum(1).max())
        2
    """
    config = make_config(architecture=architecture, d_sae=d_sae, k=k, seed=seed, **options)
    given: dict[str, Any] = {
        "batch": batch,
        "samples": samples,
        "seed": seed,
        "out": out,
        "device": device,
        "force": force,
    }
    (sae,) = train_saes(store_or_activations, [config], site=site, **given)
    return sae
