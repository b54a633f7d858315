"""Where rows come from: tensors in memory, or units on disk that are read when asked for.

Axis letters: `t` rows as stored, `r` rows asked for, `d` width, `u` units (consecutive runs of stored rows).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from sonde.activations.pooling import Pooling, pool_rows
from sonde.base.errors import InputError
from sonde.base.tables import offsets_of, rows_of

#: Rows pooled at a time, unless one example has more.
POOL_ROWS = 16_384


class RowSource(ABC):
    """Rows `[t, d]` on named sites, stored in `u` units; reading one unit never touches another.

    Attributes:
        sites: the names of the sites.
        bounds: `[u + 1]` unit `i` holds the rows `bounds[i]:bounds[i + 1]`.
    """

    sites: tuple[str, ...]
    bounds: np.ndarray

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return int(self.bounds[-1])

    @abstractmethod
    def width(self, site: str) -> int:
        """Return `d` of `site`."""

    @abstractmethod
    def dtype(self, site: str) -> torch.dtype:
        """Return the type of the values of `site`."""

    @abstractmethod
    def read(self, site: str, unit: int, start: int, stop: int) -> Tensor:
        """Return the rows `start:stop`, all of them of `unit`."""

    def unit_of(self, rows: np.ndarray) -> np.ndarray:
        """Return the unit that each of `rows` is stored in."""
        return np.searchsorted(self.bounds, rows, side="right") - 1


class MemoryRows(RowSource):
    """Tensors in memory: one unit.

    Raises:
        InputError: no site, a tensor that is not `[t, d]` of floats, or sites that disagree on `t`.
    """

    def __init__(self, values: Mapping[str, Tensor]) -> None:
        if not values:
            raise InputError("Activations without a site: expected a mapping of site names to [rows, d] tensors.")
        counts = {}
        for site, tensor in values.items():
            if tensor.ndim != 2 or not tensor.is_floating_point():
                raise InputError(
                    f"Site {site!r} holds a {tensor.dtype} tensor of shape {tuple(tensor.shape)}, "
                    "expected floats of shape [rows, d]: flatten further axes into d."
                )
            counts[site] = len(tensor)
        if len(set(counts.values())) > 1:
            raise InputError(f"Sites disagree on the number of rows ({counts}): pass the same tokens for every site.")
        self._values = dict(values)
        self.sites = tuple(values)
        self.bounds = np.array([0, next(iter(counts.values()))])

    def width(self, site: str) -> int:
        """Return `d` of `site`."""
        return self._values[site].shape[1]

    def dtype(self, site: str) -> torch.dtype:
        """Return the type of the values of `site`."""
        return self._values[site].dtype

    def read(self, site: str, unit: int, start: int, stop: int) -> Tensor:
        """Return a view of the rows `start:stop`."""
        return self._values[site][start:stop]


def as_index(index: Sequence[int] | np.ndarray, n: int, what: str) -> np.ndarray:
    """Return integers (negative ones count from the end), or one boolean for each of `n`, as numbers from 0.

    Raises:
        InputError: a mask of another length, or a number out of range.
    """
    found = np.asarray(index)
    if found.dtype == bool:
        if found.shape != (n,):
            raise InputError(f"The mask has shape {found.shape}, expected ({n},): one boolean for each {what}.")
        return np.flatnonzero(found)
    if found.size and found.dtype.kind not in "iu":
        raise InputError(f"The index is of {found.dtype}, expected integers or booleans: one for each {what} wanted.")
    found = found.astype(np.int64)
    wrong = found[(found < -n) | (found >= n)]
    if len(wrong):
        raise InputError(f"No {what} {wrong[0]}: there are {n}, numbered from 0.")
    return np.where(found < 0, found + n, found)


def gather(source: RowSource, site: str, rows: np.ndarray | None) -> Float[Tensor, "r d"]:
    """Return `[r, d]` the rows `rows` of `site` in that order (None = all), reading one unit at a time."""
    units = len(source.bounds) - 1
    if rows is None:
        if units == 1:
            return source.read(site, 0, 0, source.rows)
        rows = np.arange(source.rows)
    order = np.argsort(rows, kind="stable")
    cuts = np.searchsorted(rows[order], source.bounds)
    out: Tensor | None = None
    for unit in np.flatnonzero(np.diff(cuts)):
        places = order[cuts[unit] : cuts[unit + 1]]
        wanted = rows[places]
        start = int(wanted[0])
        block = source.read(site, int(unit), start, int(wanted[-1]) + 1)
        taken = block[torch.from_numpy(wanted - start).to(block.device)]
        if out is None:
            out = taken.new_empty(len(rows), source.width(site))
        out[torch.from_numpy(places).to(out.device)] = taken
    return torch.empty(0, source.width(site), dtype=source.dtype(site)) if out is None else out


def pool_source(
    source: RowSource, site: str, rows: np.ndarray | None, offsets: np.ndarray, how: Pooling
) -> Float[Tensor, "n d"]:
    """Return `[n, d]`: the rows of each example pooled, holding few examples of one unit at a time.

    Args:
        source: where the rows are stored.
        site: which site.
        rows: `[r]` stored row of each token (None = all in order).
        offsets: `[n + 1]` example `i` is `rows[offsets[i]:offsets[i + 1]]`, never empty.
        how: any pooling but `none`.
    """
    out: Tensor | None = None
    for examples in _batches(source, rows, offsets):
        tokens = rows_of(offsets, examples)
        block = gather(source, site, tokens if rows is None else rows[tokens])
        pooled = pool_rows(block, offsets_of(np.diff(offsets)[examples]), how)
        if out is None:
            out = pooled.new_empty(len(offsets) - 1, pooled.shape[1])
        out[torch.from_numpy(examples).to(out.device)] = pooled
    return torch.empty(0, source.width(site)) if out is None else out


def _batches(source: RowSource, rows: np.ndarray | None, offsets: np.ndarray) -> Iterator[np.ndarray]:
    """Yield groups of examples that are stored in one unit and have about `POOL_ROWS` rows together."""
    counts = np.diff(offsets)
    if len(counts) == 0:
        return
    first = offsets[:-1] if rows is None else rows[offsets[:-1]]
    unit = source.unit_of(first)
    order = np.argsort(unit, kind="stable")
    batch: list[int] = []
    held = 0
    for example in order:
        if batch and (unit[example] != unit[batch[-1]] or held + counts[example] > POOL_ROWS):
            yield np.array(batch)
            batch, held = [], 0
        batch.append(example)
        held += counts[example]
    yield np.array(batch)
