"""What consumes the capture stream: memory (token rows or pooled), or a store on disk."""

from __future__ import annotations

import logging
import os
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
import torch

from sonde.base.errors import InputError
from sonde.capture.engine import CaptureBatch

log = logging.getLogger("sonde.capture")

LARGE_BYTES = 10**9

Predictions = dict[str, torch.Tensor]


class MemorySink:
    """Keeps what the stream yields in one tensor a site, written in place: nothing is held twice.

    Args:
        rows: rows of the result: kept tokens, or examples when the stream is pooled.
        pooled: whether the stream's values are one row an example.
    """

    def __init__(self, rows: int, *, pooled: bool):
        self.rows = rows
        self.pooled = pooled
        self.values: dict[str, torch.Tensor] = {}

    def write(self, index: np.ndarray, values: Mapping[str, torch.Tensor]) -> None:
        """Put `values` (`[r]` or `[r, d]`) at the rows `index`."""
        where = torch.from_numpy(index)
        for name, value in values.items():
            if name not in self.values:
                self.values[name] = torch.empty((self.rows, *value.shape[1:]), dtype=value.dtype)
            self.values[name][where] = value

    def take(self, batch: CaptureBatch) -> None:
        """Keep one batch of the stream."""
        self.write(batch.examples if self.pooled else batch.rows, batch.values)


def join_unit(
    parts: Iterable[tuple[CaptureBatch, Predictions]], extra: np.ndarray
) -> tuple[np.ndarray, np.ndarray, dict[str, torch.Tensor], Predictions]:
    """Join the batches of one unit.

    Args:
        parts: batches and their predictions, in the order of the plan.
        extra: examples without any kept token, which stand at the end.

    Returns:
        examples `[n]`, rows `[t]` of the kept-token table, per site `[t, d]`, per prediction `[t]`.
    """
    batches, predictions = zip(*parts, strict=True)
    examples = np.concatenate([*(b.examples for b in batches), extra])
    rows = np.concatenate([b.rows for b in batches])
    values = {site: torch.cat([b.values[site] for b in batches]) for site in batches[0].values}
    return examples, rows, values, {k: torch.cat([p[k] for p in predictions]) for k in predictions[0]}


def mean_predictions(
    predictions: Predictions, offsets: np.ndarray, names: tuple[str, ...] | None = None
) -> Predictions:
    """Return the mean of each statistic over each example's predicted tokens, `[n]`.

    Args:
        predictions: per statistic `[t]`, and `predicted`, 1 where the token has one.
        offsets: `[n + 1]` the rows of each example.
        names: the examples' names, where each must have a predicted token; None = one without any gets NaN.

    Raises:
        InputError: an example has no predicted token among those kept.
    """
    owner = torch.from_numpy(np.repeat(np.arange(len(offsets) - 1), np.diff(offsets)))
    n = torch.zeros(len(offsets) - 1).index_add_(0, owner, predictions["predicted"])
    if names is not None and bool((n == 0).any()):
        name = names[int((n == 0).nonzero()[0, 0])]
        raise InputError(
            f"Example {name!r} has no predicted token among those kept (the first token of a text is given, not "
            "predicted): widen the token selector, or capture without predictions=True."
        )
    sums = {k: torch.zeros(len(n)).index_add_(0, owner, predictions[k]) for k in ("log_probability", "entropy")}
    return {k: v / n for k, v in sums.items()} | {"predicted": n}


def check_memory(size: int, what: str) -> None:
    """Log a large result before it is made, and refuse one that cannot fit into this machine's memory.

    Raises:
        InputError: `size` bytes are more than are free.
    """
    if size > LARGE_BYTES:
        log.info("The activations of %s will take %s in memory.", what, readable(size))
    free = _available_memory()
    if free is not None and size > 0.9 * free:
        raise InputError(
            f"The activations of {what} would take {readable(size)} and this machine has {readable(free)} of memory "
            "free: pass store=FOLDER to write them to disk, pool them, or name fewer sites or tokens."
        )


def check_disk(size: int, folder: Path, what: str) -> None:
    """Log a large result before it is made, and refuse one for which the disk has no room.

    Raises:
        InputError: `size` bytes are more than are free where `folder` is or will be.
    """
    if size > LARGE_BYTES:
        log.info("The activations of %s will take %s on disk, in %s.", what, readable(size), folder)
    existing = next(p for p in [folder.absolute(), *folder.absolute().parents] if p.exists())
    free = shutil.disk_usage(existing).free
    if size > 0.98 * free:
        raise InputError(
            f"The activations of {what} would take {readable(size)} and the disk of {folder} has {readable(free)} "
            "free: choose another folder, or name fewer sites or tokens."
        )


def readable(size: int) -> str:
    """Return bytes in the unit a reader expects.

    Example:
        >>> readable(2_500_000_000)
        '2.5 GB'
    """
    for unit, scale in (("TB", 1e12), ("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if size >= scale:
            return f"{size / scale:.1f} {unit}"
    return f"{size} B"


def _available_memory() -> int | None:
    try:
        with open("/proc/meminfo") as file:
            for line in file:
                if line.startswith("MemAvailable:"):
                    return int(line.split()[1]) * 1024
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, AttributeError):
        return None
