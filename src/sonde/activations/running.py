"""Pooling while tokens arrive: what `pool_rows` gives for the tokens so far, without keeping them."""

from __future__ import annotations

from collections import deque

import numpy as np
from jaxtyping import Float

from sonde.activations.pooling import Pooling, parse_pooling
from sonde.base.errors import InputError


class RunningPool:
    """The pooled row of one example, updated token by token.

    Args:
        how: any pooling but `none`; see `POOLINGS`. `rolling_max(k)` keeps the last `k` rows, the others one row.

    Example:
        >>> pool = RunningPool("ema(0.5)")
        >>> for token in ([1.0], [4.0], [0.0]):
        ...     pool.update(np.array([token]))
        >>> pool.value
        array([2.5])
    """

    def __init__(self, how: str | Pooling = "mean") -> None:
        self.pooling = parse_pooling(how)
        if self.pooling.name == "none":
            raise InputError("Pooling 'none' has no pooled row: choose another pooling, or score tokens one by one.")
        self.count = 0
        self._state = np.empty(0)
        self._best = np.empty(0)
        self._window: deque[np.ndarray] = deque(maxlen=int(self.pooling.parameter or 1))

    def update(self, rows: Float[np.ndarray, "t d"]) -> None:
        """Take in the next tokens."""
        step = getattr(self, f"_{self.pooling.name}")
        for row in np.asarray(rows, dtype=np.float64):
            step(row)
            self.count += 1

    @property
    def value(self) -> Float[np.ndarray, " d"]:
        """`[d]` the pooled row of the tokens so far.

        Raises:
            InputError: no token has come yet.
        """
        if self.count == 0:
            raise InputError("No token has come yet, so there is nothing pooled: update with at least one row first.")
        if self.pooling.name == "mean":
            return self._state / self.count
        if self.pooling.name == "rolling_max" and self.count < (self.pooling.parameter or 1):
            return np.mean(self._window, axis=0)
        return self._best if self.pooling.name in ("ema", "rolling_max") else self._state

    def _mean(self, row: np.ndarray) -> None:
        self._state = self._state + row if self.count else row

    def _last(self, row: np.ndarray) -> None:
        self._state = row

    def _first(self, row: np.ndarray) -> None:
        self._state = self._state if self.count else row

    def _max(self, row: np.ndarray) -> None:
        self._state = np.maximum(self._state, row) if self.count else row

    def _ema(self, row: np.ndarray) -> None:
        weight = self.pooling.parameter or 1.0
        self._state = weight * row + (1 - weight) * self._state if self.count else row
        self._best = np.maximum(self._best, self._state) if self.count else row

    def _rolling_max(self, row: np.ndarray) -> None:
        self._window.append(row)
        if len(self._window) == self._window.maxlen:
            mean = np.mean(self._window, axis=0)
            self._best = np.maximum(self._best, mean) if self._best.size else mean
