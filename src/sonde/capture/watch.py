"""One short forward pass on which every module near the residual stream is watched, so that sites can be verified."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import nn

from sonde.base.errors import InputError
from sonde.capture.taps import evaluating

#: Tokens of the short forward pass.
PROBE_TOKENS = 8


@dataclass
class Call:
    """What one module was called with and gave, as rows `[8, d]`, and when it ran."""

    order: int
    entered: torch.Tensor | None = None
    left: list[torch.Tensor] = field(default_factory=list)


def vocabulary_of(embedding: nn.Module) -> int:
    """Return how many tokens an embedding has a row for."""
    return int(next(embedding.parameters()).shape[0])


def embedding_of(base: Any) -> nn.Module:
    """Return the token embedding of a Hugging Face decoder."""
    return base.get_input_embeddings()


def probe_inputs(embedding: nn.Module, device: torch.device, positions: bool) -> dict[str, Any]:
    """Return the inputs of the forward pass on which sites are verified: eight tokens spread over the vocabulary."""
    vocabulary = vocabulary_of(embedding)
    ids = ((torch.arange(PROBE_TOKENS, device=device) * max(1, vocabulary // 9) + 3) % vocabulary)[None]
    inputs: dict[str, Any] = {"input_ids": ids, "attention_mask": torch.ones_like(ids), "use_cache": False}
    if positions:
        inputs["position_ids"] = torch.arange(PROBE_TOKENS, device=device)[None]
    return inputs


def watch(base: nn.Module, blocks: nn.ModuleList, embedding: nn.Module, positions: bool) -> dict[nn.Module, Call]:
    """Run the probe and record every block, its children and grandchildren."""
    watched = {embedding, *blocks}
    for block in blocks:
        watched.update(m for name, m in block.named_modules() if name.count(".") <= 1)
    calls: dict[nn.Module, Call] = {}
    handles = [m.register_forward_pre_hook(_note_entry(calls), with_kwargs=True) for m in watched]
    handles += [m.register_forward_hook(_note_exit(calls)) for m in watched]
    device = next(embedding.parameters()).device
    try:
        with torch.inference_mode(), evaluating(base):
            base(**probe_inputs(embedding, device, positions))
    finally:
        for handle in handles:
            handle.remove()
    if not torch.isfinite(calls[blocks[-1]].left[0]).all():
        raise InputError(
            f"{type(base).__name__} gives values that are not finite on eight plain tokens: check its weights, or load "
            "it with dtype='float32' (half precision overflows on massive activations)."
        )
    return calls


def _note_entry(calls: dict[nn.Module, Call]) -> Callable[..., None]:
    def hook(module: nn.Module, args: tuple, kwargs: dict[str, Any]) -> None:
        tensors = [t for t in (*args, *kwargs.values()) if isinstance(t, torch.Tensor)]
        if module not in calls:
            calls[module] = Call(order=len(calls), entered=_rows(tensors[0]) if tensors else None)

    return hook


def _note_exit(calls: dict[nn.Module, Call]) -> Callable[..., None]:
    def hook(module: nn.Module, _args: tuple, output: Any) -> None:
        elements = output if isinstance(output, (tuple, list)) else [output]
        if not calls[module].left:
            calls[module].left = [_rows(t) if isinstance(t, torch.Tensor) else torch.empty(0, 0) for t in elements]

    return hook


def _rows(tensor: torch.Tensor) -> torch.Tensor:
    """Return a copy of `tensor` as rows, one a token of the probe."""
    return (
        tensor.detach().reshape(PROBE_TOKENS, -1).clone()
        if tensor.numel() % PROBE_TOKENS == 0
        else tensor.detach().clone()
    )
