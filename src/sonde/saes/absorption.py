"""Absorption: where a concept is there and its best latent silent, does another latent speak for it?"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse as sp
from jaxtyping import Bool, Float
from torch import Tensor

from sonde.saes.stability import cosines

#: Least share of a row's projection on the concept that one latent must write to have taken it over.
SHARE = 0.4
#: Least cosine of a latent's decoder row with the concept's direction to count as able to.
ALIGNED = 0.1


def absorption(
    Z: sp.csr_matrix,
    y: Bool[np.ndarray, " n"],
    best: int,
    W_dec: Float[Tensor, "s d"],
    direction: Float[Tensor, " d"],
) -> dict[str, Any]:
    """Return how often the best latent misses the concept, and how often another latent has taken it over there.

    After Chanin et al. 2024 (2409.14507), by projections rather than by ablation in the model: on a positive row where
    the best latent is silent, another latent absorbs it if its decoder row has a cosine of at least 0.1 with the dense
    probe's direction, and it alone writes at least 0.4 of what all latents write along that direction.

    Args:
        Z: `[n, s]` codes.
        y: `[n]` True = positive.
        best: the latent in question.
        W_dec: `[s, d]`.
        direction: `[d]` the concept's, from a dense probe on training rows.

    Returns:
        `positives`, `missed` (share of positives where `best` is silent), `absorbed` (share of the missed that another
        latent took over; None where none was missed), `by` (latents that did, with how often, most frequent first).
    """
    positive = Z[np.flatnonzero(y)]
    silent = np.asarray(positive[:, [best]].todense())[:, 0] == 0
    along = cosines(direction[None], W_dec)[0] * W_dec.norm(dim=1).cpu().numpy()
    aligned = cosines(direction[None], W_dec)[0] >= ALIGNED
    written = positive[silent].multiply(along[None, :]).tocsr()
    takers: dict[int, int] = {}
    for row in range(written.shape[0]):
        entries = slice(written.indptr[row], written.indptr[row + 1])
        latents, parts = written.indices[entries], written.data[entries]
        total = parts.sum()
        if total <= 0 or not aligned[latents].any():
            continue
        able = np.flatnonzero(aligned[latents])
        top = able[np.argmax(parts[able])]
        if parts[top] >= SHARE * total:
            takers[int(latents[top])] = takers.get(int(latents[top]), 0) + 1
    missed = int(silent.sum())
    return {
        "positives": int(y.sum()),
        "missed": missed / max(1, int(y.sum())),
        "absorbed": sum(takers.values()) / missed if missed else None,
        "by": sorted(takers.items(), key=lambda item: -item[1])[:5],
    }
