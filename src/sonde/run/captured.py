"""One capture pass over all the data of a run: features for the sweep, and what the baselines need."""

from __future__ import annotations

import json
import logging
import time
from dataclasses import dataclass
from typing import Any

import numpy as np

from sonde.activations import Features
from sonde.base.errors import InputError
from sonde.capture import Model, capture, forward_seconds
from sonde.recipe import Recipe
from sonde.run.data import RunData, joined
from sonde.text import Dataset

log = logging.getLogger("sonde.run")

EMBEDDING = "hook_embed"


@dataclass(frozen=True)
class Captured:
    """What the model's activations gave.

    Attributes:
        sites: the sites asked for, in depth order.
        features: per part of the run (`train`, `test NAME`, `control`) the pooled activations.
        entropy: per part `[n]`, mean entropy in nats of the model's predictions at the answer's tokens; empty where
            some example has none, with the reason in `entropy_reason`.
        entropy_reason: why there is no entropy.
        n_tokens: per part `[n]`, tokens of the whole sequence.
        cost: tokens and seconds, for `run.json`.
        self_check: what the model's self-check measured.
    """

    sites: tuple[str, ...]
    features: dict[str, Features]
    entropy: dict[str, np.ndarray]
    entropy_reason: str
    n_tokens: dict[str, np.ndarray]
    cost: dict[str, float]
    self_check: dict[str, Any]


def capture_run(recipe: Recipe, model: Model, data: RunData) -> Captured:
    """Capture the sites of `recipe` for every part of the run, in one pass.

    Raises:
        InputError: a site does not exist, a text is longer than the context, or an example has no selected token.
        SondeError: the self-check failed, or activations are not finite.
    """
    everything, rows = joined(data)
    sites = model.resolve_sites(recipe.capture.sites)
    asked = sites if EMBEDDING in sites or EMBEDDING not in model.sites else (*sites, EMBEDDING)
    started = time.perf_counter()
    limits: dict[str, Any] = {"max_tokens": recipe.capture.max_tokens, "truncation": recipe.capture.truncation}
    features: Any = capture(
        model,
        everything,
        sites=asked,
        tokens=recipe.capture.tokens,
        pool=recipe.capture.pool,
        token_budget=recipe.capture.token_budget,
        **limits,
    )
    seconds = time.perf_counter() - started
    tokens = model.tokenize(everything, **limits)
    log.info("Reading how sure the model was of its answers")
    entropy, reason = answer_entropy(model, everything, **limits)
    cost = {
        "tokens": int(tokens.lengths.sum()),
        "capture_seconds": round(seconds, 4),
        "forward_only_seconds": round(forward_seconds(model, tokens), 4),
    }
    return Captured(
        sites=sites,
        features={name: features.take(index) for name, index in rows.items()},
        entropy={} if entropy is None else {name: entropy[index] for name, index in rows.items()},
        entropy_reason=reason,
        n_tokens={name: tokens.lengths[index] for name, index in rows.items()},
        cost=cost,
        self_check=json.loads(features.fingerprint["self_check"]),
    )


def answer_entropy(model: Model, data: Dataset, **limits: Any) -> tuple[np.ndarray | None, str]:
    """Return `[n]` the mean entropy, in nats, of the model's predictions at the answer's tokens, or None and why.

    The answer is the dialogue's target where there is one, else the response, else the whole text.
    """
    if any(d.target is not None for d in data):
        answer = "target"
    else:
        answer = "text" if all(d.is_plain_text for d in data) else "response"
    try:
        read: Any = capture(
            model, data, sites=model.sites[0], tokens=answer, pool="mean", predictions=True, check=False, **limits
        )
    except InputError as error:
        return None, str(error)
    return read.predictions["entropy"].numpy(), ""
