"""Examples of many tokens, indexed by example: what stands where `[n, d]` rows would, when nothing was pooled."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float, Int

from sonde.activations import Origin, SiteFeatures
from sonde.base.tables import offsets_of, rows_of
from sonde.probes.inputs import as_array


@dataclass(frozen=True, eq=False)
class TokenRows:
    """The tokens of `n` examples at one site. `len` and indexing speak of examples, as of rows of a matrix.

    `probe.fit(tokens, y)` and `probe.decision_function(tokens)` take it with one label and give one score an example.

    Attributes:
        X: `[t, d]` float64, the tokens of one example after those of another.
        offsets: `[n + 1]` where each example begins.
        origin: where they come from.
    """

    X: Float[np.ndarray, "t d"]
    offsets: Int[np.ndarray, " n_plus_1"]
    origin: Origin | None = None

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def __getitem__(self, index: Any) -> TokenRows:
        """Return the examples `index` (numbers, a slice, or one boolean an example)."""
        taken = np.atleast_1d(np.arange(len(self))[index])
        counts = np.diff(self.offsets)[taken]
        return TokenRows(self.X[rows_of(self.offsets, taken)], offsets_of(counts), self.origin)

    @property
    def example(self) -> Int[np.ndarray, " t"]:
        """`[t]` the example each row is a token of."""
        return np.repeat(np.arange(len(self)), np.diff(self.offsets))


def example_rows(features: SiteFeatures) -> Any:
    """Return what probes eat, one entry an example: `[n, d]` rows where tokens were pooled, else `TokenRows`.

    Example:
        >>> from sonde.activations import Activations
        >>> acts = Activations.of_rows({"s": torch.eye(3)}, [0, 2, 3])
        >>> len(example_rows(acts.pool("none").at("s"))), len(example_rows(acts.pool("mean").at("s")))
        (2, 2)
    """
    if features.example is None:
        return features.X
    counts = np.bincount(features.example)
    return TokenRows(np.asarray(as_array(features.X), dtype=np.float64), offsets_of(counts), features.origin)
