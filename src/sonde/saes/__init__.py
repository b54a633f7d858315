"""Sparse autoencoders: fast to train, honest to read.

`train_saes` trains several in one pass over the data; `load_sae` opens SAELens' folders and `SAE.save` writes them;
`rank_latents` asks which latents stand for a labelled concept, beside the dense probe and a random dictionary.
"""

from sonde.saes.config import ARCHITECTURES, SAEConfig, make_config
from sonde.saes.file import load_sae
from sonde.saes.lens import LensSAE, load_pretrained, to_lens
from sonde.saes.linear import LinearSAE
from sonde.saes.quality import quality
from sonde.saes.sae import SAE
from sonde.saes.source import CapturedSource, Source, StoredSource
from sonde.saes.trainer import train_saes

__all__ = [
    "ARCHITECTURES",
    "SAE",
    "CapturedSource",
    "LensSAE",
    "LinearSAE",
    "SAEConfig",
    "Source",
    "StoredSource",
    "load_pretrained",
    "load_sae",
    "make_config",
    "quality",
    "to_lens",
    "train_saes",
]
