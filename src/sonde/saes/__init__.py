"""Sparse autoencoders: fast to train, honest to read.

`train_saes` trains several in one pass over the data; `load_sae` opens SAELens' folders and `SAE.save` writes them;
`rank_latents` asks which latents stand for a labelled concept, beside the dense probe and a random dictionary.
"""

from sonde.saes.absorption import absorption
from sonde.saes.config import ARCHITECTURES, SAEConfig, make_config
from sonde.saes.dictionaries import neuron_sae, pca_sae, random_sae
from sonde.saes.file import load_sae
from sonde.saes.lens import LensSAE, load_pretrained, to_lens
from sonde.saes.linear import LinearSAE
from sonde.saes.probe import SparseLatentProbe
from sonde.saes.quality import quality
from sonde.saes.ranking import Ranking, rank_latents, sae_table
from sonde.saes.recovered import recovered
from sonde.saes.sae import SAE
from sonde.saes.source import CapturedSource, Source, StoredSource
from sonde.saes.stability import neighbours, pw_mcc
from sonde.saes.train import train_sae
from sonde.saes.trainer import train_saes

__all__ = [
    "ARCHITECTURES",
    "SAE",
    "CapturedSource",
    "LensSAE",
    "LinearSAE",
    "Ranking",
    "SAEConfig",
    "Source",
    "SparseLatentProbe",
    "StoredSource",
    "absorption",
    "load_pretrained",
    "load_sae",
    "make_config",
    "neighbours",
    "neuron_sae",
    "pca_sae",
    "pw_mcc",
    "quality",
    "random_sae",
    "rank_latents",
    "recovered",
    "sae_table",
    "to_lens",
    "train_sae",
    "train_saes",
]
