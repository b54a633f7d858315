"""The capture pass: a stream of batches of activations, in the order of the plan. What consumes it is a sink."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import nn

from sonde.base.errors import SondeError
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
        SondeError: an activation is not finite; the message names example and site.
    """
    device = _device(adapter.base)
    recorder = Recorder(taps, stop=hidden_rows is None)
    with torch.inference_mode(), evaluating(adapter.base), recorder:
        for batch in batches:
            rows = rows_of(sequences.offsets, batch.examples)
            counts = np.diff(sequences.offsets)[batch.examples]
            width = int(batch.lengths.max())
            owner = np.repeat(np.arange(len(counts)), counts)
            flat = torch.from_numpy(owner * width + sequences.positions[rows]).to(device)
            offsets = torch.from_numpy(np.concatenate([[0], np.cumsum(counts)])).to(device)
            inputs = pad(adapter, [sequences.ids[i] for i in batch.examples], batch.lengths, device)
            keep = _keeper(len(counts) * width, flat, offsets, pool)
            values, output = recorder.run(partial(adapter.base, **inputs), keep)
            _refuse_non_finite(values, pool is not None, owner, batch, sequences.names)
            hidden = None
            if hidden_rows is not None:
                sequence, position = hidden_rows(batch)
                hidden = first_output(output)[torch.from_numpy(sequence), torch.from_numpy(position)]
            yield CaptureBatch(batch.examples, rows, {s: values[s].to("cpu") for s in taps}, hidden)
            done(int(batch.lengths.sum()))


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
        chosen = tensor.detach().reshape(tokens, -1).index_select(0, flat.to(tensor.device))
        return chosen if pool is None else pool(chosen, offsets.to(tensor.device))

    return keep


def _refuse_non_finite(
    values: Mapping[str, torch.Tensor], pooled: bool, owner: np.ndarray, batch: Batch, names: Sequence[str]
) -> None:
    """Refuse NaN and infinities. One sum a site finds them: they survive it."""
    if not values or all(np.isfinite([float(v.sum(dtype=torch.float32)) for v in values.values()])):
        return
    for site, value in values.items():
        bad = ~torch.isfinite(value).all(dim=-1)
        if bad.any():
            row = int(bad.nonzero()[0, 0])
            example = batch.examples[row if pooled else owner[row]]
            raise SondeError(
                f"The activations at {site} of example {names[example]!r} are not finite ({int(bad.sum())} of "
                f"{len(bad)} rows in its batch): half precision overflows on massive activations, so load the model "
                "with dtype='float32' or 'bfloat16', or check its weights."
            )


def _device(base: nn.Module) -> torch.device:
    return next(base.parameters()).device
