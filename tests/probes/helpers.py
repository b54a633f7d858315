"""Made-up features of three sites, the first of which knows nothing."""

import numpy as np
import torch

from sonde.activations import Features
from sonde.base.tables import ExampleTable

SITES = tuple(f"blocks.{i}.hook_resid_post" for i in range(3))


def features(n=120, d=6, groups=True, strength=(0.0, 0.8, 0.8), seed=0, y=None):
    rng = np.random.default_rng(seed)
    y = np.arange(n) % 2 if y is None else y
    names = np.array([f"city {i // 4}" for i in range(n)]) if groups else None
    direction = rng.normal(size=d)
    values = {
        site: torch.tensor(rng.normal(size=(n, d)) + k * y[:, None] * direction, dtype=torch.float32)
        for site, k in zip(SITES, strength, strict=True)
    }
    examples = ExampleTable(ids=tuple(map(str, range(n))), labels=y, groups=names)
    return Features(values, examples, {"model": "cretan", "model_fingerprint": "abc"}, "mean")
