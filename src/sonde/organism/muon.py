"""Muon for small models: matrices of one shape are orthogonalised together, in a precision that the machine is fast in.

torch has Muon too, and computes in bfloat16 whatever the machine. On a CPU without bfloat16 units that is twenty times
slower than float32, and takes most of a small model's step.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

import torch
from jaxtyping import Float
from torch import Tensor

#: The quintic of Jordan et al. (2024), steepest at zero: it leaves singular values in 0.5 to 1.5 or so.
COEFFICIENTS = (3.4445, -4.7750, 2.0315)
STEPS = 5


class Muon(torch.optim.Optimizer):
    """Momentum whose updates are orthogonalised by Newton–Schulz steps (Jordan et al., 2024, kellerjordan.github.io).

    Updates are scaled to the root mean square of AdamW's (Moonlight, arXiv 2502.16982), so that rates and
    decay carry over.

    Args:
        params: matrices.
        lr: rate.
        weight_decay: decoupled, of the matrices.
        momentum: of the gradients (Nesterov's).
        dtype: of the Newton–Schulz products.

    Example:
        >>> weight = torch.nn.Parameter(torch.eye(2))
        >>> weight.grad = torch.eye(2)
        >>> Muon([weight], lr=1.0).step()
        >>> bool((weight.diagonal() < 0.9).all())
        True
    """

    def __init__(
        self,
        params: Iterable[Tensor],
        lr: float,
        weight_decay: float = 0.0,
        momentum: float = 0.95,
        dtype: torch.dtype = torch.float32,
    ) -> None:
        super().__init__(params, {"lr": lr, "weight_decay": weight_decay, "momentum": momentum})
        self.dtype = dtype

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]
        """Take one step."""
        for group in self.param_groups:
            by_shape: dict[torch.Size, list[Tensor]] = defaultdict(list)
            for parameter in group["params"]:
                if parameter.grad is not None:
                    by_shape[parameter.shape].append(parameter)
            for shape, parameters in by_shape.items():
                updates = torch.stack([self._momentum(p, group["momentum"]) for p in parameters])
                updates = orthogonalise(updates.to(self.dtype)).to(parameters[0].dtype)
                torch._foreach_mul_(parameters, 1 - group["lr"] * group["weight_decay"])
                torch._foreach_add_(parameters, updates.unbind(0), alpha=-group["lr"] * 0.2 * max(shape) ** 0.5)

    def _momentum(self, parameter: Tensor, momentum: float) -> Tensor:
        """Take a gradient into the running mean; return the gradient that looks ahead."""
        assert parameter.grad is not None
        state = self.state[parameter]
        if "momentum_buffer" not in state:
            state["momentum_buffer"] = torch.zeros_like(parameter)
        state["momentum_buffer"].lerp_(parameter.grad, 1 - momentum)
        return parameter.grad.lerp(state["momentum_buffer"], momentum)


def orthogonalise(matrices: Float[Tensor, "k m n"]) -> Float[Tensor, "k m n"]:
    """Return matrices with the singular vectors of those given and all singular values near 1.

    Example:
        >>> bool(torch.linalg.svdvals(orthogonalise(torch.diag(torch.tensor([3.0, 1.0]))[None])).min() > 0.5)
        True
    """
    a, b, c = COEFFICIENTS
    tall = matrices.shape[1] > matrices.shape[2]
    X = matrices.mT if tall else matrices
    X = X / X.norm(dim=(1, 2), keepdim=True).clamp(min=1e-7)
    for _ in range(STEPS):
        gram = X @ X.mT
        X = torch.baddbmm(X, torch.baddbmm(gram, gram, gram, beta=b, alpha=c), X, beta=a)
    return X.mT if tall else X
