"""Do two seeds find the same latents? Matching of decoder directions."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

#: Above this many latents only as many are matched, chosen evenly: the assignment costs their cube.
MATCHED = 4_096
#: Latents whose cosines with all others are held at once.
AT_ONCE = 256


def pw_mcc(dictionaries: Sequence[Float[Tensor, "s d"]]) -> float | None:
    """Return the pairwise mean correlation coefficient of dictionaries (Song et al. 2025, 2505.20254).

    For each pair latents are matched one to one so that the mean absolute cosine of matched directions is largest; that
    mean is averaged over pairs. 1 = the same dictionary; None for fewer than two.
    """
    from itertools import combinations

    values = [matched_cosine(a, b) for a, b in combinations(dictionaries, 2)]
    return float(np.mean(values)) if values else None


def matched_cosine(a: Float[Tensor, "s d"], b: Float[Tensor, "r d"]) -> float:
    """Return the mean absolute cosine of the best one-to-one matching."""
    from scipy.optimize import linear_sum_assignment

    alike = np.abs(cosines(_thinned(a), _thinned(b)))
    rows, columns = linear_sum_assignment(-alike)
    return float(alike[rows, columns].mean())


def nearest_elsewhere(direction: Float[Tensor, " d"], others: Sequence[Float[Tensor, "s d"]]) -> float | None:
    """Return the mean over other dictionaries of the largest cosine of any of their latents with `direction`."""
    found = [float(cosines(direction[None], other).max()) for other in others]
    return float(np.mean(found)) if found else None


def cosines(a: Float[Tensor, "s d"], b: Float[Tensor, "r d"]) -> Float[np.ndarray, "s r"]:
    """Return `[s, r]` cosines of the rows of two matrices."""
    return (F.normalize(a.detach().float(), dim=1) @ F.normalize(b.detach().float(), dim=1).T).cpu().numpy()


def neighbours(W_dec: Float[Tensor, "s d"], latents: Sequence[int], n: int) -> list[list[tuple[int, float]]]:
    """Return for each of `latents` the `n` others whose decoder rows point most nearly where its does, with cosines.

    Example:
        >>> neighbours(torch.tensor([[1.0, 0.0], [0.0, 1.0], [3.0, 0.0]]), [0], 1)
        [[(2, 1.0)]]
    """
    unit, found = F.normalize(W_dec.detach().float(), dim=1), []
    for part in torch.tensor(list(latents), dtype=torch.int64, device=unit.device).split(AT_ONCE):
        alike = unit[part] @ unit.T
        alike[torch.arange(len(part)), part] = -torch.inf
        best = alike.topk(min(n, len(unit) - 1), dim=1)
        found += [
            list(zip(others, values, strict=True))
            for others, values in zip(best.indices.tolist(), best.values.tolist(), strict=True)
        ]
    return found


def _thinned(W: Float[Tensor, "s d"]) -> Float[Tensor, "r d"]:
    step = -(-len(W) // MATCHED)
    return W[::step]
