"""What the plain forward pass costs on the same tokens: the yardstick of every other cost."""

from __future__ import annotations

import time
from collections.abc import Sequence

import numpy as np
import torch

from sonde.capture.engine import pad
from sonde.capture.model import Model
from sonde.capture.plan import Batch, default_token_budget, plan_batches

#: The forward pass is timed on about this many batches, and scaled up.
SAMPLED_BATCHES = 8


def forward_seconds(
    model: Model, ids: Sequence[np.ndarray], *, token_budget: int | None = None, sampled: int = SAMPLED_BATCHES
) -> float:
    """Return the seconds that plain forward passes with logits take over the sequences `ids`, from a sample.

    Of the length-sorted batches of a capture, every k-th is run, so that about `sampled` of them are and never more
    than every second one (a run of few batches pays half a pass); the time is scaled up by padded tokens. Every
    position gets its logits, none is kept. The smallest of the batches is run once before, unmeasured.

    Args:
        model: from `load_model`.
        ids: per example its token ids.
        token_budget: padded tokens of one batch; None = the default for the device.
        sampled: how many batches to run, about.
    """
    budget = default_token_budget(model.device) if token_budget is None else token_budget
    batches = plan_batches(np.array([len(sequence) for sequence in ids]), budget)
    stride = max(2, -(-len(batches) // sampled))
    chosen = batches[stride // 2 :: stride] or batches
    _forward(model, ids, batches[-1])
    started = time.perf_counter()
    for batch in chosen:
        _forward(model, ids, batch)
    seconds = time.perf_counter() - started
    return seconds * _padded(batches) / _padded(chosen)


def _padded(batches: Sequence[Batch]) -> float:
    return float(sum(batch.padded_tokens for batch in batches))


def _forward(model: Model, ids: Sequence[np.ndarray], batch: Batch) -> None:
    inputs = pad(model.adapter, [ids[i] for i in batch.examples], batch.lengths, model.device)
    inputs.pop("position_ids", None)  # a plain pass counts them itself
    with torch.inference_mode():
        model.module(**inputs)
    if model.device.type == "cuda":
        torch.cuda.synchronize(model.device)
