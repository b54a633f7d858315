"""What a model loses when the activations of one site are replaced: cross-entropy and KL, over the same tokens."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from sonde.base.errors import InputError
from sonde.base.progress import progress_bar
from sonde.capture.edits import edited
from sonde.capture.engine import first_output, pad
from sonde.capture.job import Job, plan_capture, run_job
from sonde.capture.model import Model
from sonde.capture.plan import Batch
from sonde.capture.sites import BLOCK_SITES
from sonde.capture.taps import evaluating
from sonde.tokens import Selector, parse_selector

#: Sites that are read inside a module whose residual branch goes around them: writing there changes only a part.
READ_ONLY = ("resid_mid", "router")

Replace = Callable[[torch.Tensor], torch.Tensor]


@dataclass(frozen=True)
class Loss:
    """What predicting the next token costs, averaged over the same tokens for every replacement.

    Attributes:
        cross_entropy: nats a token.
        kl: nats a token, of the unchanged model's distribution from this one's.
        tokens: how many tokens.
    """

    cross_entropy: float
    kl: float
    tokens: int


def splice(
    model: Model,
    data: Any,
    site: str,
    replacements: Mapping[str, Replace],
    *,
    predicted: str | Selector = "all",
    max_tokens: int | None = None,
    truncation: str = "error",
    token_budget: int | None = None,
) -> dict[str, Loss]:
    """Run a model as it is and with the rows of `site` replaced, and return the losses.

    Args:
        model: from `load_model`.
        data: a Dataset, dialogues, or strings.
        site: one site that can be written to (not `resid_mid`, not a router).
        replacements: by name, from `[rows, d]` real tokens' activations to `[rows, d]`.
        predicted: the tokens whose prediction counts. A model that was trained on answers alone has no meaningful loss
            on prompts: for such a one `assistant`.
        max_tokens, truncation, token_budget: as of `capture`.

    Returns:
        One `Loss` a replacement, and `clean` (the model as it is), `zero` and `mean` (the site's rows replaced by
        zeros, and by their mean over this data): the references of what is recovered.

    Raises:
        InputError: no such site, or none that can be written to; no token that is predicted.
    """
    job = plan_capture(
        model,
        data,
        sites=[site],
        tokens="all",
        predictions=parse_selector(predicted),
        max_tokens=max_tokens,
        truncation=truncation,
        token_budget=token_budget,
    )
    (site,) = job.sites
    kind = next((kind for kind, name in BLOCK_SITES.items() if site.endswith(f".{name}")), "")
    if kind in READ_ONLY:
        raise InputError(
            f"Site {site!r} can be read but not replaced, as the residual stream goes around it: splice into "
            "resid_pre, attn_out, mlp_out or resid_post."
        )
    mean = _mean_row(job, site)
    asked: dict[str, Replace | None] = {"clean": None, **replacements}
    asked |= {"zero": torch.zeros_like, "mean": lambda rows: mean.to(rows).expand_as(rows)}
    totals, tokens = {name: np.zeros(2) for name in asked}, 0
    head, tap = model.head(), model.tap(site)
    total = int(sum(batch.lengths.sum() for batch in job.batches))
    with progress_bar(total, f"splice into {site}", "tok") as bar, torch.inference_mode(), evaluating(model.module):
        for batch in job.batches:
            inputs = _inputs(job, batch)
            clean: torch.Tensor | None = None
            for name, replace in asked.items():
                log_p = _log_probabilities(model, head, tap, inputs, replace)
                clean = log_p if clean is None else clean
                chosen = log_p.gather(1, inputs.targets[:, None])[:, 0]
                kl = (clean.exp() * (clean - log_p)).sum(1)
                totals[name] += [-float(chosen.double().sum()), float(kl.double().sum())]
            tokens += len(inputs.targets)
            bar.update(int(batch.lengths.sum()))
    if tokens == 0:
        raise InputError(
            f"No token of {job.what!r} that {str(predicted)!r} selects follows another, so nothing is predicted: give "
            "it longer texts, or select other tokens."
        )
    return {name: Loss(float(v[0]) / tokens, float(v[1]) / tokens, tokens) for name, v in totals.items()}


@dataclass(frozen=True)
class _Inputs:
    """One padded batch: the model's inputs, the flat places of real tokens, where a token is predicted, and which."""

    model: dict[str, Any]
    rows: torch.Tensor
    places: torch.Tensor
    targets: torch.Tensor


def _inputs(job: Job, batch: Batch) -> _Inputs:
    assert job.predicted is not None
    device = job.model.device
    ids = [job.sequences.ids[i] for i in batch.examples]
    inputs = pad(job.model.adapter, ids, batch.lengths, device)
    places = torch.zeros_like(inputs["attention_mask"], dtype=torch.bool)
    for row, example in enumerate(batch.examples):
        wanted = job.predicted.positions[job.predicted.offsets[example] : job.predicted.offsets[example + 1]]
        places[row, torch.from_numpy(wanted[wanted > 0] - 1).to(device)] = True
    rows = inputs["attention_mask"].bool().reshape(-1).nonzero()[:, 0]
    return _Inputs(inputs, rows, places, inputs["input_ids"].roll(-1, 1)[places])


def _log_probabilities(model: Model, head: Any, tap: Any, inputs: _Inputs, replace: Replace | None) -> torch.Tensor:
    """Return `[p, vocabulary]` at every place before a token that is predicted."""

    def edit(tensor: torch.Tensor) -> torch.Tensor:
        flat = tensor.reshape(-1, tensor.shape[-1]).clone()
        assert replace is not None
        flat[inputs.rows] = replace(flat[inputs.rows].float()).to(flat.dtype)
        return flat.reshape(tensor.shape)

    if replace is None:
        output = model.adapter.base(**inputs.model)
    else:
        with edited(tap, edit):
            output = model.adapter.base(**inputs.model)
    return torch.log_softmax(head(first_output(output)[inputs.places]).float(), dim=-1)


def _mean_row(job: Job, site: str) -> torch.Tensor:
    total, rows = torch.zeros(job.model.width(site), dtype=torch.float64), 0
    for batch, _ in run_job(job):
        total += batch.values[site].double().sum(0)
        rows += len(batch.rows)
    return (total / max(1, rows)).float()
