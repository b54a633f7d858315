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

#: Sites that are read inside a module whose residual branch goes around them: writing there changes only a part.
READ_ONLY = ("resid_mid", "router")

Replace = Callable[[torch.Tensor], torch.Tensor]


@dataclass(frozen=True)
class Loss:
    """What predicting the next token costs, averaged over the same tokens for every replacement.

    Attributes:
        cross_entropy: nats a token.
        kl: nats a token, of the unchanged model's distribution from this one's.
    """

    cross_entropy: float
    kl: float


def splice(
    model: Model,
    data: Any,
    site: str,
    replacements: Mapping[str, Replace],
    *,
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
        max_tokens, truncation, token_budget: as of `capture`.

    Returns:
        One `Loss` a replacement, and `clean` (the model as it is), `zero` and `mean` (the site's rows replaced by
        zeros, and by their mean over this data): the references of what is recovered.

    Raises:
        InputError: no such site, or none that can be written to; no text of two tokens.
    """
    job = plan_capture(
        model,
        data,
        sites=[site],
        tokens="all",
        predictions=False,
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
            inputs, rows, targets = _inputs(job, batch)
            clean: torch.Tensor | None = None
            for name, replace in asked.items():
                log_p = _log_probabilities(model, head, tap, inputs, rows, replace)
                clean = log_p if clean is None else clean
                chosen = log_p.gather(1, targets[:, None])[:, 0]
                kl = (clean.exp() * (clean - log_p)).sum(1)
                totals[name] += [-float(chosen.double().sum()), float(kl.double().sum())]
            tokens += len(targets)
            bar.update(int(batch.lengths.sum()))
    if tokens == 0:
        raise InputError(f"No text of {job.what!r} has two tokens, so nothing is predicted: give it longer texts.")
    return {name: Loss(*(value / tokens).tolist()) for name, value in totals.items()}


def _inputs(job: Job, batch: Batch) -> tuple[dict[str, Any], torch.Tensor, torch.Tensor]:
    """Return the model's inputs, the flat places of real tokens, and the next tokens `[p]` of all that have one."""
    device = job.model.device
    ids = [job.sequences.ids[i] for i in batch.examples]
    inputs = pad(job.model.adapter, ids, batch.lengths, device)
    real = inputs["attention_mask"].bool()
    following = real[:, 1:]
    return inputs, real.reshape(-1).nonzero()[:, 0], inputs["input_ids"][:, 1:][following]


def _log_probabilities(
    model: Model, head: Any, tap: Any, inputs: dict[str, Any], rows: torch.Tensor, replace: Replace | None
) -> torch.Tensor:
    """Return `[p, vocabulary]` at every position that has a next token."""

    def edit(tensor: torch.Tensor) -> torch.Tensor:
        flat = tensor.reshape(-1, tensor.shape[-1]).clone()
        assert replace is not None
        flat[rows] = replace(flat[rows].float()).to(flat.dtype)
        return flat.reshape(tensor.shape)

    if replace is None:
        output = model.adapter.base(**inputs)
    else:
        with edited(tap, edit):
            output = model.adapter.base(**inputs)
    hidden = first_output(output)[:, :-1][inputs["attention_mask"][:, 1:].bool()]
    return torch.log_softmax(head(hidden).float(), dim=-1)


def _mean_row(job: Job, site: str) -> torch.Tensor:
    total, rows = torch.zeros(job.model.width(site), dtype=torch.float64), 0
    for batch, _ in run_job(job):
        total += batch.values[site].double().sum(0)
        rows += len(batch.rows)
    return (total / max(1, rows)).float()
