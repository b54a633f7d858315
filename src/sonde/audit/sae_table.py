"""Do sparse latents do better, or is that hype?"""

from __future__ import annotations

from sonde.audit.plugged import PluggedCheck


class SAETable(PluggedCheck):
    """The best latent, k-sparse latents and a random SAE beside the dense probe, on the same splits."""

    name = "sae_table"
    why = "hype: sparse latents are shown without the dense probe beside them"
    missing = "no sparse autoencoder was given for this site"
    wanted = "Give a sparse autoencoder trained on this site of this model."
