"""What is known of training rows besides activations and labels: groups, tags, and which are tokens of one text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from jaxtyping import Int, Shaped

from sonde.probes.inputs import DataError


@dataclass(frozen=True)
class Facts:
    """Further columns of `n` rows.

    Attributes:
        groups: `[n]` rows that belong together, such as a statement and its negation; None when unknown.
        tags: per name `[n]` further columns.
        example: `[n]` the example each row is a token of, tokens of one example one after the other; None = every row
            is an example of its own.
    """

    groups: Shaped[np.ndarray, " n"] | None = None
    tags: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    example: Int[np.ndarray, " n"] | None = None

    @staticmethod
    def of(X: Any, n: int, groups: Any = None, tags: Mapping[str, Any] | None = None, example: Any = None) -> Facts:
        """Take what is given, else what `X` knows (rows that came out of `features.at(site).X` do).

        Raises:
            DataError: a column of another length than `n`, or tokens of one example that are not neighbours.
        """
        known = getattr(X, "facts", X if hasattr(X, "groups") else None)
        groups = known.groups if groups is None and known is not None else groups
        tags = known.tags if tags is None and known is not None else tags or {}
        example = known.example if example is None and known is not None else example
        columns = {"groups": groups, "example": example, **{f"tags[{name!r}]": column for name, column in tags.items()}}
        for name, column in columns.items():
            if column is not None and len(column) != n:
                raise DataError(f"{name} has {len(column)} rows and X has {n}: pass one value for each row.")
        if example is not None:
            example = np.asarray(example)
            if len(np.unique(example)) != 1 + np.count_nonzero(np.diff(example)):
                raise DataError("The tokens of one example are not one after the other: sort the rows by example.")
        return Facts(None if groups is None else np.asarray(groups), dict(tags), example)

    def take(self, index: Shaped[np.ndarray, " m"]) -> Facts:
        """Return the rows `index` (numbers or a mask)."""
        return Facts(
            None if self.groups is None else self.groups[index],
            {name: tuple(np.asarray(column, dtype=object)[index]) for name, column in self.tags.items()},
            None if self.example is None else self.example[index],
        )

    def offsets(self, n: int) -> Int[np.ndarray, " m_plus_1"]:
        """Return where each of `m` examples begins among `n` rows."""
        if self.example is None or n == 0:
            return np.arange(n + 1)
        return np.r_[0, np.flatnonzero(np.diff(self.example)) + 1, n]
