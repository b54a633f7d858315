"""What a capture must satisfy before it starts, tried on a few short sequences.

Batched values equal those of each sequence run alone; changing later tokens changes nothing earlier; what attention and
MLP add up to is the residual stream; a second backend gives what plain hooks give. A model or a library that fails one
of these gives activations that look right and are wrong, so capture refuses.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch

from sonde.base.errors import SondeError
from sonde.capture.adapter import TOLERANCE, Adapter
from sonde.capture.engine import Sequences, stream
from sonde.capture.plan import Batch, plan_batches
from sonde.capture.sites import BLOCK_SITES
from sonde.capture.taps import Tap
from sonde.capture.watch import embedding_of, vocabulary_of

#: How far a later token may move an earlier row. Both runs have the same shapes: dense models differ by 0.
LEAK_TOLERANCE = {torch.float64: 1e-10, torch.float32: 1e-5, torch.float16: 2e-3, torch.bfloat16: 1e-2}
#: Models that round as they go: rounding to int8 turns 1e-7 into 5e-3 (a BitNet with quantised activations, measured).
ROUNDING_TOLERANCE = 5e-2
#: Where rounding or routing makes single rows jump (half types, quantised models, a mixture of experts near a tie), not
#: all rows but this share must be within the tolerance: a wrong mask or position spoils more than a quarter of them.
SHARE = 0.75
#: Sequences and tokens of each that the check runs.
SEQUENCES, TOKENS = 4, 32


def self_check(
    adapter: Adapter, taps: Mapping[str, Tap], ids: Sequence[np.ndarray], *, name: str, backend: str
) -> dict[str, Any]:
    """Run the checks on up to four sequences of at most 32 tokens and return their figures.

    Args:
        ids: token sequences of the data to be captured.
        name: the model's name, for messages.
        backend: `hf` or `bridge`, for messages.

    Returns:
        A JSON-ready dict: per check the largest relative error (of a row, by its norm), the tolerances, and how much
        was run.

    Raises:
        SondeError: a check failed; the message has its figure and tolerance.
    """
    chosen = choose_sequences(ids)
    dtype = next(adapter.base.parameters()).dtype
    tolerance = TOLERANCE.get(dtype, TOLERANCE[torch.bfloat16])
    rounds = quantised(adapter)
    jumps = rounds or dtype not in (torch.float32, torch.float64) or any(map(is_router, adapter.taps))
    if rounds:
        tolerance = max(tolerance, ROUNDING_TOLERANCE)
    leak_tolerance = LEAK_TOLERANCE.get(dtype, LEAK_TOLERANCE[torch.bfloat16])
    whole = _all_rows(chosen)
    together = _run(adapter, taps, whole, token_budget=10**9)
    vocabulary = vocabulary_of(embedding_of(adapter.base))
    changed = _run(adapter, taps, _all_rows([change_later(s, vocabulary) for s in chosen]), token_budget=10**9)
    earlier = _earlier_rows(chosen)
    leak, site = worst_row({s: v[earlier] for s, v in changed.items()}, {s: v[earlier] for s, v in together.items()})
    _require(leak, leak_tolerance, f"changing later tokens changes earlier activations at {site}", name, backend)
    alone = _run(adapter, taps, whole, token_budget=1)
    worst, _ = worst_row(together, alone)
    share = SHARE if jumps else 1.0
    batched, site = worst_row(together, alone, share)
    _require(batched, tolerance, f"batched activations differ from unbatched ones at {site}", name, backend)
    return {
        "batched_vs_unbatched": batched,
        "share_of_rows": share,
        "worst_row": worst,
        "later_tokens_vs_earlier": leak,
        "site_identity": adapter.identity_error,
        "tolerance": tolerance,
        "leak_tolerance": leak_tolerance,
        "sequences": len(chosen),
        "tokens": int(sum(map(len, chosen))),
    }


def choose_sequences(ids: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Return up to four sequences of different lengths, the longest first and cut to 32 tokens.

    Where all are alike in length, they are cut to different lengths, so that padding is exercised.
    """
    real = sorted((s for s in ids if len(s)), key=len, reverse=True)
    picked = [real[i] for i in sorted({round(k * (len(real) - 1) / (SEQUENCES - 1)) for k in range(SEQUENCES)})]
    while len(picked) < 3:
        picked.append(picked[-1])
    cut = [s[:TOKENS] for s in picked]
    longest = len(cut[0])
    return [cut[0]] + [s[: max(1, longest - k * max(1, longest // 4))] for k, s in enumerate(cut[1:], start=1)]


def change_later(sequence: np.ndarray, vocabulary: int) -> np.ndarray:
    """Return the sequence with every token of its later half replaced by another one."""
    half = (len(sequence) + 1) // 2
    return np.concatenate([sequence[:half], (sequence[half:] + vocabulary // 2) % vocabulary])


def worst_row(a: Mapping[str, torch.Tensor], b: Mapping[str, torch.Tensor], share: float = 1.0) -> tuple[float, str]:
    """Return the largest relative error of a row of `a` against `b` by the row's norm, and the site it is at.

    Rows far shorter than their site's average are measured against a tenth of that average: what a block adds can
    nearly cancel, and rounding does not shrink with it.

    Args:
        share: below 1, the error that this share of a site's rows does not exceed, instead of the largest.
    """
    worst, where = 0.0, next(iter(b), "")
    for site, value in b.items():
        if not len(value):
            continue
        norm = value.double().norm(dim=-1)
        floor = (0.1 * norm.mean()).clamp_min(1e-30)
        errors = (a[site].double() - value.double()).norm(dim=-1) / norm.clamp_min(floor)
        error = float(torch.quantile(errors, share))
        if not error <= worst:
            worst, where = error, site
    return worst, where


def quantised(adapter: Adapter) -> bool:
    """Return whether the model rounds its weights or activations as it runs."""
    if getattr(getattr(adapter.base, "config", None), "quantization_config", None) is not None:
        return True
    return any(mark in type(m).__name__ for m in adapter.base.modules() for mark in ("BitLinear", "8bit", "4bit"))


def is_router(site: str) -> bool:
    """Return whether a site holds a mixture of experts' router logits."""
    return site.endswith(BLOCK_SITES["router"])


def _all_rows(sequences: Sequence[np.ndarray]) -> Sequences:
    lengths = np.array([len(s) for s in sequences])
    return Sequences(
        ids=sequences,
        positions=np.concatenate([np.arange(n) for n in lengths]),
        offsets=np.concatenate([[0], np.cumsum(lengths)]),
        names=[f"self-check {i}" for i in range(len(sequences))],
    )


def _earlier_rows(sequences: Sequence[np.ndarray]) -> torch.Tensor:
    masks = [np.arange(len(s)) < (len(s) + 1) // 2 for s in sequences]
    return torch.from_numpy(np.flatnonzero(np.concatenate(masks)))


def _run(adapter: Adapter, taps: Mapping[str, Tap], sequences: Sequences, token_budget: int) -> dict[str, torch.Tensor]:
    batches: list[Batch] = plan_batches(sequences.needed, token_budget)
    parts = list(stream(adapter, taps, sequences, batches))
    order = torch.from_numpy(np.argsort(np.concatenate([p.rows for p in parts])))
    return {site: torch.cat([p.values[site] for p in parts])[order] for site in taps}


def _require(error: float, tolerance: float, what: str, name: str, backend: str) -> None:
    if not error <= tolerance:
        advice = (
            "use backend='hf', or bridge a model that was loaded with attn_implementation='eager'"
            if backend == "bridge"
            else "this model cannot be captured in batches as it is; load it in float32, or capture with "
            "token_budget=1 and check=False if you know why"
        )
        raise SondeError(
            f"The self-check refuses to capture {name!r} with backend {backend!r}: {what} by {error:.1e} (relative, "
            f"tolerance {tolerance:.0e}); {advice}."
        )
