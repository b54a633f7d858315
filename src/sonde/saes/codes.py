"""Sparse codes of many rows: what ranking and pages read, held as a sparse matrix, pooled over an example's tokens."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp
import torch
from jaxtyping import Float
from torch import Tensor

from sonde.base.errors import InputError
from sonde.saes.sae import SAE

POOLS = ("max", "mean", "last")


def codes(sae: SAE, X: Tensor | np.ndarray) -> sp.csr_matrix:
    """Return the activations of `[n, d_in]` rows as an `[n, d_sae]` sparse matrix, encoded some rows at a time."""
    parts = [sp.csr_matrix(block.cpu().numpy()) for block in sae.blocks(X)]
    return sp.vstack(parts, format="csr") if parts else sp.csr_matrix((0, sae.d_sae), dtype=np.float32)


def pool_codes(Z: sp.csr_matrix, offsets: np.ndarray, how: str) -> sp.csr_matrix:
    """Return one row an example of one row a token.

    Args:
        Z: `[t, s]`, none negative.
        offsets: `[n + 1]` where each example's tokens begin; none is empty.
        how: `max` (did the latent fire anywhere, and how much), `mean`, or `last`.

    Raises:
        InputError: an example without tokens, or no such pooling.
    """
    if how not in POOLS:
        raise InputError(f"Latents cannot be pooled by {how!r}: choose one of {', '.join(POOLS)}.")
    counts = np.diff(offsets)
    if (counts == 0).any():
        raise InputError(
            f"Example number {int(np.flatnonzero(counts == 0)[0])} has no token to pool latents over: widen the token "
            "selector."
        )
    if how == "last":
        return Z[offsets[1:] - 1]
    owner = np.repeat(np.arange(len(counts)), counts)
    if how == "mean":
        return sp.csr_matrix((1.0 / counts[owner], (owner, np.arange(len(owner))))).astype(np.float32) @ Z
    entries = Z.tocoo()
    key = owner[entries.row].astype(np.int64) * Z.shape[1] + entries.col
    order = np.lexsort((entries.data, key))
    last = np.flatnonzero(np.r_[key[order][1:] != key[order][:-1], np.ones(min(1, len(key)), dtype=bool)])
    kept = order[last]
    shape = (len(counts), Z.shape[1])
    return sp.csr_matrix((entries.data[kept], (owner[entries.row[kept]], entries.col[kept])), shape=shape)


def density(Z: sp.csr_matrix) -> Float[np.ndarray, " s"]:
    """Return `[s]` the share of rows in which each latent is active."""
    return np.diff(Z.tocsc().indptr) / max(1, Z.shape[0])


def columns(Z: sp.csr_matrix, latents: np.ndarray) -> Float[np.ndarray, "n k"]:
    """Return `[n, k]` the activations of some latents, dense."""
    return np.asarray(Z[:, latents].todense(), dtype=np.float64)


def dense_rows(X: Tensor | np.ndarray) -> Float[np.ndarray, "n d"]:
    """Return rows as float64 numpy."""
    return torch.as_tensor(X).detach().cpu().double().numpy()
