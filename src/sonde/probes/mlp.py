"""A multilayer perceptron with one hidden layer: what a probe reads that is not linear."""

from __future__ import annotations

from typing import no_type_check

import torch
from torch import Tensor

from sonde.probes.network import Weights, random_weights
from sonde.probes.networks import NetworkProbe


class MLPProbe(NetworkProbe):
    """One hidden layer of rectified units on standardised activations.

    The non-linear probe of Hewitt & Liang 2019 (1909.03368), trained as Kramár et al. 2026 (2601.11516) train theirs:
    AdamW and early stopping. Of an example of many tokens it scores each and takes the mean.

    Args:
        width: hidden units.
        lr: learning rate of AdamW.
        weight_decay: of AdamW.
        patience: epochs without a lower validation loss before training stops.
        max_epochs: epochs at most.
        batch: examples in a step.
        validation: share of the groups (of the examples, where no groups are known) that only stop the training.
        seed: of the starting weights, the validation split and the order.

    Example:
        >>> X = np.random.default_rng(0).normal(size=(200, 2))
        >>> y = (X[:, 0] * X[:, 1] > 0).astype(int)  # no line separates these
        >>> MLPProbe(lr=1e-2).fit(X, y).score(X, y) > 0.8
        True
    """

    kind = "mlp"
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
        width: int = 128,
        lr: float = 5e-4,
        weight_decay: float = 1e-3,
        patience: int = 5,
        max_epochs: int = 200,
        batch: int = 32,
        validation: float = 0.2,
        seed: int = 0,
    ) -> None:
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
        h = int(self.width)
        return {"hidden": (h, d), "hidden_bias": (h,), "out": (h,), "out_bias": (1,)}

    def initial_weights(self, d: int) -> Weights:
        """Return random hidden weights and an output of 0, so that exchanging the classes negates every step."""
        zeros = {name: torch.zeros(shape) for name, shape in self.weight_shapes(d).items()}
        return {**zeros, **random_weights(int(self.seed), hidden=(int(self.width), d))}

    def forward(self, weights: Weights, X: Tensor, bounds: Tensor) -> Tensor:
        """Return the mean logit of each example's rows."""
        hidden = torch.relu(X @ weights["hidden"].T + weights["hidden_bias"])
        each = hidden @ weights["out"] + weights["out_bias"]
        return torch.segment_reduce(each, "mean", offsets=bounds)
