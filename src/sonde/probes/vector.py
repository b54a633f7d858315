"""Probes that score one row at a time; an example of many tokens gets the mean of their scores."""

from __future__ import annotations

from typing import Any

import numpy as np
from jaxtyping import Float

from sonde.probes.base import Probe
from sonde.probes.facts import Facts

_ROWS = 65_536  # rows widened to float64 at once


class VectorProbe(Probe):
    """A probe of single rows: pooled examples, or tokens."""

    def example_scores(self, X: Any, example: Any = None) -> Float[np.ndarray, " m"]:
        """Return `[m]` log-odds of each example: of its row, or the mean over its tokens' rows."""
        parts = [self.decision_function(X[i : i + _ROWS]) for i in range(0, max(len(X), 1), _ROWS)]
        scores = np.concatenate(parts)
        facts = Facts.of(X, len(scores), example=example)
        if facts.example is None:
            return scores
        offsets = facts.offsets(len(scores))
        return np.add.reduceat(scores, offsets[:-1]) / np.diff(offsets)
