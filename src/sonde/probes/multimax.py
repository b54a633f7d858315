"""MultiMax: each head takes the token that says most; one loud token is enough, however long the text."""

from __future__ import annotations

from typing import no_type_check

import torch
from torch import Tensor

from sonde.probes.network import Weights, random_weights
from sonde.probes.sequence import SequenceProbe


class MultiMaxProbe(SequenceProbe):
    """Heads that each take their largest token: `Σ_h max_t v_h·x_t + b`.

    Kramár et al. 2026 (2601.11516): the attention probe with a hard maximum, which long texts do not dilute. Rows pass
    through one layer of rectified units first. Train it on tokens, as `AttentionProbe`.

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
        >>> probe = MultiMaxProbe(lr=1e-2).fit(X, y[text], example=text)
        >>> bool(((probe.example_scores(X, text) > 0) == y).mean() > 0.9)
        True
    """

    kind = "multimax"
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
        heads: int = 10,
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
        return {"hidden": (u, d), "hidden_bias": (u,), "value": (h, u), "bias": (1,)}

    def initial_weights(self, d: int) -> Weights:
        """Return random layers and small random values: heads that said the same would learn the same."""
        zeros = {name: torch.zeros(shape) for name, shape in self.weight_shapes(d).items()}
        h, u = int(self.heads), int(self.width)
        random = random_weights(int(self.seed), hidden=(u, d), value=(h, u))
        return {**zeros, **random, "value": random["value"] * 0.1}

    def token_values(self, weights: Weights, X: Tensor) -> tuple[Tensor, Tensor]:
        """Return `[t, h]` what each head says of each row, twice: how much it attends is what it says."""
        hidden = torch.relu(X @ weights["hidden"].T + weights["hidden_bias"])
        values = hidden @ weights["value"].T
        return values, values

    def combine(self, weights: Weights, attention: Tensor, values: Tensor, bounds: Tensor) -> Tensor:
        """Return `[m]` logits: the maximum within each example, and the sum over heads."""
        return torch.segment_reduce(values, "max", offsets=bounds, axis=0).sum(1) + weights["bias"]

    def merge(self, attention: Tensor, values: Tensor) -> tuple[Tensor, Tensor]:
        """Return the largest value of each head."""
        highest = values.max(0, keepdim=True).values
        return highest, highest
