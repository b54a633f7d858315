"""The capture pass: a stream of batches of activations, in the order of the plan. What consumes it is a sink."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import nn

from sonde.base.errors import InputError
from sonde.base.tables import rows_of
from sonde.capture.adapter import Adapter
from sonde.capture.plan import Batch
from sonde.capture.taps import Recorder, Tap, evaluating


@dataclass(frozen=True)
class Sequences:
    """What is run, and what is kept of it.

    Attributes:
        ids: token ids of each of the `n` examples.
        positions: `[t]` positions of the tokens kept, examples in order.
        offsets: `[n + 1]` rows of `positions` that belong to each example.
        names: the `n` names of the examples, for messages.
    """

    ids: Sequence[np.ndarray]
    positions: np.ndarray
    offsets: np.ndarray
    names: Sequence[str]

    @property
    def needed(self) -> np.ndarray:
        """`[n]` tokens that have to be run: up to the last one kept. Later ones cannot change what is kept."""
        last = np.zeros(len(self.offsets) - 1, dtype=np.int64)
        some = np.diff(self.offsets) > 0
        last[some] = np.maximum.reduceat(self.positions, self.offsets[:-1][some]) + 1
        return last


@dataclass(frozen=True)
class CaptureBatch:
    """What one forward pass gave.

    Attributes:
        examples: `[b]` indices of the examples.
        rows: `[r]` rows of the kept-token table that the values belong to.
        values: per site `[r, d]` (or `[b, d]` once pooled), on the CPU, in the model's dtype.
        hidden: `[p, d_model]` what enters the unembedding at `p` chosen rows, where this was asked for.
    """

    examples: np.ndarray
    rows: np.ndarray
    values: Mapping[str, torch.Tensor]
    hidden: torch.Tensor | None = None


Pool = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]


def stream(
    adapter: Adapter,
    taps: Mapping[str, Tap],
    sequences: Sequences,
    batches: Sequence[Batch],
    *,
    pool: Pool | None = None,
    hidden_rows: Callable[[Batch], tuple[np.ndarray, np.ndarray]] | None = None,
    done: Callable[[int], Any] = lambda tokens: None,
) -> Iterator[CaptureBatch]:
    """Run the batches and yield what the taps read at the rows that `sequences` keeps.

    Args:
        pool: turns rows `[r, d]` and offsets `[b + 1]` into `[b, d]` right behind the hook.
        hidden_rows: for a batch, the (sequence, position) pairs at which the decoder's output is wanted too; then the
            model runs to its end.
        done: called with the number of real tokens after each batch.

    Raises:
        InputError: an activation is not finite; the message names example and site.
    """
    device = _device(adapter.base)
    recorder = Recorder(taps, stop=hidden_rows is None)
    behind = batches_behind(device)
    running: deque[_Running] = deque()
    with evaluating(adapter.base), recorder:
        for batch in [*batches, *[None] * behind]:
            if batch is not None:
                running.append(_start(adapter, recorder, sequences, batch, device, pool, hidden_rows))
            if running and (batch is None or len(running) > behind):
                finished = running.popleft()
                yield finished.finish(sequences, pool is not None)
                done(int(finished.batch.lengths.sum()))


def batches_behind(device: torch.device) -> int:
    """Return how many batches run before the first is handed on.

    On a GPU the values of one batch travel while the next one runs; elsewhere a second batch would only take memory.
    """
    return 1 if device.type == "cuda" else 0


@dataclass(frozen=True)
class _Running:
    """A batch whose values may still be on their way to the CPU while the next one runs."""

    batch: Batch
    rows: np.ndarray
    owner: np.ndarray
    values: dict[str, torch.Tensor]
    sums: torch.Tensor
    hidden: torch.Tensor | None
    arrived: Any

    def finish(self, sequences: Sequences, pooled: bool) -> CaptureBatch:
        if self.arrived is not None:
            self.arrived.synchronize()
        if not torch.isfinite(self.sums).all():
            _refuse_non_finite(self.values, pooled, self.owner, self.batch, sequences.names)
        return CaptureBatch(self.batch.examples, self.rows, self.values, self.hidden)


def _start(
    adapter: Adapter,
    recorder: Recorder,
    sequences: Sequences,
    batch: Batch,
    device: torch.device,
    pool: Pool | None,
    hidden_rows: Callable[[Batch], tuple[np.ndarray, np.ndarray]] | None,
) -> _Running:
    """Run one batch and start bringing its values to the CPU."""
    rows = rows_of(sequences.offsets, batch.examples)
    counts = np.diff(sequences.offsets)[batch.examples]
    width = int(batch.lengths.max())
    owner = np.repeat(np.arange(len(counts)), counts)
    flat = torch.from_numpy(owner * width + sequences.positions[rows]).to(device)
    offsets = torch.from_numpy(np.concatenate([[0], np.cumsum(counts)])).to(device)
    inputs = pad(adapter, [sequences.ids[i] for i in batch.examples], batch.lengths, device)
    keep = _keeper(len(counts) * width, flat, offsets, pool)
    try:
        with torch.inference_mode():
            values, output = recorder.run(partial(adapter.base, **inputs), keep)
    except torch.OutOfMemoryError as error:
        raise InputError(
            f"{device} has no memory left for a batch of {batch.padded_tokens} padded tokens: pass a smaller "
            "token_budget, name fewer sites, or pool."
        ) from error
    with torch.no_grad():
        sums = torch.stack([v.sum(dtype=torch.float32).to(device) for v in values.values()])
        hidden = None
        if hidden_rows is not None:
            places = [torch.from_numpy(index).to(device) for index in hidden_rows(batch)]
            hidden = first_output(output)[places[0], places[1]]
    if device.type == "cuda":
        values, (sums,) = _to_host(values, device), _to_host({"": sums}, device).values()
        arrived = torch.cuda.Event()
        arrived.record(torch.cuda.current_stream(device))
    else:
        values, sums, arrived = {site: value.to("cpu") for site, value in values.items()}, sums.to("cpu"), None
    return _Running(batch, rows, owner, values, sums, hidden, arrived)


def _to_host(values: Mapping[str, torch.Tensor], device: torch.device) -> dict[str, torch.Tensor]:
    """Start copying to pinned memory, in the order of the GPU's own work (a value on another device is waited for)."""
    made = {}
    for name, value in values.items():
        made[name] = torch.empty(value.shape, dtype=value.dtype, pin_memory=True)
        made[name].copy_(value, non_blocking=value.device == device)
    return made


def pad(adapter: Adapter, ids: Sequence[np.ndarray], lengths: np.ndarray, device: torch.device) -> dict[str, Any]:
    """Return the model's inputs: padded on the right, with mask and positions, sequences cut to `lengths`."""
    width = int(lengths.max())
    padded = np.zeros((len(ids), width), dtype=np.int64)
    for i, (sequence, length) in enumerate(zip(ids, lengths, strict=True)):
        padded[i, :length] = sequence[:length]
        padded[i, length:] = sequence[0]
    mask = np.arange(width)[None, :] < lengths[:, None]
    inputs: dict[str, Any] = {
        "input_ids": torch.from_numpy(padded).to(device),
        "attention_mask": torch.from_numpy(mask.astype(np.int64)).to(device),
        "use_cache": False,
    }
    if adapter.takes_positions:
        inputs["position_ids"] = torch.arange(width, device=device).expand(len(ids), -1)
    return inputs


def first_output(output: Any) -> torch.Tensor:
    """Return a decoder's last hidden state, whatever it wraps it in."""
    return output.last_hidden_state if hasattr(output, "last_hidden_state") else output[0]


def _keeper(
    tokens: int, flat: torch.Tensor, offsets: torch.Tensor, pool: Pool | None
) -> Callable[[torch.Tensor], torch.Tensor]:
    def keep(tensor: torch.Tensor) -> torch.Tensor:
        # Ordinary tensors, not inference tensors: probes and autoencoders are trained on them.
        with torch.inference_mode(False), torch.no_grad():
            chosen = tensor.reshape(tokens, -1).index_select(0, flat.to(tensor.device))
            return chosen if pool is None else pool(chosen, offsets.to(tensor.device))

    return keep


def _refuse_non_finite(
    values: Mapping[str, torch.Tensor], pooled: bool, owner: np.ndarray, batch: Batch, names: Sequence[str]
) -> None:
    """Name the first NaN or infinity. (The sums that led here are not finite because these survive a sum.)"""
    for site, value in values.items():
        bad = ~torch.isfinite(value).all(dim=-1)
        if bad.any():
            row = int(bad.nonzero()[0, 0])
            example = batch.examples[row if pooled else owner[row]]
            raise InputError(
                f"The activations at {site} of example {names[example]!r} are not finite ({int(bad.sum())} of "
                f"{len(bad)} rows in its batch): half precision overflows on massive activations, so load the model "
                "with dtype='float32' or 'bfloat16', or check its weights."
            )


def _device(base: nn.Module) -> torch.device:
    return next(base.parameters()).device
