"""Continuing dialogues in batches, seeded."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from sonde.base.errors import InputError
from sonde.base.progress import progress_bar
from sonde.capture.checkpoint import quiet_transformers
from sonde.capture.model import Model
from sonde.capture.plan import Batch, default_token_budget, plan_batches
from sonde.capture.sampling import SampleByLot, draw_lots
from sonde.capture.taps import evaluating


def generate(
    model: Model,
    dialogues: Any,
    *,
    max_new_tokens: int,
    temperature: float | int = 1.0,
    seed: int = 0,
    token_budget: int | None = None,
) -> list[str]:
    """Return what the model says next, one string a dialogue; special tokens are left out.

    See `generate_ids`.
    """
    made = generate_ids(
        model,
        dialogues,
        max_new_tokens=max_new_tokens,
        temperature=temperature,
        seed=seed,
        token_budget=token_budget,
    )
    return [model.tokenizer.decode(ids.tolist(), skip_special_tokens=True) for ids in made]


def generate_ids(
    model: Model,
    dialogues: Any,
    *,
    max_new_tokens: int,
    temperature: float | int = 1.0,
    seed: int = 0,
    token_budget: int | None = None,
) -> list[np.ndarray]:
    """Return the token ids that the model says next, in the order of the dialogues, up to its end-of-text token.

    Batches are padded on the left with mask, as transformers' own generation does it. Neither greedy nor sampled text
    depends on the batch (beyond rounding): what a dialogue is answered follows from the dialogue and `seed`, and the
    same dialogue given twice is answered independently. Samples are drawn from the model's whole distribution: no
    top-k, no top-p, whatever the checkpoint's defaults.

    Args:
        dialogues: a Dataset, dialogues, or strings.
        max_new_tokens: most tokens to add to each.
        temperature: divides the logits; 0 = greedy.
        seed: of the samples.
        token_budget: padded tokens of a batch, new ones included; None = a default for the device.

    Returns:
        One array of new token ids per dialogue, end-of-text token left out.

    Raises:
        InputError: a dialogue and its continuation do not fit into what the model can read.
    """
    if max_new_tokens < 1:
        raise InputError(f"max_new_tokens is {max_new_tokens}, expected at least 1.")
    if temperature < 0:
        raise InputError(f"temperature is {temperature}, expected 0 (greedy) or more.")
    limit = None if model.context is None else model.context - max_new_tokens
    if limit is not None and limit < 1:
        raise InputError(
            f"max_new_tokens is {max_new_tokens} and {model.name!r} can read {model.context} tokens: ask for fewer."
        )
    tokens = model.tokenize(dialogues, max_tokens=limit)
    ids = [tokens.ids(i) for i in range(len(tokens))]
    budget = token_budget or default_token_budget(model.device)
    lengths = np.array([len(s) for s in ids]) + max_new_tokens
    lots = draw_lots(ids, max_new_tokens, seed) if temperature > 0 else None
    results: list[np.ndarray] = [np.empty(0, dtype=np.int64)] * len(ids)
    with progress_bar(len(ids), f"generate with {model.name}", "text") as bar:
        for batch in plan_batches(lengths, budget):
            sampler = None if lots is None else SampleByLot(lots[batch.examples], temperature)
            made = _run(model, ids, batch, max_new_tokens, sampler)
            for example, row in zip(batch.examples, made, strict=True):
                results[example] = row
            bar.update(len(batch.examples))
    return results


def _run(
    model: Model, ids: list[np.ndarray], batch: Batch, max_new_tokens: int, sampler: SampleByLot | None
) -> list[np.ndarray]:
    from transformers import GenerationConfig, LogitsProcessorList

    width = int(max(len(ids[i]) for i in batch.examples))
    padded = np.zeros((len(batch.examples), width), dtype=np.int64)
    mask = np.zeros_like(padded)
    for row, example in enumerate(batch.examples):
        own = ids[example]
        padded[row] = np.concatenate([np.full(width - len(own), own[0]), own])
        mask[row, width - len(own) :] = 1
    stops = end_tokens(model)
    config = GenerationConfig(
        max_new_tokens=max_new_tokens,
        do_sample=False,
        eos_token_id=stops or None,
        pad_token_id=stops[0] if stops else 0,
        use_cache=True,
    )
    device = model.device
    with torch.inference_mode(), evaluating(model.module), quiet_transformers():
        out = model.module.generate(
            input_ids=torch.from_numpy(padded).to(device),
            attention_mask=torch.from_numpy(mask).to(device),
            generation_config=config,
            logits_processor=LogitsProcessorList([] if sampler is None else [sampler]),
        )
    return [_until(row, stops) for row in out[:, width:].cpu().numpy()]


def end_tokens(model: Model) -> list[int]:
    """Return the ids that end a text: those of the model's generation settings and of its tokenizer."""
    settings = getattr(getattr(model.module, "generation_config", None), "eos_token_id", None)
    found = settings if isinstance(settings, list) else [settings]
    found = [*found, getattr(model.tokenizer, "eos_token_id", None)]
    return list(dict.fromkeys(int(i) for i in found if i is not None))


def _until(row: np.ndarray, stops: list[int]) -> np.ndarray:
    ends = np.flatnonzero(np.isin(row, stops))
    return row[: ends[0]] if len(ends) else row
