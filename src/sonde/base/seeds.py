"""Randomness is local: every generator is derived from a seed and the name of what it is for."""

from __future__ import annotations

import hashlib

import numpy as np


def derive_seed(seed: int, *names: str | int) -> int:
    """Return a 63-bit seed that depends on `seed` and on every name, and on nothing else."""
    digest = hashlib.sha256("/".join([str(seed), *map(str, names)]).encode()).digest()
    return int.from_bytes(digest[:8], "big") >> 1


def generator(seed: int, *names: str | int) -> np.random.Generator:
    """Return a numpy generator of its own for `names` (for torch: `torch.Generator().manual_seed(derive_seed(…))`).

    Example:
        >>> int(generator(0, "folds").integers(100)) == int(generator(0, "folds").integers(100))
        True
    """
    return np.random.default_rng(derive_seed(seed, *names))
