"""The capture: from dialogues to activations, in memory, pooled, or in a store."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np

from sonde.activations import Activations, ActivationStore, Features, create_store, open_store, parse_pooling, pool_rows
from sonde.base.devices import dtype_name
from sonde.base.errors import InputError
from sonde.base.progress import progress_bar
from sonde.base.tables import ExampleTable, TokenTable
from sonde.capture.engine import CaptureBatch, Sequences, stream
from sonde.capture.head import batch_predictions, hidden_places
from sonde.capture.inputs import as_dataset
from sonde.capture.model import Model
from sonde.capture.plan import Batch, default_token_budget, plan_batches, plan_units
from sonde.capture.sinks import MemorySink, Predictions, check_disk, check_memory, join_unit, mean_predictions
from sonde.tokens import All, Selector, parse_selector


@dataclass(frozen=True)
class Job:
    """Everything a capture needs to know before it runs.

    Attributes:
        model, sites: what is read.
        sequences: what is run and kept.
        kept: `[t]` table of the tokens kept.
        examples: `[n]` table of the dialogues.
        batches: the plan.
        fingerprint: what the values depend on.
        predictions: whether next-token statistics are wanted.
        what: the data's name, for messages.
    """

    model: Model
    sites: tuple[str, ...]
    sequences: Sequences
    kept: TokenTable
    examples: ExampleTable
    batches: Sequence[Batch]
    fingerprint: dict[str, str]
    predictions: bool
    what: str

    @property
    def row_bytes(self) -> int:
        """Bytes of one row over all sites."""
        return sum(map(self.model.width, self.sites)) * self.model.dtype.itemsize


def capture(
    model: Model,
    data: Any,
    *,
    sites: str | Sequence[str],
    tokens: str | Selector = "all",
    pool: str | None = None,
    store: str | Path | None = None,
    predictions: bool = False,
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
            predicted tokens, and `predicted` their number. The model then runs to its end.
        max_tokens: longest sequence in tokens; None = what the model can read.
        truncation: what to do with longer ones: `error`, `left` or `right`.
        token_budget: padded tokens of one batch; None = a default for the device.
        check: run the self-check.

    Returns:
        `Activations` (`[rows, d]` per site), `Features` (`[n, d]`) with `pool`, `ActivationStore` with `store`; in the
        order of `data`. `.predictions` holds the statistics.

    Raises:
        InputError: no such site or selector; a text too long; no token kept; no room for the result.
        SondeError: the self-check failed, or an activation is not finite.

    Example:
        >>> model = load_model("shared/data/models/stories260K")
        >>> acts = capture(model, ["Once upon a time"], sites="resid_post")
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
    checked = model.self_check(job.sites, job.sequences.ids) if check else {"skipped": "check=False"}
    if store is not None:
        return _to_store(job, Path(store), checked)
    return _to_memory(job, pool, checked)


def plan_capture(
    model: Model,
    data: Any,
    *,
    sites: str | Sequence[str],
    tokens: str | Selector,
    predictions: bool,
    max_tokens: int | None,
    truncation: str,
    token_budget: int | None,
) -> Job:
    """Tokenize, select and plan; runs nothing. See `capture` for the arguments."""
    dataset = as_dataset(data)
    resolved = model.resolve_sites(sites)
    selector = parse_selector(tokens) if isinstance(tokens, str) else tokens
    encoded = model.tokenize(dataset, max_tokens=max_tokens, truncation=truncation)
    kept = encoded.table if isinstance(selector, All) else encoded.table.keep(selector.mask(encoded.table))
    if len(kept) == 0:
        raise InputError(
            f"The token selector {str(selector)!r} keeps no token of {dataset.name!r}: "
            "look at what it selects with model.tokenize(data).show(selector)."
        )
    examples = dataset.examples()
    sequences = Sequences(
        ids=[encoded.ids(i) for i in range(len(dataset))],
        positions=kept.position.astype(np.int64),
        offsets=kept.offsets,
        names=examples.ids,
    )
    budget = default_token_budget(model.device) if token_budget is None else token_budget
    if budget < 1:
        raise InputError(f"token_budget is {budget}, expected a positive number of padded tokens per batch.")
    fingerprint = {
        "model": model.name,
        "model_fingerprint": model.fingerprint,
        "revision": model.revision or "",
        "dtype": dtype_name(model.dtype),
        "attention": model.attention,
        "backend": model.backend,
        "tokenizer": encoded.fingerprint,
        "data_sha256": dataset.sha256,
        "tokens": str(selector),
        "sites": ",".join(resolved),
        "predictions": str(predictions).lower(),
        "max_tokens": str(max_tokens if max_tokens is not None else model.context),
        "truncation": truncation,
        "token_budget": str(budget),
        "versions": _versions(model.backend),
    }
    return Job(
        model=model,
        sites=resolved,
        sequences=sequences,
        kept=kept,
        examples=examples,
        batches=plan_batches(sequences.needed, budget),
        fingerprint=fingerprint,
        predictions=predictions,
        what=dataset.name,
    )


def run_job(
    job: Job, batches: Sequence[Batch] | None = None, pool: str | None = None
) -> Generator[tuple[CaptureBatch, Predictions], None, None]:
    """Yield each batch of a planned capture with its next-token statistics (empty where none are wanted).

    This is the stream that every sink consumes; a sink of your own may too.
    """
    batches = job.batches if batches is None else batches
    taps = {site: job.model.tap(site) for site in job.sites}
    head = job.model.head() if job.predictions else None
    pooler = None if pool is None else lambda rows, offsets: pool_rows(rows, offsets, pool)
    total = int(sum(batch.lengths.sum() for batch in batches))
    with progress_bar(total, f"capture {job.what}", "tok") as bar:
        for batch in stream(
            job.model.adapter,
            taps,
            job.sequences,
            batches,
            pool=pooler,
            hidden_rows=hidden_places(job.sequences) if head is not None else None,
            done=bar.update,
        ):
            yield batch, {} if head is None else batch_predictions(head, job.sequences, batch)


def _to_memory(job: Job, pool: str | None, checked: Mapping[str, Any]) -> Activations | Features:
    import json

    pooling = None if pool is None else str(parse_pooling(pool))
    pooled = pooling not in (None, "none")
    if pooled:
        _require_tokens(job)
    rows = len(job.examples) if pooled else len(job.kept)
    check_memory(rows * job.row_bytes, job.what)
    sink, statistics = MemorySink(rows, pooled=pooled), MemorySink(len(job.kept), pooled=False)
    for batch, predictions in run_job(job, pool=pooling if pooled else None):
        sink.take(batch)
        statistics.write(batch.rows, predictions)
    fingerprint = {**job.fingerprint, "self_check": json.dumps(checked, sort_keys=True)}
    if not pooled:
        made = Activations(sink.values, job.kept, job.examples, fingerprint, predictions=statistics.values)
        return made if pooling is None else made.pool(pooling)
    features: Any = Features(sink.values, job.examples, fingerprint, str(pooling))
    if job.predictions:
        features.predictions = mean_predictions(statistics.values, job.kept.offsets, job.examples.ids)
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


def _versions(backend: str) -> str:
    names = ["torch", "transformers", *(["transformer-lens"] if backend == "bridge" else [])]
    found = []
    for name in names:
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            found.append(f"{name} unknown")
    return ", ".join(found)
