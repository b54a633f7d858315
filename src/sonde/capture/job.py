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


def _versions(backend: str) -> str:
    names = ["torch", "transformers", *(["transformer-lens"] if backend == "bridge" else [])]
    found = []
    for name in names:
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            found.append(f"{name} unknown")
    return ", ".join(found)
