"""A planned capture: what is run, what is kept, and the stream that every sink consumes."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np

from sonde.activations import pool_rows
from sonde.base.devices import dtype_name
from sonde.base.errors import InputError
from sonde.base.progress import progress_bar
from sonde.base.tables import ExampleTable, TokenTable
from sonde.capture.engine import CaptureBatch, Sequences, stream
from sonde.capture.head import batch_predictions, hidden_places
from sonde.capture.inputs import as_dataset
from sonde.capture.model import Model
from sonde.capture.plan import Batch, default_token_budget, plan_batches
from sonde.capture.sinks import Predictions
from sonde.text.readers import check_one_reader
from sonde.tokens import All, Selector, parse_selector


@dataclass(frozen=True)
class Job:
    """Everything a capture needs to know before it runs.

    Attributes:
        model, sites: what is read.
        sequences: what is run and kept.
        kept: `[t]` table of the tokens kept.
        examples: `[n]` table of the dialogues.
        predicted: the tokens whose next-token statistics are wanted, in the same order of examples; None = of none.
        batches: the plan.
        fingerprint: what the values depend on.
        what: the data's name, for messages.
    """

    model: Model
    sites: tuple[str, ...]
    sequences: Sequences
    kept: TokenTable
    examples: ExampleTable
    predicted: Sequences | None
    batches: Sequence[Batch]
    fingerprint: dict[str, str]
    what: str

    @property
    def row_bytes(self) -> int:
        """Bytes of one row over all sites."""
        return sum(map(self.model.width, self.sites)) * self.model.dtype.itemsize


def plan_capture(
    model: Model,
    data: Any,
    *,
    sites: str | Sequence[str],
    tokens: str | Selector,
    predictions: bool | str | Selector,
    max_tokens: int | None,
    truncation: str,
    token_budget: int | None,
) -> Job:
    """Tokenize, select and plan; runs nothing. See `capture` for the arguments."""
    dataset = as_dataset(data)
    check_one_reader(dataset)
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
    ids = [encoded.ids(i) for i in range(len(dataset))]
    sequences = _sequences(ids, kept, examples)
    wanted = parse_selector(predictions) if isinstance(predictions, str) else predictions
    predicted: Sequences | None
    if isinstance(wanted, Selector):
        predicted = _sequences(ids, encoded.table.keep(wanted.mask(encoded.table)), examples)
    else:
        predicted = sequences if wanted else None
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
        "predictions": str(wanted).lower() if isinstance(wanted, bool) else str(wanted),
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
        predicted=predicted,
        batches=plan_batches(_needed(sequences, predicted), budget),
        fingerprint=fingerprint,
        what=dataset.name,
    )


def run_job(
    job: Job, batches: Sequence[Batch] | None = None, pool: str | None = None
) -> Generator[tuple[CaptureBatch, Predictions], None, None]:
    """Yield each batch of a planned capture with its next-token statistics, one a token of `job.predicted`.

    This is the stream that every sink consumes; a sink of your own may too.
    """
    batches = job.batches if batches is None else batches
    taps = {site: job.model.tap(site) for site in job.sites}
    predicted = job.predicted
    head = None if predicted is None else job.model.head()
    pooler = None if pool is None else lambda rows, offsets: pool_rows(rows, offsets, pool)
    total = int(sum(batch.lengths.sum() for batch in batches))
    with progress_bar(total, f"capture {job.what}", "tok") as bar:
        for batch in stream(
            job.model.adapter,
            taps,
            job.sequences,
            batches,
            pool=pooler,
            hidden_rows=None if predicted is None else hidden_places(predicted),
            done=bar.update,
        ):
            yield batch, {} if head is None or predicted is None else batch_predictions(head, predicted, batch)


def _sequences(ids: Sequence[np.ndarray], kept: TokenTable, examples: ExampleTable) -> Sequences:
    return Sequences(ids=ids, positions=kept.position.astype(np.int64), offsets=kept.offsets, names=examples.ids)


def _needed(sequences: Sequences, predicted: Sequences | None) -> np.ndarray:
    """Return `[n]` tokens to run: up to the last one kept, and to the one before the last predicted."""
    if predicted is None or predicted is sequences:
        return sequences.needed
    return np.maximum(sequences.needed, predicted.needed - 1)


def _versions(backend: str) -> str:
    names = ["torch", "transformers", *(["transformer-lens"] if backend == "bridge" else [])]
    found = []
    for name in names:
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            found.append(f"{name} unknown")
    return ", ".join(found)
