"""Next-token statistics from the same forward pass: the unembedding applied only where it is needed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from sonde.base.errors import InputError
from sonde.base.tables import rows_of
from sonde.capture.adapter import TOLERANCE, Adapter, text_config
from sonde.capture.engine import CaptureBatch, Sequences, first_output
from sonde.capture.plan import Batch
from sonde.capture.taps import evaluating
from sonde.capture.watch import embedding_of, probe_inputs

#: Logits held at a time.
CHUNK_ELEMENTS = 2**24

Head = Callable[[torch.Tensor], torch.Tensor]


def head_of(module: Any) -> Head:
    """Return the function from the decoder's output `[p, d]` to logits `[p, vocabulary]`, with softcap and scale."""
    unembedding = module.get_output_embeddings()
    config = text_config(module)
    scale = float(getattr(config, "logit_scale", None) or 1.0) / float(getattr(config, "logits_scaling", None) or 1.0)
    cap = getattr(config, "final_logit_softcapping", None)

    def head(hidden: torch.Tensor) -> torch.Tensor:
        logits = unembedding(hidden)
        if scale != 1.0:
            logits = logits * scale
        return logits if cap is None else torch.tanh(logits / cap) * cap

    return head


def verified_head(module: Any, adapter: Adapter, name: str) -> Head:
    """Return the model's head, shown on eight tokens to give the logits that the whole model gives.

    Raises:
        InputError: it does not; then predictions are not offered for this architecture.
    """
    head = head_of(module)
    embedding = embedding_of(adapter.base)
    inputs = probe_inputs(embedding, next(adapter.base.parameters()).device, adapter.takes_positions)
    with torch.inference_mode(), evaluating(module):
        mine = head(first_output(adapter.base(**inputs))).double()
        whole = module(**inputs).logits.double()
    error = float(((mine - whole).norm(dim=-1) / whole.norm(dim=-1).clamp_min(1e-30)).max())
    tolerance = TOLERANCE.get(next(module.parameters()).dtype, 5e-2)
    if not error <= tolerance:
        raise InputError(
            f"Predictions are not offered for {name!r}: its unembedding applied to its decoder's output is {error:.1e} "
            f"away from its own logits (tolerance {tolerance:.0e}); capture without predictions=True."
        )
    return head


def predicted_places(sequences: Sequences, examples: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return `[r]` whether each kept token of these examples is predicted, and for those that are, where from.

    The first token of a sequence is given, not predicted.

    Returns:
        predicted: `[r]` bool.
        place, before: `[p]` row of the batch, and the position before the token.
    """
    rows = rows_of(sequences.offsets, examples)
    place = np.repeat(np.arange(len(examples)), np.diff(sequences.offsets)[examples])
    predicted = sequences.positions[rows] > 0
    return predicted, place[predicted], sequences.positions[rows][predicted] - 1


def hidden_places(sequences: Sequences) -> Callable[[Batch], tuple[np.ndarray, np.ndarray]]:
    """Return the function that tells `engine.stream` at which places of a batch the decoder's output is needed."""
    return lambda batch: predicted_places(sequences, batch.examples)[1:]


def batch_predictions(head: Head, sequences: Sequences, batch: CaptureBatch) -> dict[str, torch.Tensor]:
    """Return `log_probability`, `entropy` and `predicted`, each `[r]` float32, of the rows of one batch."""
    predicted, place, before = predicted_places(sequences, batch.examples)
    ids = [sequences.ids[batch.examples[i]][p + 1] for i, p in zip(place, before, strict=True)]
    assert batch.hidden is not None
    found = statistics(head, batch.hidden, torch.tensor(np.array(ids, dtype=np.int64)))
    made = {"predicted": torch.from_numpy(predicted).float()}
    for name, values in zip(("log_probability", "entropy"), found, strict=True):
        made[name] = torch.zeros(len(predicted))
        made[name][torch.from_numpy(predicted)] = values
    return made


def statistics(head: Head, hidden: torch.Tensor, ids: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Return log-probability and entropy `[p]`, in nats, in float32 on the CPU.

    Args:
        hidden: `[p, d]` the decoder's output at the position before each token.
        ids: `[p]` the tokens that came.
    """
    log_probability, entropy = [torch.empty(0)], [torch.empty(0)]
    with torch.inference_mode():
        size = max(1, CHUNK_ELEMENTS // max(1, head(hidden[:1]).shape[-1]))
        for part, token in zip(hidden.split(size), ids.to(hidden.device).split(size), strict=True):
            log_p = torch.log_softmax(head(part).float(), dim=-1)
            log_probability.append(log_p.gather(1, token[:, None])[:, 0].cpu())
            entropy.append(torch.special.entr(log_p.exp()).sum(dim=-1).cpu())
    return torch.cat(log_probability), torch.cat(entropy)


def direct_logits(model: Any, directions: torch.Tensor) -> torch.Tensor:
    """Return `[m, vocabulary]` what one unit of each direction `[m, d_model]` adds to the logits, without final norm.

    The direct path of the logit lens: later layers and the norm are left out, so only the order of tokens means much.
    """
    unembedding = model.module.get_output_embeddings()
    with torch.inference_mode():
        weight = unembedding.weight.float()
        return (directions.to(weight.device, torch.float32) @ weight.T).cpu()
