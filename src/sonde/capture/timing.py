"""What the plain forward pass costs on the same tokens: the yardstick of every other cost."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import torch

from sonde.capture.model import Model
from sonde.capture.plan import default_token_budget, plan_batches

#: The forward pass is timed on about this many padded tokens at most, and scaled up.
SAMPLE_TOKENS = 65_536


def forward_seconds(model: Model, tokens: Any, *, sample_tokens: int = SAMPLE_TOKENS) -> float:
    """Return the seconds that plain forward passes with logits take over `tokens`.

    Length-sorted batches, evenly spaced over the lengths until `sample_tokens` padded tokens are run, scaled by tokens
    to all of them. The first batch is run once before, unmeasured.

    Args:
        model: from `load_model`.
        tokens: from `model.tokenize`.
        sample_tokens: padded tokens to run at most (at least one batch).
    """
    batches = plan_batches(np.asarray(tokens.lengths), default_token_budget(model.device))
    sizes = np.array([batch.padded_tokens for batch in batches])
    stride = max(1, round(sizes.sum() / sample_tokens))
    chosen = batches[::stride]
    _forward(model, tokens, chosen[0])
    started = time.perf_counter()
    for batch in chosen:
        _forward(model, tokens, batch)
    seconds = time.perf_counter() - started
    return seconds * float(sizes.sum()) / float(sum(batch.padded_tokens for batch in chosen))


def _forward(model: Model, tokens: Any, batch: Any) -> None:
    width = int(batch.lengths.max())
    ids = torch.zeros((len(batch.lengths), width), dtype=torch.long)
    mask = torch.zeros_like(ids)
    for row, example in enumerate(batch.examples):
        own = torch.from_numpy(tokens.ids(int(example)).astype(np.int64))
        ids[row, : len(own)] = own
        mask[row, : len(own)] = 1
    inputs = {"input_ids": ids.to(model.device), "attention_mask": mask.to(model.device)}
    with torch.inference_mode():
        model.module(**inputs, use_cache=False)
    if model.device.type == "cuda":
        torch.cuda.synchronize(model.device)
