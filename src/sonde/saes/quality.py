"""How well an autoencoder does its own task: sparsity, reconstruction, latents that never fire."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor

from sonde.saes.sae import SAE


def quality(sae: SAE, batches: Iterable[Tensor]) -> dict[str, Any]:
    """Return the figures of an autoencoder on raw rows.

    Args:
        sae: the autoencoder.
        batches: `[b, d_in]` each.

    Returns:
        `rows`; `l0`, active latents a row on average; `explained_variance`, 1 - squared error / squared distance from
        the mean; `cosine`, mean cosine of reconstruction and row (both None for a transcoder, which reconstructs
        another site); `never_fired`, share of latents silent on all rows.
    """
    rows, active, error, cosine = 0, 0.0, 0.0, 0.0
    fired = torch.zeros(sae.d_sae, dtype=torch.bool)
    sums, squares = torch.zeros(sae.d_in, dtype=torch.float64), 0.0
    for batch in batches:
        X = batch.float()
        Z = torch.as_tensor(sae.encode(X))
        on = (Z != 0).cpu()
        rows += len(X)
        active += float(on.sum())
        fired |= on.any(0)
        if not sae.reconstructs:
            continue
        out, X = torch.as_tensor(sae.decode(Z)).cpu(), X.cpu()
        error += float((out - X).double().square().sum())
        cosine += float(torch.cosine_similarity(out, X, dim=1).sum())
        sums += X.double().sum(0)
        squares += float(X.double().square().sum())
    variance = squares - float(sums.square().sum()) / max(1, rows)
    return {
        "rows": rows,
        "l0": active / max(1, rows),
        "explained_variance": 1.0 - error / variance if variance > 0 else None,
        "cosine": cosine / max(1, rows) if sae.reconstructs else None,
        "never_fired": 1.0 - float(fired.float().mean()),
    }
