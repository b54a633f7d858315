"""Scores while a text is being written: the same as those of the whole text, from one token's activations at a time."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from sklearn.utils.validation import check_is_fitted

from sonde.activations import Pooling, parse_pooling
from sonde.activations.running import RunningPool
from sonde.base.errors import InputError
from sonde.probes.base import Probe
from sonde.probes.inputs import read_rows
from sonde.probes.sequence import SequenceProbe


class ScoreStream:
    """What a probe says of a text so far, updated as its tokens come.

    Feed it the rows of the tokens that the probe reads, at its site, in order; which tokens those are is the selector's
    business. Nothing but a running state is kept.

    Args:
        probe: fitted.
        pooling: how tokens become one row; None = as the probe was trained (`mean` where it does not know). A probe
            trained on single tokens (`none`) says the mean of their scores, one of sequences combines them itself.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> from sonde.probes import MeanDifferenceProbe
        >>> y = np.arange(40) % 2
        >>> probe = MeanDifferenceProbe().fit(rng.normal(size=(40, 3)) + y[:, None], y)
        >>> stream, text = ScoreStream(probe, "max"), rng.normal(size=(9, 3))
        >>> for token in text:
        ...     _ = stream.update(token[None])
        >>> bool(np.isclose(stream.score, probe.decision_function(text.max(0)[None])[0]))
        True
    """

    def __init__(self, probe: Probe, pooling: str | Pooling | None = None) -> None:
        check_is_fitted(probe)
        known = probe.origin_.pooling if probe.origin_ is not None else ""
        self.probe = probe
        self.pooling = parse_pooling(pooling or known or "mean")
        self.tokens = 0
        self._total = 0.0
        self._pool = None if self.pooling.name == "none" else RunningPool(self.pooling)
        self._heads: tuple[torch.Tensor, torch.Tensor] | None = None

    def update(self, rows: Any) -> Float[np.ndarray, " t"]:
        """Take in the next tokens' rows `[t, d]`, and return the score of each token by itself.

        Raises:
            InputError: another width than the probe's, or NaN.
        """
        X = read_rows(self.probe, rows, reset=False)
        scores = self.probe.decision_function(X)
        self.tokens += len(X)
        self._total += float(scores.sum())
        if isinstance(self.probe, SequenceProbe):
            self._heads = self.probe.merged(self._heads, X)
        elif self._pool is not None:
            self._pool.update(X)
        return scores

    @property
    def score(self) -> float:
        """Log-odds of the text so far.

        Raises:
            InputError: no token has come yet.
        """
        if self.tokens == 0:
            raise InputError("No token has come yet, so the text has no score: update with at least one row first.")
        if self._heads is not None and isinstance(self.probe, SequenceProbe):
            return self.probe.score_of_heads(self._heads)
        if self._pool is None:
            return self._total / self.tokens
        return float(self.probe.decision_function(self._pool.value[None])[0])
