"""One autoencoder while it is being trained: weights, optimiser, and what it remembers of its latents."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from jaxtyping import Float
from torch import Tensor

from sonde.saes.architecture import Step
from sonde.saes.config import SAEConfig
from sonde.saes.parallel import Peers
from sonde.saes.registry import architecture_of
from sonde.saes.revival import revival_gradients
from sonde.saes.weights import Weights, initial_weights, project_out, to_unit_rows


def schedule(step: int, steps: int, warmup: float, decay: float) -> float:
    """Return the share of the full learning rate at `step` of `steps`: up, level, down, each linear.

    Example:
        >>> [round(schedule(step, 10, 0.2, 0.5), 2) for step in (0, 1, 4, 7, 9)]
        [0.5, 1.0, 1.0, 0.6, 0.2]
    """
    rising = (step + 1) / max(1.0, warmup * steps)
    falling = (steps - step) / max(1.0, decay * steps)
    return min(1.0, rising, falling)


class Learner:
    """Trains one autoencoder, batch by batch.

    Args:
        config: how.
        d_in: width of the rows.
        mean: `[d]` mean of the scaled rows, where `b_dec` starts.
        steps: batches there will be.
        dead_after: rows without firing after which a latent counts as dead.
        peers: the processes that train it together.
    """

    def __init__(self, config: SAEConfig, mean: Float[Tensor, " d"], steps: int, dead_after: int, peers: Peers) -> None:
        self.config, self.steps, self.dead_after, self.peers = config, steps, dead_after, peers
        self.architecture = architecture_of(config, steps)
        self.weights = initial_weights(len(mean), config.d_sae, mean, config.seed, self.architecture.initial_threshold)
        self.state = self.architecture.state
        self.silent = torch.zeros(config.d_sae, device=mean.device)  # rows since each latent fired
        self.done = 0
        self._parameters = self.weights.tensors()
        # the small epsilon lets rare latents, whose gradients are small, move as fast as common ones
        self._adam = torch.optim.Adam(list(self._parameters.values()), lr=config.rate, eps=6.25e-10, fused=True)

    @property
    def dead(self) -> Tensor:
        """The latents that have not fired for long."""
        return (self.silent > self.dead_after).nonzero()[:, 0]

    def step(self, X: Float[Tensor, "b d"]) -> Step:
        """Learn from one batch of scaled rows."""
        centred, H = self.weights.pre_activations(X)
        step = self.architecture.step(self.weights, centred, H, self.state, self.peers)
        self._revive(step, centred, H)
        self.peers.average(step.gradients.values())
        fired = self.peers.total(step.fired)
        self.silent = torch.where(fired > 0, 0.0, self.silent + len(X) * self.peers.world)
        self._update(step.gradients)
        self.done += 1
        return step

    def _revive(self, step: Step, centred: Tensor, H: Tensor) -> None:
        dead = self.dead
        if not len(dead) or not self.config.revival:
            return
        extra = revival_gradients(dead, self.weights, centred, H, step.error, self.config.revival)
        for name, gradient in extra.items():
            step.gradients[name].index_add_(0, dead, gradient)

    def _update(self, gradients: Mapping[str, Tensor]) -> None:
        project_out(gradients["W_dec"], self.weights.W_dec)
        for name, parameter in self._parameters.items():
            parameter.grad = gradients[name]
        rate = self.config.rate * schedule(self.done, self.steps, self.config.warmup, self.config.decay)
        self._adam.param_groups[0]["lr"] = rate
        self._adam.step()
        to_unit_rows(self.weights.W_dec)
        if self.weights.threshold is not None:
            self.weights.threshold.clamp_min_(0)

    def tensors(self) -> dict[str, Tensor]:
        """Return everything needed to go on after an interruption, besides `state` and `done`."""
        kept = {**self._parameters, "silent": self.silent}
        for name, parameter in self._parameters.items():
            moments = self._adam.state[parameter]
            kept |= {f"adam.{name}.{key}": value for key, value in moments.items()}
        return kept

    def restore(self, tensors: Mapping[str, Tensor], state: Mapping[str, float], done: int) -> None:
        """Set what `tensors`, `state` and `done` were."""
        for name, parameter in self._parameters.items():
            parameter.copy_(tensors[name])
            keys = ("step", "exp_avg", "exp_avg_sq")
            self._adam.state[parameter] = {key: tensors[f"adam.{name}.{key}"].clone() for key in keys}
        self.silent = tensors["silent"].clone()
        self.state, self.done = dict(state), done

    def snapshot(self) -> Weights:
        """Return a copy of the weights."""
        return Weights.of({name: tensor.clone() for name, tensor in self._parameters.items()})
