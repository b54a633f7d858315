"""Attention over the tokens of an example: the probe learns which of them to read."""

from __future__ import annotations

from typing import no_type_check

import torch
from torch import Tensor

from sonde.probes.network import Weights, random_weights
from sonde.probes.sequence import SequenceProbe


class AttentionProbe(SequenceProbe):
    """Heads that each choose tokens by a softmax and sum what they say: `Σ_h Σ_t softmax_t(q_h·x_t) · v_h·x_t + b`.

    Kramár et al. 2026 (2601.11516), with their defaults: rows pass through one layer of rectified units first. Train it
    on tokens: features of `acts.pool("none")`, `pool = "none"` in a recipe. A row by itself is an example of one token.

    Args:
        heads: how many.
        width: rectified units behind which the heads read.
        lr: learning rate of AdamW.
        weight_decay: of AdamW.
        patience: epochs without a lower validation loss before training stops.
        max_epochs: epochs at most.
        batch: examples in a step.
        validation: share of the groups (of the examples, where no groups are known) that only stop the training.
        seed: of the starting weights, the validation split and the order.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> X, text = rng.normal(size=(400, 3)), np.repeat(np.arange(100), 4)  # a hundred texts of four tokens
        >>> y = np.arange(100) % 2
        >>> X[::4, 0] += 6.0 * y  # one token of each positive text says it
        >>> probe = AttentionProbe(lr=1e-2).fit(X, y[text], example=text)
        >>> bool(((probe.example_scores(X, text) > 0) == y).mean() > 0.9)
        True
    """

    kind = "attention"
    heads: int
    width: int
    lr: float
    weight_decay: float
    patience: int
    max_epochs: int
    batch: int
    validation: float
    seed: int

    @no_type_check  # stores what it is given, of any type; `fit` checks it, as scikit-learn's contract has it
    def __init__(
        self,
        heads: int = 8,
        width: int = 128,
        lr: float = 5e-4,
        weight_decay: float = 1e-3,
        patience: int = 5,
        max_epochs: int = 200,
        batch: int = 32,
        validation: float = 0.2,
        seed: int = 0,
    ) -> None:
        self.heads = heads
        self.width = width
        self.lr = lr
        self.weight_decay = weight_decay
        self.patience = patience
        self.max_epochs = max_epochs
        self.batch = batch
        self.validation = validation
        self.seed = seed

    def weight_shapes(self, d: int) -> dict[str, tuple[int, ...]]:
        """Return the shapes of the weights at width `d`."""
        h, u = int(self.heads), int(self.width)
        return {"hidden": (u, d), "hidden_bias": (u,), "query": (h, u), "value": (h, u), "bias": (1,)}

    def initial_weights(self, d: int) -> Weights:
        """Return random layers and values of 0: at first every token counts alike and says nothing."""
        zeros = {name: torch.zeros(shape) for name, shape in self.weight_shapes(d).items()}
        h, u = int(self.heads), int(self.width)
        random = random_weights(int(self.seed), hidden=(u, d), query=(h, u))
        return {**zeros, **random, "query": random["query"] * 0.1}

    def token_values(self, weights: Weights, X: Tensor) -> tuple[Tensor, Tensor]:
        """Return `[t, h]` how much each head attends to each row, before the softmax, and what it says there."""
        hidden = torch.relu(X @ weights["hidden"].T + weights["hidden_bias"])
        return hidden @ weights["query"].T, hidden @ weights["value"].T

    def combine(self, weights: Weights, attention: Tensor, values: Tensor, bounds: Tensor) -> Tensor:
        """Return `[m]` logits: the softmax within each example, and the sum over heads."""
        owner = torch.repeat_interleave(torch.arange(len(bounds) - 1), bounds.diff())
        highest = torch.segment_reduce(attention.detach(), "max", offsets=bounds, axis=0)
        share = torch.exp(attention - highest[owner])
        parts = torch.cat([share, share * values], 1)
        total = parts.new_zeros(len(bounds) - 1, parts.shape[1]).index_add(0, owner, parts)
        h = attention.shape[1]
        return (total[:, h:] / total[:, :h]).sum(1) + weights["bias"]

    def merge(self, attention: Tensor, values: Tensor) -> tuple[Tensor, Tensor]:
        """Return the logarithm of the summed exponentials, and the mean value under the softmax."""
        share = torch.softmax(attention, 0)
        return torch.logsumexp(attention, 0, keepdim=True), (share * values).sum(0, keepdim=True)
