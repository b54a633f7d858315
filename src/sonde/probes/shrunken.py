"""Closed forms of all folds and strengths of a site at once.

The training sets of a cross-validation share most of their rows, so their scatters are alike: the eigenvectors of the
mean scatter serve as a preconditioner for all of them and for every strength, and a few steps of conjugate gradients do
what a factorisation for each fold and strength would.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Bool, Float

from sonde.probes.closed_form import ShrunkenSystem
from sonde.probes.sums import ClassSums

RESIDUAL = 1e-6  # relative, at which a system counts as solved: a cell of a sweep is compared and dropped
STEPS = 40  # of conjugate gradients; what is not solved then is factorised
CROWDED = 0.8  # features a training row, above which the folds' scatters are not alike


def shrunken_folds(
    sums: Sequence[ClassSums], strengths: Sequence[float], *, standardize: bool, centre: bool = True
) -> list[Float[np.ndarray, "k d"]]:
    """Return `shrunken_directions` of each training set, to a relative residual of `RESIDUAL`.

    Raises:
        DataError: a strength of 0 on features that are linearly dependent.
    """
    systems = [ShrunkenSystem.of(s, standardize=standardize, centre=centre) for s in sums]
    crowded = len(systems[0].target) > CROWDED * min(system.rows for system in systems)
    if crowded or min(strengths) <= 0:
        return [np.stack([system.solved(l2) for l2 in strengths]) / system.scale for system in systems]
    S, target = np.stack([s.S for s in systems]), np.stack([s.target for s in systems])
    found, solved = conjugate_gradients(S, target, np.asarray(strengths, dtype=float))
    for f, k in np.argwhere(~solved):
        found[f, k] = systems[f].solved(strengths[k])
    return [x / system.scale for x, system in zip(found, systems, strict=True)]


def conjugate_gradients(
    S: Float[np.ndarray, "f d d"], target: Float[np.ndarray, "f d"], l2: Float[np.ndarray, " k"]
) -> tuple[Float[np.ndarray, "f k d"], Bool[np.ndarray, "f k"]]:
    """Solve `(S_f + l2_k·I) x = target_f` for all `f` and `k`; return `x` and `[f, k]` which are solved.

    Preconditioned by `(mean S + l2_k·I)⁻¹` in the mean's eigenvectors (Golub & Van Loan 2013, algorithm 11.5.1), which
    need not be exact: they are float32.
    """
    lam, V = (part.numpy() for part in torch.linalg.eigh(torch.as_tensor(S.mean(0), dtype=torch.float32)))
    inverse = 1 / (np.maximum(lam, 0.0)[None].astype(np.float64) + l2[:, None])
    shape = (len(S), len(l2), S.shape[-1])

    def rounder(r: Float[np.ndarray, "f k d"]) -> Float[np.ndarray, "f k d"]:
        inside = (r.reshape(-1, shape[-1]).astype(np.float32) @ V).reshape(shape) * inverse
        return (inside.reshape(-1, shape[-1]).astype(np.float32) @ V.T).reshape(shape).astype(np.float64)

    x, r = np.zeros(shape), np.repeat(target[:, None], len(l2), 1)
    goal = RESIDUAL * np.linalg.norm(target, axis=1)[:, None]
    z = rounder(r)
    way, old = z, (r * z).sum(2)
    for _ in range(STEPS):
        bent = way @ S + l2[:, None] * way
        share = (old / np.maximum((way * bent).sum(2), np.finfo(float).tiny))[..., None]
        x, r = x + share * way, r - share * bent
        if (np.linalg.norm(r, axis=2) <= goal).all():
            break
        z = rounder(r)
        new = (r * z).sum(2)
        way, old = z + (new / np.maximum(old, np.finfo(float).tiny))[..., None] * way, new
    return x, np.linalg.norm(r, axis=2) <= goal
