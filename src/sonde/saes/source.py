"""Where training rows come from: stores, activations in memory, or a capture that is running."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from itertools import islice

import numpy as np
import torch
from torch import Tensor

from sonde.activations import Activations, ActivationStore, RowSource, mix_blocks, stream_rows
from sonde.activations.rows import gather
from sonde.base.errors import InputError, unknown_name
from sonde.base.seeds import derive_seed, generator
from sonde.saes.parallel import Peers

#: Rows of the largest piece that is read at once and given to one process.
PIECE = 16_384
#: Rows of the shuffle buffer.
BUFFER = 65_536


class Source(ABC):
    """Rows of one site, as often as asked.

    Attributes:
        site: the site's name.
        d_in: its width.
        rows: rows of one pass, over all processes.
        fingerprint: what the rows depend on.
    """

    site: str
    d_in: int
    rows: int
    fingerprint: dict[str, str]

    @abstractmethod
    def per_pass(self, batch: int, peers: Peers) -> int:
        """Return how many batches of `batch` rows, over all processes, one pass gives; at least one."""

    @abstractmethod
    def batches(self, batch: int, seed: int, epoch: int, peers: Peers) -> Iterator[Tensor]:
        """Yield this process's share, `[batch / world, d_in]`, of each batch of one pass, shuffled."""


class StoredRows(RowSource):
    """The rows of one site of several sources, cut into pieces: what one of several processes reads.

    Args:
        parts: sources, each with the rows of it to take (None = all).
        site: the site.
        peers: every `world`-th piece is this process's.
    """

    def __init__(self, parts: Sequence[tuple[RowSource, np.ndarray | None]], site: str, peers: Peers) -> None:
        pieces = [piece for source, rows in parts for piece in _pieces(source, rows)]
        self._pieces = pieces[peers.rank :: peers.world]
        self._widths = {site: parts[0][0].width(site)}
        self._dtype = parts[0][0].dtype(site)
        self.sites = (site,)
        self.bounds = np.concatenate([[0], np.cumsum([len(rows) for _, rows in self._pieces])]).astype(np.int64)

    def width(self, site: str) -> int:
        """Return `d` of `site`."""
        return self._widths[site]

    def dtype(self, site: str) -> torch.dtype:
        """Return the type of the first source's values."""
        return self._dtype

    def read(self, site: str, unit: int, start: int, stop: int) -> Tensor:
        """Return the rows `start:stop`, all of them of piece `unit`."""
        source, rows = self._pieces[unit]
        first = int(self.bounds[unit])
        wanted = rows[start - first : stop - first]
        if isinstance(wanted, range):
            return source.read(site, int(source.unit_of(np.array([wanted.start]))[0]), wanted.start, wanted.stop)
        return gather(source, site, wanted)


def _pieces(source: RowSource, rows: np.ndarray | None) -> Iterator[tuple[RowSource, range | np.ndarray]]:
    if rows is not None:
        ordered = np.sort(rows)
        yield from ((source, ordered[i : i + PIECE]) for i in range(0, len(ordered), PIECE))
        return
    for begin, end in zip(source.bounds[:-1], source.bounds[1:], strict=True):
        yield from ((source, range(i, min(i + PIECE, int(end)))) for i in range(int(begin), int(end), PIECE))


class StoredSource(Source):
    """Rows of stores or activations.

    Args:
        parts: stores or activations that have the site.
        site: its name.

    Raises:
        InputError: a part lacks the site, or widths differ.
    """

    def __init__(self, parts: Sequence[ActivationStore | Activations], site: str) -> None:
        if not parts:
            raise InputError("No store was given to train an SAE on: pass at least one.")
        self.site = site
        self._parts: list[tuple[RowSource, np.ndarray | None]] = []
        for part in parts:
            if site not in part.sites:
                where = f"the store {part.folder}" if isinstance(part, ActivationStore) else "these activations"
                raise unknown_name("site", site, where, part.sites)
            self._parts.append((part.source, part.stored_rows if isinstance(part, Activations) else None))
        widths = {source.width(site) for source, _ in self._parts}
        if len(widths) > 1:
            raise InputError(
                f"Site {site!r} has widths {sorted(widths)} in the stores given: pass stores of one model."
            )
        models = {part.fingerprint.get("model_fingerprint", "") for part in parts}
        if len(models) > 1:
            raise InputError(f"The stores come from {len(models)} different models: pass stores of one model.")
        self.d_in = widths.pop()
        self.rows = sum(source.rows if rows is None else len(rows) for source, rows in self._parts)
        self.fingerprint = {
            **parts[0].fingerprint,
            "data_sha256": "+".join(part.fingerprint.get("data_sha256", "") for part in parts),
        }

    def per_pass(self, batch: int, peers: Peers) -> int:
        """Return how many batches the process with the fewest rows can share in."""
        shards = (StoredRows(self._parts, self.site, Peers(rank, peers.world)) for rank in range(peers.world))
        count = min(shard.rows for shard in shards) // (batch // peers.world)
        if count == 0:
            raise InputError(
                f"The {self.rows:,} rows at {self.site!r} lie in too few units for {peers.world} processes to share: "
                "start fewer, or capture more text."
            )
        return count

    def batches(self, batch: int, seed: int, epoch: int, peers: Peers) -> Iterator[Tensor]:
        """Yield this process's share of the batches of one pass."""
        mine, own = StoredRows(self._parts, self.site, peers), batch // peers.world
        order = derive_seed(seed, "sae", "epoch", epoch)
        flow = stream_rows(mine, self.site, own, order, max(BUFFER, 2 * own), drop_last=True)
        return islice(flow, self.per_pass(batch, peers))


class CapturedSource(Source):
    """Rows of a capture that runs while it is trained on: no store, one forward pass a pass over the data.

    Args:
        site: the site's name.
        d_in: its width.
        rows: rows of one pass.
        blocks: starts pass number `epoch` and yields its `[r, d_in]` blocks, the same whenever it is asked again.
        fingerprint: what the rows depend on.
    """

    def __init__(
        self,
        site: str,
        d_in: int,
        rows: int,
        blocks: Callable[[int], Iterator[Tensor]],
        fingerprint: Mapping[str, str],
    ) -> None:
        self.site, self.d_in, self.rows, self._blocks = site, d_in, rows, blocks
        self.fingerprint = dict(fingerprint)

    def per_pass(self, batch: int, peers: Peers) -> int:
        """Return how many whole batches there are."""
        return self.rows // batch

    def batches(self, batch: int, seed: int, epoch: int, peers: Peers) -> Iterator[Tensor]:
        """Yield the batches of one pass; several processes are not served."""
        if peers.world > 1:
            raise InputError(
                f"{peers.world} processes were asked to train from one running capture: write a store first with "
                "`sonde capture`, and train from it."
            )
        size = min(max(BUFFER, 2 * batch), self.rows)
        random = generator(seed, "sae", "mix", epoch)
        largest = max(1, size - batch) if size < self.rows else size
        parts = (part for block in self._blocks(epoch) for part in block.split(largest))
        return mix_blocks(((len(p), partial(_itself, p)) for p in parts), size, batch, random, drop_last=True)


def _itself(block: Tensor) -> Tensor:
    return block


def as_source(data: object, site: str) -> Source:
    """Return `data` as a source: a source itself, a store, activations, a store's folder, or a list of these.

    Raises:
        InputError: it is none of these, or lacks the site.
    """
    from pathlib import Path

    from sonde.activations import open_store

    if isinstance(data, Source):
        return data
    parts = list(data) if isinstance(data, (list, tuple)) else [data]
    opened: list[ActivationStore | Activations] = []
    for part in parts:
        part = open_store(part) if isinstance(part, (str, Path)) else part
        if not isinstance(part, (ActivationStore, Activations)):
            raise InputError(
                f"An SAE was to be trained on a {type(part).__name__}, expected an activation store, its folder, "
                "Activations, or a list of these: make one with sonde.capture(model, data, sites=…, store=FOLDER)."
            )
        opened.append(part)
    return StoredSource(opened, site or _only_site(opened[0].sites) if opened else site)


def _only_site(sites: Sequence[str]) -> str:
    if len(sites) != 1:
        raise InputError(f"The store has {len(sites)} sites ({', '.join(sites[:4])}, …): name the one to train on.")
    return sites[0]
