"""Latents against known variables: what only a model with the truth on record allows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from jaxtyping import Bool, Float, Int

#: A variable counts as covered when its best latent reaches this F1 on test rows.
COVERED = 0.8
#: A latent is a splinter of a variable when it is this precise and finds less than half of it.
PRECISE = 0.9
#: Cuts tried for each latent, as quantiles of its active values; 0 = any activity.
CUTS = (0.0, 0.25, 0.5, 0.75, 0.9)


@dataclass(frozen=True)
class Match:
    """How a dictionary's latents stand to binary variables.

    Attributes:
        f1: `[v]` test F1 of each variable's best latent (chosen, with its cut, on training rows).
        matched_f1: `[v]` test F1 under the one-to-one matching that is best on training rows.
        correlation: mean absolute correlation of matched pairs on test rows (MCC of activations).
        best: `[v]` the best latent.
        coverage: share of variables with a best test F1 of at least 0.8.
        splinters: `[v]` latents that fire almost only where the variable holds and find less than half of it.
    """

    f1: Float[np.ndarray, " v"]
    matched_f1: Float[np.ndarray, " v"]
    correlation: float
    best: Int[np.ndarray, " v"]
    coverage: float
    splinters: Int[np.ndarray, " v"]


def match(Z: sp.csr_matrix, V: Bool[np.ndarray, "n v"], train: Bool[np.ndarray, " n"]) -> Match:
    """Match latents to variables.

    Args:
        Z: `[n, s]` activations, none negative.
        V: `[n, v]` whether each variable holds.
        train: `[n]` rows on which latents and cuts are chosen; figures are of the other rows.
    """
    from scipy.optimize import linear_sum_assignment

    on = _cut(Z, train)
    chosen, precision, recall = _f1(on[np.flatnonzero(train)], V[train])
    tested, _, _ = _f1(on[np.flatnonzero(~train)], V[~train])
    s = Z.shape[1]
    by_latent = np.full((s, V.shape[1]), -1.0)
    cut = np.zeros((s, V.shape[1]), dtype=np.int64)
    for c in range(len(CUTS)):  # rows of one cut are one block, latent after latent
        block = chosen[c * s : (c + 1) * s]
        better = block > by_latent
        by_latent[better], cut[better] = block[better], c
    best = by_latent.argmax(0)
    columns = np.arange(V.shape[1])
    f1 = tested[cut[best, columns] * s + best, columns]
    rows, matched_columns = linear_sum_assignment(-by_latent)
    matched = np.zeros(V.shape[1])
    matched[matched_columns] = tested[cut[rows, matched_columns] * s + rows, matched_columns]
    splinters = ((precision[:s] >= PRECISE) & (recall[:s] < 0.5) & (recall[:s] > 0.02)).sum(0)
    correlation = float(np.mean(_correlations(Z, V, ~train, rows, matched_columns)))
    return Match(f1, matched, correlation, best, float((f1 >= COVERED).mean()), splinters)


def _cut(Z: sp.csr_matrix, train: np.ndarray) -> sp.csr_matrix:
    """Return `[n, cuts * s]` where each latent is above each of its cuts, cut after cut."""
    columns, s = Z.tocsc(), Z.shape[1]
    seen = Z[np.flatnonzero(train)].tocsc()
    cuts = np.zeros((len(CUTS), s))
    for j in range(s):
        active = seen.data[seen.indptr[j] : seen.indptr[j + 1]]
        if len(active):
            cuts[1:, j] = np.quantile(active, CUTS[1:])
    owner = np.repeat(np.arange(s), np.diff(columns.indptr))
    blocks = []
    for row in cuts:
        kept = columns.copy()
        kept.data = (columns.data > row[owner]).astype(np.float32)
        blocks.append(kept)
    return sp.hstack(blocks, format="csr")


def _f1(on: sp.csr_matrix, V: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return F1, precision and recall, `[c, v]` each, of every column of `on` for every variable."""
    both = np.asarray(on.T @ V.astype(np.float32))
    fired, held = np.asarray(on.sum(0)).ravel()[:, None], V.sum(0)[None, :]
    precision, recall = both / np.maximum(fired, 1), both / np.maximum(held, 1)
    return 2 * both / np.maximum(fired + held, 1), precision, recall


def _correlations(
    Z: sp.csr_matrix, V: np.ndarray, rows: np.ndarray, latents: np.ndarray, variables: np.ndarray
) -> np.ndarray:
    values = np.asarray(Z[np.flatnonzero(rows)][:, latents].todense(), dtype=np.float64)
    truth = V[rows][:, variables].astype(np.float64)
    values, truth = values - values.mean(0), truth - truth.mean(0)
    norm = np.sqrt((values**2).sum(0) * (truth**2).sum(0))
    return np.abs(np.divide((values * truth).sum(0), norm, out=np.zeros(len(norm)), where=norm > 0))
