"""Closed-form probes straight from a capture: each batch is added up and let go, so that no rows are kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from sonde.activations import Origin, parse_pooling
from sonde.base.errors import InputError
from sonde.capture import CaptureBatch, Job, Model, plan_capture, run_job
from sonde.probes import ClassSums


class SumsSink:
    """Consumes a capture stream: per site the sums of its rows, by the label of their example.

    Attributes:
        sums: per site what has come so far.
    """

    def __init__(self, job: Job, labels: np.ndarray, pooling: str) -> None:
        self.job, self.labels, self.pooling = job, labels, pooling
        self.owner = job.kept.example
        self.sums: dict[str, ClassSums] = {}

    def take(self, batch: CaptureBatch) -> None:
        """Add one batch."""
        y = self.labels[self.owner[batch.rows] if self.pooling == "none" else batch.examples]
        for site, X in batch.values.items():
            if site in self.sums:
                self.sums[site] = self.sums[site].update(X, y)
            else:
                self.sums[site] = replace(ClassSums.of(X, y), origin=self._origin(site))

    def _origin(self, site: str) -> Origin:
        known, examples = self.job.fingerprint, self.job.examples
        return Origin(
            model=known.get("model", ""),
            fingerprint=known.get("model_fingerprint", ""),
            site=site,
            tokens=known.get("tokens", ""),
            pooling=self.pooling,
            data_sha256=known.get("data_sha256", ""),
            positive=examples.positive,
            negative=examples.negative,
        )


def capture_sums(
    model: Model,
    data: Any,
    *,
    sites: str | Sequence[str],
    tokens: Any = "all",
    pool: str = "mean",
    max_tokens: int | None = None,
    truncation: str = "error",
    token_budget: int | None = None,
) -> dict[str, ClassSums]:
    """Run a model over labelled dialogues and return, per site, what `RidgeProbe.from_sums` and its kin need.

    One pass serves every closed form at every strength; memory is `2·d²` numbers a site, whatever the data's size.

    Args:
        model, data, sites, tokens, max_tokens, truncation, token_budget: as of `capture`.
        pool: how an example's tokens become one row; `none` = every token is a row.

    Raises:
        InputError: as of `capture`; no labels; an example without tokens to pool.
        SondeError: the self-check failed.

    Example:
        >>> import sonde
        >>> model = sonde.load_model("cretan")
        >>> data = sonde.load_dataset("cretan:instructed-lies", n=40)
        >>> sums = sonde.capture_sums(model, data, sites="blocks.2.hook_resid_post")
        >>> sonde.RidgeProbe.from_sums(sums["blocks.2.hook_resid_post"], l2=10.0).n_rows_
        40
    """
    pooling = str(parse_pooling(pool))
    job = plan_capture(
        model,
        data,
        sites=sites,
        tokens=tokens,
        predictions=False,
        max_tokens=max_tokens,
        truncation=truncation,
        token_budget=token_budget,
    )
    labels = job.examples.labels
    if labels is None:
        raise InputError(f"{job.what} has no labels, and sums are kept by label: load the data with its label column.")
    empty = np.flatnonzero(np.diff(job.kept.offsets) == 0)
    if len(empty) and pooling != "none":
        raise InputError(
            f"Example {job.examples.ids[empty[0]]!r} of {job.what} has no token to pool: widen the selector."
        )
    model.self_check(job.sites, job.sequences.ids)
    sink = SumsSink(job, labels, pooling)
    for batch, _ in run_job(job, pool=None if pooling == "none" else pooling):
        sink.take(batch)
    return sink.sums
