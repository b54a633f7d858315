"""Rows in shuffled batches, through a buffer of bounded size: what trains on more rows than fit in memory.

The buffer mixes as SAELens' `training/mixing_buffer.py` does, with one difference: a batch is drawn at random from the
whole buffer and its rows are replaced at once, so that no second copy of the buffer is ever held.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import numpy as np
import torch
from torch import Tensor

from sonde.activations.rows import RowSource, gather
from sonde.base.errors import InputError
from sonde.base.seeds import generator


def stream_rows(
    source: RowSource,
    site: str,
    batch: int,
    seed: int = 0,
    buffer_rows: int = 65_536,
    *,
    drop_last: bool = False,
    rows: np.ndarray | None = None,
) -> Iterator[Tensor]:
    """Return a generator of `[b, d]` batches of the rows of `site`, shuffled, every row exactly once.

    Pieces of the source are read in random order into a buffer, and batches are drawn at random from the buffer.
    However many rows there are, at most `buffer_rows` of them are held, besides the batch just yielded and, while it is
    copied in, a piece of a quarter of the buffer. The shuffle is uniform if everything fits in the buffer, and
    otherwise as good as the buffer is large. The same seed gives the same batches.

    Args:
        source: where the rows are stored.
        site: which site.
        batch: rows a batch; the last may be smaller.
        seed: of the order.
        buffer_rows: rows held at once, at least twice `batch`.
        drop_last: leave the smaller last batch out.
        rows: the rows to stream (None = all).

    Raises:
        InputError: a batch smaller than one row, or a buffer smaller than two batches.
    """
    if batch < 1 or buffer_rows < 2 * batch:
        raise InputError(
            f"Streaming batches of {batch} rows through a buffer of {buffer_rows}: "
            f"expected at least one row a batch, and a buffer of at least two batches."
        )
    return _stream(source, site, batch, seed, buffer_rows, drop_last, rows)


def _stream(
    source: RowSource, site: str, batch: int, seed: int, buffer_rows: int, drop_last: bool, rows: np.ndarray | None
) -> Iterator[Tensor]:
    random = generator(seed, "stream", site)
    wanted = None if rows is None else np.sort(rows)
    pieces = _pieces(source, wanted, max(1, buffer_rows // 4))
    size = min(buffer_rows, source.rows if wanted is None else len(wanted))

    def read(start: int, stop: int, unit: int) -> Tensor:
        return source.read(site, unit, start, stop) if wanted is None else gather(source, site, wanted[start:stop])

    order = (pieces[i] for i in random.permutation(len(pieces)))
    blocks = ((stop - start, partial(read, start, stop, unit)) for unit, start, stop in order)
    yield from mix_blocks(blocks, size, batch, random, drop_last=drop_last)


def mix_blocks(
    blocks: Iterator[tuple[int, Callable[[], Tensor]]],
    size: int,
    batch: int,
    random: np.random.Generator,
    *,
    drop_last: bool = False,
) -> Iterator[Tensor]:
    """Yield the rows of a stream of blocks in shuffled batches `[b, d]`, each row once.

    Args:
        blocks: each a number of rows and what reads them, `[r, d]`; it is called once there is room.
        size: rows of the buffer: all of them together, or at least `batch` more than the largest block.
        batch: rows a batch; the last may be smaller.
        random: of the draws.
        drop_last: leave the smaller last batch out.
    """
    buffer: Tensor | None = None
    filled = 0
    for rows, read in blocks:
        while filled + rows > size:
            assert buffer is not None
            yield _draw(buffer, filled, batch, random)
            filled -= batch
        block = read()
        if buffer is None:
            buffer = block.new_empty(size, block.shape[1])
        buffer[filled : filled + rows] = block
        filled += rows
        del block
    while buffer is not None and filled >= (batch if drop_last else 1):
        taken = min(batch, filled)
        yield _draw(buffer, filled, taken, random)
        filled -= taken


def _draw(buffer: Tensor, filled: int, batch: int, random: np.random.Generator) -> Tensor:
    """Take `batch` random rows out of the first `filled`, and close the gaps with rows from their end."""
    index = random.choice(filled, size=batch, replace=False)
    drawn = buffer[torch.from_numpy(index).to(buffer.device)]
    left = filled - batch
    gaps = np.sort(index[index < left])
    movers = np.setdiff1d(np.arange(left, filled), index, assume_unique=True)
    buffer[torch.from_numpy(gaps).to(buffer.device)] = buffer[torch.from_numpy(movers).to(buffer.device)]
    return drawn


def _pieces(source: RowSource, wanted: np.ndarray | None, size: int) -> list[tuple[int, int, int]]:
    """Cut the rows, unit by unit, into `(unit, start, stop)` of at most `size` rows.

    `start` and `stop` count stored rows, or with `wanted` (sorted) places in it.
    """
    bounds = source.bounds if wanted is None else np.searchsorted(wanted, source.bounds)
    return [
        (unit, start, min(start + size, int(bounds[unit + 1])))
        for unit in range(len(bounds) - 1)
        for start in range(int(bounds[unit]), int(bounds[unit + 1]), size)
    ]
