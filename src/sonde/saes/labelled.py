"""Activations with labels: token rows for the latents, one pooled row an example for the dense probe."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp
import torch
from jaxtyping import Bool, Float, Int, Shaped
from torch import Tensor

from sonde.activations import Activations, Features, SiteFeatures, parse_pooling, pool_rows
from sonde.base.errors import InputError
from sonde.saes.codes import codes, dense_rows, pool_codes
from sonde.saes.sae import SAE


@dataclass(frozen=True)
class Labelled:
    """Rows of one site with what is known of their examples.

    Attributes:
        X: `[t, d]` rows, one a token (or one an example).
        offsets: `[n + 1]` which rows are whose.
        y: `[n]` True = positive class.
        groups: `[n]` rows of one group stay together; None = unknown.
        pool: how the latents of an example's tokens become one row.
        positive: the name of the positive class.
    """

    X: Float[Tensor, "t d"]
    offsets: Int[np.ndarray, " n1"]
    y: Bool[np.ndarray, " n"]
    groups: Shaped[np.ndarray, " n"] | None
    pool: str
    positive: str = "positive"

    def codes(self, sae: SAE) -> sp.csr_matrix:
        """Return `[n, s]` the latents of each example."""
        return pool_codes(codes(sae, self.X), self.offsets, self.pool)

    def dense(self, rows: Tensor | None = None) -> Float[np.ndarray, "n d"]:
        """Return `[n, d]` the mean of each example's rows (of `rows` `[t, d]`, where given)."""
        return dense_rows(pool_rows(self.X if rows is None else rows, self.offsets, parse_pooling("mean")))


def as_labelled(data: Any, sae: SAE, pool: str) -> Labelled:
    """Return `data` as labelled rows.

    Args:
        data: `Activations` (latents are pooled over tokens), `Features` or the features of one site, or arrays
            `(X, y)` or `(X, y, groups)`.
        sae: whose site is taken.
        pool: how latents are pooled over tokens.

    Raises:
        InputError: no labels, one class only, or not the autoencoder's site.
    """
    if isinstance(data, SiteFeatures):
        data = data.features
    if isinstance(data, (Activations, Features)):
        site = _site(data.sites, sae)
        X, examples = data[site], data.examples
        offsets = data.offsets if isinstance(data, Activations) else np.arange(len(examples) + 1)
        y, groups, positive = examples.labels, examples.groups, examples.positive
    elif isinstance(data, (tuple, list)) and len(data) in (2, 3):
        X, y, groups = (*data, None)[:3]
        X, offsets, positive = torch.as_tensor(X), np.arange(len(X) + 1), "positive"
    else:
        raise InputError(
            f"Latents cannot be ranked on a {type(data).__name__}: pass Activations, Features, or (X, y, groups)."
        )
    if y is None:
        raise InputError(
            "The data has no labels, and latents are ranked by a labelled concept: load it with its labels."
        )
    labels = np.asarray(y).astype(bool)
    if len(labels) != len(offsets) - 1:
        raise InputError(f"There are {len(labels)} labels for {len(offsets) - 1} rows: pass one for each.")
    if labels.all() or not labels.any():
        raise InputError("The labels hold one class only, expected two: add rows of the other class.")
    return Labelled(X, offsets, labels, None if groups is None else np.asarray(groups), pool, positive)


def _site(sites: tuple[str, ...], sae: SAE) -> str:
    if sae.site in sites:
        return sae.site
    if len(sites) == 1 and not sae.site:
        return sites[0]
    raise InputError(
        f"This SAE reads {sae.site or 'an unnamed site'}, the data has {', '.join(sites[:4])}: capture that site."
    )
