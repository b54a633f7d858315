"""The two side tables that travel with activations: one row a token, one row an example.

Axis letters: `n` examples, `t` tokens. Both tables are immutable; every method returns a new one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

#: Who wrote a token. `template` is what the chat template adds around messages; `text` is text without roles.
ROLES = ("template", "system", "user", "assistant", "tool", "text")
#: Which part of the dialogue a token stands in. `template` and `text` as in `ROLES`.
SEGMENTS = ("template", "prompt", "thinking", "response", "tool", "text")


@dataclass(frozen=True)
class TokenTable:
    """One row a token that is kept, examples in order (`offsets` marks where each begins).

    Attributes:
        token_id: `[t]` vocabulary index.
        position: `[t]` index in the example's full token sequence, 0 = first token (BOS included).
        role: `[t]` index into `ROLES`.
        message: `[t]` index of the message in its dialogue, -1 for template tokens.
        segment: `[t]` index into `SEGMENTS`.
        special: `[t]` True for the tokenizer's special tokens.
        target: `[t]` True for tokens overlapping the dialogue's target span.
        start, end: `[t]` character span in the example's rendered text; equal for tokens without text.
        offsets: `[n + 1]` rows of example `i` are `offsets[i]:offsets[i + 1]`.
        lengths: `[n]` tokens in the example's full sequence, whether kept here or not.
        texts: the `n` rendered texts.
    """

    token_id: np.ndarray
    position: np.ndarray
    role: np.ndarray
    message: np.ndarray
    segment: np.ndarray
    special: np.ndarray
    target: np.ndarray
    start: np.ndarray
    end: np.ndarray
    offsets: np.ndarray
    lengths: np.ndarray
    texts: tuple[str, ...]

    COLUMNS = ("token_id", "position", "role", "message", "segment", "special", "target", "start", "end")

    def __post_init__(self) -> None:
        rows = int(self.offsets[-1])
        for name in self.COLUMNS:
            if getattr(self, name).shape != (rows,):
                raise ValueError(f"TokenTable.{name} has shape {getattr(self, name).shape}, expected ({rows},)")
        if len(self.texts) != len(self.lengths) or len(self.offsets) != len(self.lengths) + 1:
            raise ValueError("TokenTable: offsets, lengths and texts disagree on the number of examples")

    def __len__(self) -> int:
        return int(self.offsets[-1])

    @property
    def n_examples(self) -> int:
        """Number of examples `n` (some may keep no token)."""
        return len(self.lengths)

    @property
    def example(self) -> np.ndarray:
        """`[t]` index of the example each token belongs to."""
        return np.repeat(np.arange(self.n_examples), np.diff(self.offsets))

    @property
    def strings(self) -> list[str]:
        """`[t]` the characters each token covers in its example's rendered text."""
        texts, owner = self.texts, self.example
        return [texts[i][s:e] for i, s, e in zip(owner, self.start, self.end, strict=True)]

    def keep(self, mask: np.ndarray) -> TokenTable:
        """Keep the tokens where `mask` `[t]` is True; every example stays, possibly without tokens."""
        counts = np.bincount(self.example[mask], minlength=self.n_examples)
        columns = {name: getattr(self, name)[mask] for name in self.COLUMNS}
        return replace(self, offsets=offsets_of(counts), **columns)

    def take_examples(self, index: Sequence[int] | np.ndarray) -> TokenTable:
        """Return the table of the examples `index`, in that order."""
        index = np.asarray(index, dtype=np.int64)
        rows = rows_of(self.offsets, index)
        return replace(
            self,
            offsets=offsets_of(np.diff(self.offsets)[index]),
            lengths=self.lengths[index],
            texts=tuple(self.texts[i] for i in index),
            **{name: getattr(self, name)[rows] for name in self.COLUMNS},
        )

    @staticmethod
    def concatenate(tables: Sequence[TokenTable]) -> TokenTable:
        """Stack tables, examples in order."""
        counts = np.concatenate([np.diff(t.offsets) for t in tables])
        return TokenTable(
            offsets=offsets_of(counts),
            lengths=np.concatenate([t.lengths for t in tables]),
            texts=tuple(text for t in tables for text in t.texts),
            **{name: np.concatenate([getattr(t, name) for t in tables]) for name in TokenTable.COLUMNS},
        )


@dataclass(frozen=True)
class ExampleTable:
    """One row an example: what is known of it besides its activations.

    Attributes:
        ids: `n` names, unique within a dataset.
        labels: `[n]` int64, 1 = positive class, 0 = negative; None when unlabelled.
        groups: `[n]` rows of one group never cross a split; None when unknown.
        tags: further columns, each of length `n`; a missing value is None.
        positive: the name of the positive class.
        negative: the name of the negative class.
    """

    ids: tuple[str, ...]
    labels: np.ndarray | None = None
    groups: np.ndarray | None = None
    tags: Mapping[str, tuple[str | None, ...]] = field(default_factory=dict)
    positive: str = "positive"
    negative: str = "negative"

    def __post_init__(self) -> None:
        n = len(self.ids)
        for name, column in [("labels", self.labels), ("groups", self.groups), *self.tags.items()]:
            if column is not None and len(column) != n:
                raise ValueError(f"ExampleTable.{name} has {len(column)} rows, expected {n}")

    def __len__(self) -> int:
        return len(self.ids)

    def take(self, index: Sequence[int] | np.ndarray) -> ExampleTable:
        """Return the table of the examples `index`, in that order (repeats allowed)."""
        index = np.asarray(index, dtype=np.int64)
        return replace(
            self,
            ids=tuple(self.ids[i] for i in index),
            labels=None if self.labels is None else self.labels[index],
            groups=None if self.groups is None else self.groups[index],
            tags={k: tuple(v[i] for i in index) for k, v in self.tags.items()},
        )

    @staticmethod
    def concatenate(tables: Sequence[ExampleTable]) -> ExampleTable:
        """Stack tables; a column that one of them lacks becomes None there (labels and groups: everywhere)."""
        names = dict.fromkeys(k for t in tables for k in t.tags)
        tags = {k: tuple(v for t in tables for v in t.tags.get(k, (None,) * len(t))) for k in names}
        labels = [t.labels for t in tables]
        groups = [t.groups for t in tables]
        return replace(
            tables[0],
            ids=tuple(i for t in tables for i in t.ids),
            labels=None if any(c is None for c in labels) else np.concatenate([c for c in labels if c is not None]),
            groups=None if any(c is None for c in groups) else np.concatenate([c for c in groups if c is not None]),
            tags=tags,
        )


def offsets_of(counts: np.ndarray) -> np.ndarray:
    """Turn `[n]` row counts into `[n + 1]` offsets."""
    return np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)


def rows_of(offsets: np.ndarray, index: np.ndarray) -> np.ndarray:
    """Return the row numbers of the examples `index`, in that order."""
    if len(index) == 0:
        return np.empty(0, dtype=np.int64)
    return np.concatenate([np.arange(offsets[i], offsets[i + 1]) for i in index])
