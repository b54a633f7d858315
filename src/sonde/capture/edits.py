"""Writing to a site while a model runs: what passes a tap is replaced, and everything deeper is computed from that."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch

from sonde.capture.taps import Tap

Edit = Callable[[torch.Tensor], torch.Tensor]


@contextmanager
def edited(tap: Tap, edit: Edit) -> Iterator[None]:
    """Replace what passes `tap` by what `edit` makes of it, inside the block.

    Args:
        tap: where; of one head, the other heads pass unchanged.
        edit: from `[batch, tokens, d]` to a tensor of the same shape.
    """
    handle = _on_input(tap, edit) if tap.side == "input" else _on_output(tap, edit)
    try:
        yield
    finally:
        handle.remove()


def _on_input(tap: Tap, edit: Edit) -> Any:
    def hook(_module: Any, args: tuple, kwargs: Mapping[str, Any]) -> tuple[tuple, dict[str, Any]]:
        if args:
            return (_replaced(tap, args[0], edit), *args[1:]), dict(kwargs)
        name = "hidden_states" if "hidden_states" in kwargs else next(iter(kwargs))
        return args, {**kwargs, name: _replaced(tap, kwargs[name], edit)}

    return tap.module.register_forward_pre_hook(hook, with_kwargs=True)


def _on_output(tap: Tap, edit: Edit) -> Any:
    def hook(_module: Any, _args: tuple, output: Any) -> Any:
        if not isinstance(output, (tuple, list)):
            return _replaced(tap, output, edit)
        parts = list(output)
        parts[tap.element] = _replaced(tap, parts[tap.element], edit)
        return type(output)(parts)

    return tap.module.register_forward_hook(hook)


def _replaced(tap: Tap, tensor: torch.Tensor, edit: Edit) -> torch.Tensor:
    if tap.columns is None:
        return edit(tensor).to(tensor.dtype)
    begin, end = tap.columns
    return torch.cat([tensor[..., :begin], edit(tensor[..., begin:end]).to(tensor.dtype), tensor[..., end:]], dim=-1)
