"""How well each single latent separates two classes: AUROC of every column of a sparse matrix at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from jaxtyping import Bool, Float


@dataclass(frozen=True)
class Separation:
    """What each latent does to two classes.

    Attributes:
        auroc: `[s]` how often a positive row has more of the latent than a negative one, ties (both silent, mostly)
            counting half; 0.5 for a latent that never fires.
        z: `[s]` the same, standardised: its distance from 0.5 over what chance gives *a latent of this density*
            (Mann-Whitney with the correction for ties). Silence ties rows, so a sparse latent has little room to move
            by chance and a dense one much: ranking by the bare AUROC favours the dense.
        density: `[s]` share of rows with the latent active.
    """

    auroc: Float[np.ndarray, " s"]
    z: Float[np.ndarray, " s"]
    density: Float[np.ndarray, " s"]

    def order(self) -> np.ndarray:
        """Return the latents, best first, by the size of `z`: one that is silent in positives tells as much."""
        return np.argsort(-np.abs(self.z), kind="stable")


def separation(Z: sp.csr_matrix, y: Bool[np.ndarray, " n"]) -> Separation:
    """Return AUROC and standardised AUROC of every latent.

    Only active entries are sorted: the silent rows of a latent are one tie, below all others.

    Args:
        Z: `[n, s]` activations, none negative.
        y: `[n]` True for the positive class; both classes must be there.
    """
    n, s = Z.shape
    sparse = Z.tocsc()
    sparse.eliminate_zeros()
    positives, negatives = float(y.sum()), float(n - y.sum())
    latent = np.repeat(np.arange(s), np.diff(sparse.indptr))
    order = np.lexsort((sparse.data, latent))
    value, label = sparse.data[order], y[sparse.indices[order]]
    latent = latent[order]
    new = np.r_[True, (latent[1:] != latent[:-1]) | (value[1:] != value[:-1])] if len(order) else np.zeros(0, bool)
    tie = np.cumsum(new) - 1
    of_tie = latent[new]
    pos = np.bincount(tie, weights=label, minlength=len(of_tie))
    size = np.bincount(tie, minlength=len(of_tie)).astype(float)
    neg = size - pos
    active_pos = np.bincount(of_tie, weights=pos, minlength=s)
    active_neg = np.bincount(of_tie, weights=neg, minlength=s)
    silent_pos, silent_neg = positives - active_pos, negatives - active_neg
    below = silent_neg[of_tie] + _before(neg, of_tie, s)
    wins = np.bincount(of_tie, weights=pos * (below + 0.5 * neg), minlength=s) + 0.5 * silent_pos * silent_neg
    auroc = wins / (positives * negatives)
    silent = silent_pos + silent_neg
    ties = np.bincount(of_tie, weights=size**3 - size, minlength=s) + silent**3 - silent
    spread = np.sqrt(np.maximum(0.0, (n + 1 - ties / (n * (n - 1.0))) / (12.0 * positives * negatives)))
    z = np.divide(auroc - 0.5, spread, out=np.zeros(s), where=spread > 1e-12)
    return Separation(auroc, z, (active_pos + active_neg) / n)


def _before(weight: np.ndarray, group: np.ndarray, s: int) -> np.ndarray:
    """Return the sum of the weights before each entry within its group; groups are consecutive."""
    total = np.cumsum(weight)
    first = np.searchsorted(group, np.arange(s))
    start = np.r_[0.0, total][first]
    return total - weight - start[group]
