"""Planted features, and autoencoders trained on them in a second."""

import functools

import torch
import torch.nn.functional as F

from sonde.activations import Activations
from sonde.saes import make_config, train_saes

SITE = "blocks.1.hook_resid_post"
D, FEATURES = 16, 32
FINGERPRINT = {"model": "planted", "model_fingerprint": "f" * 64, "data_sha256": "d" * 64, "tokens": "all"}


@functools.cache
def planted(n=6000, seed=0):
    """Unit features `[32, 16]`, and `[n, 16]` rows of 1.5 of them on average, shifted."""
    draw = torch.Generator().manual_seed(seed)
    features = F.normalize(torch.randn(FEATURES, D, generator=torch.Generator().manual_seed(9)), dim=1)
    on = torch.rand(n, FEATURES, generator=draw) < 1.5 / FEATURES
    return features, (on * (1 + 0.2 * torch.randn(n, FEATURES, generator=draw))) @ features + 3.0


def acts(n=6000, seed=0):
    return Activations.of_rows({SITE: planted(n, seed)[1]}, [0, n], fingerprint=FINGERPRINT)


def config(architecture, **options):
    return make_config(**{"architecture": architecture, "d_sae": 64, "k": 3, "learning_rate": 0.02, **options})


def train(architecture, samples=80_000, batch=400, **options):
    (sae,) = train_saes(acts(), [config(architecture, **options)], site=SITE, samples=samples, batch=batch)
    return sae


trained = functools.cache(train)
