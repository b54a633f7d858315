"""Forward hooks on named places: read what passes, keep the rows asked for, stop the model when all is read."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import nn


@dataclass(frozen=True)
class Tap:
    """Where a site is read: what enters or leaves a module.

    Attributes:
        module: the module hooked.
        side: `input` (its first argument) or `output`.
        element: which element of the output where that is a tuple.
        columns: first and last-plus-one column, for one attention head; None = all.
    """

    module: nn.Module
    side: str
    element: int = 0
    columns: tuple[int, int] | None = None

    def head(self, head: int, width: int) -> Tap:
        """Return the tap of one head of `width` columns."""
        return replace(self, columns=(head * width, (head + 1) * width))


class _AllRead(Exception):
    """Raised inside a hook to leave the forward pass: nothing deeper was asked for."""


Keep = Callable[[torch.Tensor], torch.Tensor]


class Recorder:
    """Reads taps during forward passes. Hooks exist only inside `with recorder:`.

    Args:
        taps: site name to tap.
        stop: leave the forward pass once every tap was read (the model's output is then None).
    """

    def __init__(self, taps: Mapping[str, Tap], *, stop: bool):
        self._taps = dict(taps)
        self._stop = stop
        self._handles: list[Any] = []
        self._values: dict[str, torch.Tensor] = {}
        self._keep: Keep | None = None

    def __enter__(self) -> Recorder:
        places: dict[tuple[int, str], list[str]] = {}
        for site, tap in self._taps.items():
            places.setdefault((id(tap.module), tap.side), []).append(site)
        for sites in places.values():
            self._handles.append(self._hook(self._taps[sites[0]], sites))
        return self

    def __exit__(self, *_: object) -> None:
        for handle in self._handles:
            handle.remove()
        self._handles = []

    def run(self, forward: Callable[[], Any], keep: Keep) -> tuple[dict[str, torch.Tensor], Any]:
        """Run `forward` and return what `keep` made of each tap's tensor, and the output (None if stopped).

        A module that runs several times in one pass is read the first time.
        """
        self._values, self._keep = {}, keep
        output = None
        try:
            output = forward()
        except _AllRead:
            pass
        finally:
            values, self._values, self._keep = self._values, {}, None
        return values, output

    def _hook(self, tap: Tap, sites: Sequence[str]) -> Any:
        def read(tensor_of: Callable[[int], Any]) -> None:
            if self._keep is None:
                return
            for site in sites:
                if site not in self._values:
                    mine = self._taps[site]
                    value = self._keep(tensor_of(mine.element))
                    self._values[site] = value if mine.columns is None else value[:, slice(*mine.columns)].contiguous()
            if self._stop and len(self._values) == len(self._taps):
                raise _AllRead

        if tap.side == "input":
            return tap.module.register_forward_pre_hook(
                lambda _module, args, kwargs: read(lambda _element: first_argument(args, kwargs)), with_kwargs=True
            )
        return tap.module.register_forward_hook(
            lambda _module, _args, output: read(lambda element: output[element] if _is_tuple(output) else output)
        )


def first_argument(args: tuple, kwargs: Mapping[str, Any]) -> torch.Tensor:
    """Return the tensor a module was called with: its first argument, or the keyword `hidden_states`."""
    if args:
        return args[0]
    return kwargs["hidden_states"] if "hidden_states" in kwargs else next(iter(kwargs.values()))


@contextmanager
def evaluating(module: nn.Module):
    """Switch dropout off inside the block and put every submodule's own mode back afterwards."""
    training = [m for m in module.modules() if m.training]
    for submodule in training:
        submodule.training = False
    try:
        yield
    finally:
        for submodule in training:
            submodule.training = True


def _is_tuple(output: Any) -> bool:
    return isinstance(output, (tuple, list))
