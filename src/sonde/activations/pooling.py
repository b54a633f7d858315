"""Pooling: from one row a token to one row an example. Pure functions on `[t, d]` rows and `[n + 1]` offsets.

The same functions pool activations (`[t, d]`, each dimension by itself) and token scores (`[t, 1]`).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from sonde.base.errors import InputError, unknown_name

#: How to pool, as written in a recipe, and what each does.
POOLINGS = {
    "mean": "mean over the tokens",
    "last": "the last token",
    "first": "the first token",
    "max": "largest value of each dimension",
    "ema(0.5)": "exponential moving average along the tokens, then its largest value",
    "rolling_max(k)": "mean of every k neighbouring tokens, then its largest value",
    "none": "no pooling: one row a token",
}
_HALF = (torch.float16, torch.bfloat16)
_FORM = re.compile(r"\s*([a-z_]+)\s*(?:\(\s*([^()]*?)\s*\))?\s*")


@dataclass(frozen=True)
class Pooling:
    """A way to pool.

    Attributes:
        name: `mean`, `last`, `first`, `max`, `ema`, `rolling_max` or `none`.
        parameter: weight of the newest token for `ema`, window in tokens for `rolling_max`, None for the others.
    """

    name: str
    parameter: float | None = None

    def __str__(self) -> str:
        return self.name if self.parameter is None else f"{self.name}({self.parameter:g})"


def parse_pooling(how: str | Pooling) -> Pooling:
    """Read a pooling such as `mean`, `ema(0.5)` or `rolling_max(8)`; `str` of the result is its canonical form.

    Raises:
        InputError: no such pooling, or a parameter that is missing, superfluous or out of range.

    Example:
        >>> str(parse_pooling("rolling_max( 8 )"))
        'rolling_max(8)'
    """
    if isinstance(how, Pooling):
        return how
    match = _FORM.fullmatch(how)
    names = [name.partition("(")[0] for name in POOLINGS]
    if match is None or match[1] not in names:
        raise unknown_name("pooling", how, "the pooling option", POOLINGS)
    name, written = match[1], match[2]
    if name not in ("ema", "rolling_max"):
        if written is not None:
            raise InputError(f"Pooling {how!r} has a parameter, expected none: write {name!r}.")
        return Pooling(name)
    return Pooling(name, _parameter(how, name, written))


def _parameter(how: str, name: str, written: str | None) -> float:
    try:
        value = float(written or "")
    except ValueError:
        value = float("nan")
    if name == "ema" and not 0 < value <= 1:
        raise InputError(f"Pooling {how!r}: expected a weight above 0 and at most 1, for example 'ema(0.5)'.")
    if name == "rolling_max" and not (value >= 1 and value.is_integer()):
        raise InputError(f"Pooling {how!r}: expected a window of whole tokens, for example 'rolling_max(8)'.")
    return value


def pool_rows(
    rows: Float[Tensor, "t d"], offsets: np.ndarray | Int[Tensor, " n_plus_1"], how: str | Pooling
) -> Float[Tensor, "n d"]:
    """Pool the rows of each example into one.

    Each dimension is pooled by itself. Half types are accumulated and returned in float32, other types are kept;
    `none` returns `rows` untouched. NaN anywhere in an example's tokens shows in its pooled row.

    - `mean`, `last`, `first`, `max`: as they say.
    - `ema(a)`: `e_0 = x_0`, `e_t = a x_t + (1 - a) e_{t-1}`, then the maximum over tokens: a detector that fires when
      a stretch of tokens fires (Cunningham et al. 2025, arXiv:2501.18837, smooth token scores so).
    - `rolling_max(k)`: the mean of every window of `k` tokens, then the maximum over windows; an example shorter than
      `k` is one window.

    Args:
        rows: one row a token, examples one after the other.
        offsets: rows of example `i` are `offsets[i]:offsets[i + 1]`; `offsets[-1]` is `t`.
        how: see `POOLINGS`.

    Raises:
        InputError: the offsets do not fit the rows, or an example has no row.

    Example:
        >>> pool_rows(torch.tensor([[1.0], [3.0], [5.0]]), np.array([0, 2, 3]), "mean").tolist()
        [[2.0], [5.0]]
    """
    pooling = parse_pooling(how)
    bounds = torch.as_tensor(offsets, dtype=torch.int64).to(rows.device)
    counts = bounds.diff()
    if len(bounds) == 0 or int(bounds[0]) != 0 or int(bounds[-1]) != len(rows) or bool((counts < 0).any()):
        raise InputError(
            f"Pooling: the offsets do not describe {len(rows)} rows: expected them to rise from 0 to {len(rows)}."
        )
    if pooling.name == "none":
        return rows
    if bool((counts == 0).any()):
        empty = int((counts == 0).nonzero()[0])
        raise InputError(f"Pooling {str(pooling)!r}: example {empty} has no token left: widen the token selector.")
    wide = rows.float() if rows.dtype in _HALF and pooling.name not in ("first", "last") else rows
    pooled = _FUNCTIONS[pooling.name](wide, bounds, pooling.parameter)
    return pooled.float() if pooled.dtype in _HALF else pooled


def _mean(rows: Tensor, bounds: Tensor, _: float | None) -> Tensor:
    return _segment_sum(rows, bounds) / bounds.diff().unsqueeze(1)


def _last(rows: Tensor, bounds: Tensor, _: float | None) -> Tensor:
    return rows[bounds[1:] - 1]


def _first(rows: Tensor, bounds: Tensor, _: float | None) -> Tensor:
    return rows[bounds[:-1]]


def _max(rows: Tensor, bounds: Tensor, _: float | None) -> Tensor:
    owner = _owner(bounds).unsqueeze(1).expand(-1, rows.shape[1])
    return rows.new_full((len(bounds) - 1, rows.shape[1]), -torch.inf).scatter_reduce_(0, owner, rows, "amax")


def _ema_max(rows: Tensor, bounds: Tensor, weight: float | None) -> Tensor:
    assert weight is not None
    counts = bounds.diff()
    order = counts.argsort(descending=True, stable=True)  # examples still running at a position come first
    starts, running = bounds[:-1][order], counts[order]
    average = rows[starts]
    best = average.clone()
    for position in range(1, int(running[0]) if len(running) else 0):
        k = int((running > position).sum())
        average = weight * rows[starts[:k] + position] + (1 - weight) * average[:k]
        best[:k] = torch.maximum(best[:k], average)
    return torch.empty_like(best).index_copy_(0, order, best)


def _rolling_max(rows: Tensor, bounds: Tensor, window: float | None) -> Tensor:
    assert window is not None
    counts = bounds.diff()
    width = counts.clamp(max=int(window))  # of each example's windows
    windows = counts - width + 1
    window_bounds = torch.cat([windows.new_zeros(1), windows.cumsum(0)])
    owner = _owner(window_bounds)
    starts = bounds[owner] + torch.arange(len(owner), device=rows.device) - window_bounds[owner]
    size = width[owner]
    total = rows[starts]
    for step in range(1, int(size.max()) if len(size) else 0):
        inside = (size > step).nonzero().squeeze(1)
        total[inside] += rows[starts[inside] + step]
    return _max(total / size.unsqueeze(1), window_bounds, None)


def _segment_sum(rows: Tensor, bounds: Tensor) -> Tensor:
    if rows.is_cuda:  # index_add_ adds in no fixed order there; segment_reduce is deterministic
        return torch.segment_reduce(rows.contiguous(), "sum", offsets=bounds, axis=0)
    return rows.new_zeros(len(bounds) - 1, rows.shape[1]).index_add_(0, _owner(bounds), rows)


def _owner(bounds: Tensor) -> Tensor:
    examples = torch.arange(len(bounds) - 1, device=bounds.device)
    return torch.repeat_interleave(examples, bounds.diff())


_FUNCTIONS: dict[str, Callable[[Tensor, Tensor, float | None], Tensor]] = {
    "mean": _mean,
    "last": _last,
    "first": _first,
    "max": _max,
    "ema": _ema_max,
    "rolling_max": _rolling_max,
}
