"""The capture: from dialogues to activations, in memory, pooled, or in a store."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from sonde.activations import Activations, ActivationStore, Features, create_store, open_store, parse_pooling
from sonde.base.errors import InputError
from sonde.base.tables import rows_of
from sonde.capture.job import Job, plan_capture, run_job
from sonde.capture.model import Model
from sonde.capture.plan import plan_units
from sonde.capture.sinks import MemorySink, check_disk, check_memory, join_unit, mean_predictions
from sonde.tokens import Selector


def capture(
    model: Model,
    data: Any,
    *,
    sites: str | Sequence[str],
    tokens: str | Selector = "all",
    pool: str | None = None,
    store: str | Path | None = None,
    predictions: bool | str | Selector = False,
    max_tokens: int | None = None,
    truncation: str = "error",
    token_budget: int | None = None,
    check: bool = True,
) -> Activations | Features | ActivationStore:
    """Run a model over dialogues and keep what passes at named sites.

    Plain forward hooks on the decoder, without unembedding and cache; sequences sorted by length and padded on the
    right, with mask and position ids; each is run only up to the last token kept, and the model only up to the deepest
    site asked for. A self-check runs first (see `sonde.capture.selfcheck`).

    Args:
        model: from `load_model`.
        data: a Dataset, dialogues, or strings (`n` examples).
        sites: a shorthand (`resid_post`), site names, globs, or a list of these; see `Model.sites`.
        tokens: which tokens to keep, as a selector or its string form.
        pool: None keeps one row a token; `mean`, `last`, … (see `sonde.activations.pool_rows`) keep one row an example.
        store: folder to write to, for results larger than memory. It resumes where it stopped.
        predictions: also keep, for each kept token, `log_probability` (of the token given what came before) and
            `entropy` (of the distribution it was drawn from), in nats, float32. The first token of a sequence is given,
            not predicted: there both are 0 and `predicted` is 0, elsewhere 1. When pooled, `[n]` means over the
            predicted tokens, and `predicted` their number. The model then runs to its end. A selector (needs `pool`)
            means the tokens that it takes in place of those kept, such as `answer`; an example in which it takes none
            has NaN, and `predicted` 0.
        max_tokens: longest sequence in tokens; None = what the model can read.
        truncation: what to do with longer ones: `error`, `left` or `right`.
        token_budget: padded tokens of one batch; None = a default for the device.
        check: run the self-check.

    Returns:
        `Activations` (`[rows, d]` per site), `Features` (`[n, d]`) with `pool`, `ActivationStore` with `store`; in the
        order of `data`. `.predictions` holds the statistics.

    Raises:
        InputError: no such site or selector; a text too long; no token kept; no room for the result.
        InputError: an activation is not finite.
        SondeError: the self-check failed.

    Example:
        >>> from sonde.capture import load_model
        >>> from tokenizers import Tokenizer, models
        >>> from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast
        >>> words = Tokenizer(models.WordLevel({"yes": 0, "no": 1}, unk_token="no"))
        >>> config = LlamaConfig(
        ...     vocab_size=2, hidden_size=8, intermediate_size=8, num_hidden_layers=1, num_attention_heads=2
        ... )
        >>> tokenizer = PreTrainedTokenizerFast(tokenizer_object=words)
        >>> model = load_model(LlamaForCausalLM(config), tokenizer=tokenizer, name="toy")
        >>> acts = capture(model, ["yes", "no"], sites="resid_post")
        >>> acts["blocks.0.hook_resid_post"].shape
        torch.Size([2, 8])
    """
    if pool is not None and store is not None:
        raise InputError("Pass pool or store, not both: a store keeps token rows, and pools them when it is read.")
    job = plan_capture(
        model,
        data,
        sites=sites,
        tokens=tokens,
        predictions=predictions,
        max_tokens=max_tokens,
        truncation=truncation,
        token_budget=token_budget,
    )
    if pool is None and not (job.predicted is None or job.predicted is job.sequences):
        raise InputError(
            "Predictions of other tokens than those kept are means over an example, expected a pooling beside them: "
            "pass pool='mean', or predictions=True."
        )
    if store is not None:
        return _to_store(job, Path(store), _checked(job, check))
    return capture_job(job, pool, check=check)


def capture_job(job: Job, pool: str | None = None, *, check: bool = True) -> Activations | Features:
    """Run a planned capture and keep the result in memory. Arguments, result and errors as of `capture`."""
    return _to_memory(job, pool, _checked(job, check))


def _checked(job: Job, check: bool) -> Mapping[str, Any]:
    return job.model.self_check(job.sites, job.sequences.ids) if check else {"skipped": "check=False"}


def _to_memory(job: Job, pool: str | None, checked: Mapping[str, Any]) -> Activations | Features:
    pooling = None if pool is None else str(parse_pooling(pool))
    pooled = pooling not in (None, "none")
    if pooled:
        _require_tokens(job)
    rows = len(job.examples) if pooled else len(job.kept)
    check_memory(rows * job.row_bytes, job.what)
    sink = MemorySink(rows, pooled=pooled)
    statistics = MemorySink(0 if job.predicted is None else len(job.predicted.positions), pooled=False)
    for batch, predictions in run_job(job, pool=pooling if pooled else None):
        sink.take(batch)
        if job.predicted is not None:
            statistics.write(rows_of(job.predicted.offsets, batch.examples), predictions)
    fingerprint = {**job.fingerprint, "self_check": json.dumps(checked, sort_keys=True)}
    own = job.predicted is job.sequences
    if not pooled:
        made = Activations(sink.values, job.kept, job.examples, fingerprint, statistics.values if own else None)
        if pooling is None:
            return made
        features: Any = made.pool(pooling)
    else:
        features = Features(sink.values, job.examples, fingerprint, str(pooling))
    if job.predicted is not None and (pooled or not own):
        names = job.examples.ids if own else None
        features.predictions = mean_predictions(statistics.values, job.predicted.offsets, names)
    return features


def _to_store(job: Job, folder: Path, checked: Mapping[str, Any]) -> ActivationStore:
    counts = np.diff(job.kept.offsets)
    units = plan_units(job.batches, counts, job.row_bytes)
    empty = np.flatnonzero(counts == 0)
    manifest = {
        "fingerprint": job.fingerprint,
        "self_check": dict(checked),
        "model": {"name": job.model.name, "fingerprint": job.model.fingerprint},
    }
    writer = create_store(folder, manifest, list(units), job.examples)
    missing = writer.missing()
    rows = sum(int(counts[batch.examples].sum()) for unit in missing for batch in units[unit])
    check_disk(rows * job.row_bytes, folder, job.what)
    last = list(units)[-1]
    batches = [batch for unit in missing for batch in units[unit]]
    flow = run_job(job, batches)
    for unit in missing:
        parts = [next(flow) for _ in units[unit]]
        examples, _, values, predictions = join_unit(parts, empty if unit == last else empty[:0])
        writer.write(unit, values, job.kept.take_examples(examples), examples, predictions or None)
    flow.close()
    return open_store(folder)


def _require_tokens(job: Job) -> None:
    empty = np.flatnonzero(np.diff(job.kept.offsets) == 0)
    if len(empty):
        raise InputError(
            f"Example {job.examples.ids[empty[0]]!r} of {job.what!r} has no token under the selector "
            f"{job.fingerprint['tokens']!r} ({len(empty)} such examples), so there is nothing to pool: "
            "widen the selector or leave these examples out."
        )
