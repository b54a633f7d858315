"""Activations: ragged rows on named sites, with the tables that say what each row is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from sonde.activations.features import Features, LazyValues
from sonde.activations.pooling import Pooling, parse_pooling
from sonde.activations.rows import MemoryRows, RowSource, as_index, gather, pool_source
from sonde.activations.selection import as_selector, both, token_mask
from sonde.activations.stream import stream_rows
from sonde.base.devices import dtype_name
from sonde.base.display import Displayed
from sonde.base.errors import InputError, unknown_name
from sonde.base.tables import ROLES, SEGMENTS, ExampleTable, TokenTable, rows_of


class Activations(Displayed):
    """A `[rows, d]` tensor on each site, one row a kept token, examples one after the other and no padding.

    Selecting tokens or examples copies no values: it keeps row numbers, and `acts[site]` gathers the rows when asked
    (each time: hold on to the tensor if you need it twice).

    Args:
        values: per site `[rows, d]` floats, or a `RowSource` such as a store's.
        tokens: one row a token, in the order of the rows.
        examples: one row an example, in the order of `tokens`.
        fingerprint: what the values depend on, as strings. Known keys: `model` (its name), `model_fingerprint`,
            `tokens` (the selector, in its string form) and `data_sha256` (of the dataset captured).
        predictions: per name `[rows]`: `log_probability` and `entropy` of each token, in nats, where captured.
        rows: `[rows]` the row of `values` behind each token; None = all of them in order.

    Raises:
        InputError: the sizes disagree.

    Example:
        >>> acts = Activations.of_rows({"blocks.0.hook_resid_post": torch.arange(10.0).reshape(5, 2)}, [0, 2, 5])
        >>> acts["blocks.0.hook_resid_post"].shape, acts.examples.ids
        (torch.Size([5, 2]), ('0', '1'))
        >>> acts.pool("last")["blocks.0.hook_resid_post"].tolist()
        [[2.0, 3.0], [8.0, 9.0]]
    """

    def __init__(
        self,
        values: Mapping[str, Tensor] | RowSource,
        tokens: TokenTable,
        examples: ExampleTable,
        fingerprint: Mapping[str, str] | None = None,
        predictions: Mapping[str, Tensor] | None = None,
        rows: np.ndarray | None = None,
    ) -> None:
        self.source = values if isinstance(values, RowSource) else MemoryRows(values)
        self.tokens = tokens
        self.examples = examples
        self.fingerprint = dict(fingerprint or {})
        self.predictions = dict(predictions or {})
        self._rows = rows
        self._check()

    def _check(self) -> None:
        held = self.source.rows if self._rows is None else len(self._rows)
        if held != len(self.tokens):
            raise InputError(f"Activations hold {held} rows for {len(self.tokens)} tokens: expected one row a token.")
        if self.tokens.n_examples != len(self.examples):
            raise InputError(
                f"The token table has {self.tokens.n_examples} examples and the example table {len(self.examples)}: "
                "expected the same examples in the same order."
            )
        for name, values in self.predictions.items():
            if tuple(values.shape) != (held,):
                raise InputError(
                    f"Prediction {name!r} has shape {tuple(values.shape)}, expected ({held},): one number a token."
                )

    @staticmethod
    def of_rows(
        values: Mapping[str, Tensor],
        offsets: Sequence[int] | np.ndarray,
        examples: ExampleTable | None = None,
        fingerprint: Mapping[str, str] | None = None,
    ) -> Activations:
        """Wrap rows made elsewhere, of whose tokens nothing is known but their order.

        Args:
            values: per site `[rows, d]`.
            offsets: `[n + 1]` rows of example `i` are `offsets[i]:offsets[i + 1]`.
            examples: one row an example; None = unlabelled, named by their number.
            fingerprint: see the class.
        """
        return Activations(values, bare_tokens(offsets), examples or bare_examples(len(offsets) - 1), fingerprint)

    @property
    def sites(self) -> tuple[str, ...]:
        """The names of the sites."""
        return self.source.sites

    @property
    def offsets(self) -> np.ndarray:
        """`[n + 1]` rows of example `i` are `offsets[i]:offsets[i + 1]`."""
        return self.tokens.offsets

    @property
    def stored_rows(self) -> np.ndarray | None:
        """`[rows]` the row of `source` behind each token; None = all of them in order."""
        return self._rows

    def __len__(self) -> int:
        return len(self.examples)

    def __iter__(self) -> Iterator[str]:
        raise InputError("Activations are not iterable: go over acts.sites, or over acts.examples.ids.")

    def __getitem__(self, site: str) -> Float[Tensor, "rows d"]:
        """Return `[rows, d]`, the values of `site`, in the dtype and on the device they were kept."""
        return gather(self.source, self._known(site), self._rows)

    def _known(self, site: str) -> str:
        if site not in self.sites:
            raise unknown_name("site", site, "these activations", self.sites)
        return site

    def select(self, selector: object = None) -> Activations:
        """Keep the tokens that `selector` takes; every example stays, possibly without tokens.

        Args:
            selector: an object with `.mask(TokenTable)`, or its string form; None keeps every token.

        Raises:
            InputError: the string is no selector.
        """
        if selector is None:
            return self
        parsed = as_selector(selector)
        mask = token_mask(parsed, self.tokens)
        said = both(self.fingerprint.get("tokens", ""), str(parsed))
        return self._taking(
            np.flatnonzero(mask), self.tokens.keep(mask), self.examples, {**self.fingerprint, "tokens": said}
        )

    def take_examples(self, index: Sequence[int] | np.ndarray) -> Activations:
        """Return the examples `index` (integers, or one boolean an example), in that order, repeats allowed."""
        index = as_index(index, len(self), "example")
        kept = rows_of(self.offsets, index)
        return self._taking(kept, self.tokens.take_examples(index), self.examples.take(index), self.fingerprint)

    def _taking(
        self, kept: np.ndarray, tokens: TokenTable, examples: ExampleTable, fingerprint: Mapping[str, str]
    ) -> Activations:
        rows = kept if self._rows is None else self._rows[kept]
        predictions = {k: v[torch.from_numpy(kept).to(v.device)] for k, v in self.predictions.items()}
        return Activations(self.source, tokens, examples, fingerprint, predictions, rows)

    def pool(self, how: str | Pooling = "mean") -> Features:
        """Pool each example's tokens into one row; a site is pooled when it is first asked for, and then kept.

        Args:
            how: `mean`, `last`, `first`, `max`, `ema(0.5)`, `rolling_max(k)`; or `none`: one row a token, with the
                example's label, group and tags repeated. Half types come out as float32, except with `none`.

        Raises:
            InputError: an example has no token, or no such pooling.
        """
        pooling = parse_pooling(how)
        if pooling.name == "none":
            values = LazyValues(self.sites, self.__getitem__)
            return Features(values, self.examples, self.fingerprint, str(pooling), example=self.tokens.example)
        empty = np.flatnonzero(np.diff(self.offsets) == 0)
        if len(empty):
            more = f" (and {len(empty) - 1} more)" if len(empty) > 1 else ""
            said = self.fingerprint.get("tokens", "all")
            raise InputError(
                f"Example {self.examples.ids[empty[0]]!r}{more} has no token to pool: the selector {said!r} "
                "takes none of its tokens; widen it, or leave the example out."
            )
        pooled = LazyValues(self.sites, lambda s: pool_source(self.source, s, self._rows, self.offsets, pooling))
        return Features(pooled, self.examples, self.fingerprint, str(pooling))

    def stream(
        self, site: str, batch: int, seed: int = 0, buffer_rows: int = 65_536, *, drop_last: bool = False
    ) -> Iterator[Tensor]:
        """Yield the rows of `site` in shuffled batches `[b, d]`, each row once; see `stream_rows`."""
        return stream_rows(
            self.source, self._known(site), batch, seed, buffer_rows, drop_last=drop_last, rows=self._rows
        )

    def memory(self, site: str) -> int:
        """Return how many bytes the rows of `site` take, in memory or on disk."""
        return len(self.tokens) * self.source.width(site) * self.source.dtype(site).itemsize

    def __repr__(self) -> str:
        total = readable_bytes(sum(self.memory(site) for site in self.sites))
        head = f"Activations: {len(self)} examples, {len(self.tokens)} tokens, {len(self.sites)} sites, {total}"
        lines = [
            f"  {site}  [{len(self.tokens)}, {self.source.width(site)}]  {dtype_name(self.source.dtype(site))}"
            for site in self.sites
        ]
        if len(lines) > 8:
            lines = [*lines[:4], f"  … {len(lines) - 8} more", *lines[-4:]]
        if self.predictions:
            lines.append(f"  predictions: {', '.join(self.predictions)}")
        facts = [f"{key} {value}" for key, value in self.fingerprint.items() if key in ("model", "tokens") and value]
        return "\n".join([head, *lines, *([f"  from {', '.join(facts)}"] if facts else [])])


def bare_tokens(offsets: Sequence[int] | np.ndarray) -> TokenTable:
    """Return the token table of plain text of which nothing is known but how many tokens each example has."""
    bounds = np.asarray(offsets, dtype=np.int64)
    if len(bounds) == 0 or bounds[0] != 0 or (np.diff(bounds) < 0).any():
        raise InputError(f"The offsets {bounds[:5].tolist()}… do not rise from 0: expected where each example begins.")
    t, counts = int(bounds[-1]), np.diff(bounds)
    zero, false = np.zeros(t, dtype=np.int64), np.zeros(t, dtype=bool)
    position = np.arange(t) - np.repeat(bounds[:-1], counts)
    text = np.full(t, ROLES.index("text")), np.full(t, SEGMENTS.index("text"))
    return TokenTable(
        zero, position, text[0], zero, text[1], false, false, zero, zero, bounds, counts, ("",) * len(counts)
    )


def bare_examples(n: int) -> ExampleTable:
    """Return `n` unlabelled examples, named by their number."""
    return ExampleTable(ids=tuple(map(str, range(n))))


def readable_bytes(count: int) -> str:
    """Return a size to read, in decimal units.

    Example:
        >>> readable_bytes(1_500_000)
        '1.5 MB'
    """
    size = float(count)
    for unit in ("B", "kB", "MB", "GB"):
        if size < 1000:
            return f"{size:.3g} {unit}"
        size /= 1000
    return f"{size:.3g} TB"
