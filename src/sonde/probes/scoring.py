"""A probe meets a model again: scores of tokens and of examples, from one capture."""

from __future__ import annotations

from typing import Any

import numpy as np

from sonde.activations import SITE_JOINT, Origin
from sonde.base.errors import InputError
from sonde.probes.base import Probe
from sonde.scores import Scores

_ROWS = 65_536  # rows widened to float64 at once


def score_examples(probe: Probe, model: Any, data: Any) -> Scores:
    """Return one score an example, over the tokens and with the pooling that the probe was trained on.

    After training on single tokens (pooling `none`) an example's score is the mean of its tokens' scores, or what a
    probe of sequences makes of them.

    Args:
        probe: fitted on features that know their origin.
        model: a sonde model: anything with `.name`, `.fingerprint` and `.capture(data, sites=, tokens=, pool=)`.
        data: a text, a list of texts or dialogues, or a `Dataset`.

    Raises:
        InputError: the probe was made for another model or knows no origin, or an example has no token that it reads.
    """
    origin = known_origin(probe, model)
    data = [data] if isinstance(data, str) else data
    tokens, sites = origin.tokens or "all", sites_of(origin)
    if origin.pooling == "none":
        acts = model.capture(data, sites=sites, tokens=tokens, pool=None)
        values, examples = scores_of_texts(probe, rows_at(acts, sites), acts.offsets, acts.examples), acts.examples
    else:
        features = model.capture(data, sites=sites, tokens=tokens, pool=origin.pooling)
        values, examples = scores_of(probe, rows_at(features, sites)), features.examples
    return Scores.of_examples(values, examples, probe.threshold_, origin.positive, caption(probe, origin))


def score_tokens(probe: Probe, model: Any, data: Any) -> Scores:
    """Return the score of every token, with each example's own score beside.

    Where some example has no token that the probe's selector takes, `Scores.note` says so and only token scores exist.

    Args and errors as of `score_examples`.
    """
    origin = known_origin(probe, model)
    data = [data] if isinstance(data, str) else data
    sites = sites_of(origin)
    acts = model.capture(data, sites=sites, tokens="all", pool=None)
    values = scores_of(probe, rows_at(acts, sites))
    own, note = None, ""
    chosen = acts.select(None if origin.tokens in ("", "all") else origin.tokens)
    empty = np.flatnonzero(np.diff(chosen.offsets) == 0)
    if len(empty):
        name = acts.examples.ids[int(empty[0])]
        note = f"Example {name!r} has no token that this probe reads ({origin.tokens}), so it has token scores only."
    elif origin.pooling == "none":
        own = scores_of_texts(probe, rows_at(chosen, sites), chosen.offsets, chosen.examples)
    else:
        own = scores_of(probe, rows_at(chosen.pool(origin.pooling), sites))
    return Scores(
        values,
        acts.offsets,
        acts.tokens,
        acts.examples,
        probe.threshold_,
        origin.positive,
        example_values=own,
        note=note,
        source=caption(probe, origin),
    )


def known_origin(probe: Probe, model: Any) -> Origin:
    """Return the probe's origin, having checked that this is the model it was made for.

    Raises:
        InputError: the probe knows no origin, or another model's fingerprint.
    """
    from sklearn.utils.validation import check_is_fitted

    check_is_fitted(probe)
    origin = probe.origin_
    if origin is None or not origin.site:
        raise InputError(
            "This probe does not know which model and site its training rows came from, so it can only score arrays: "
            "fit it with `probe.fit(*features.at(site).xy)`, or call `probe.decision_function(X)`."
        )
    if origin.fingerprint != model.fingerprint:
        raise InputError(
            f"This probe was made for model {origin.model} ({origin.fingerprint[:12] or 'not stated'}), got "
            f"{model.name} ({model.fingerprint[:12]}): load the model it was made for, or train a probe on this one."
        )
    return origin


def scores_of(probe: Probe, rows: Any) -> np.ndarray:
    """Return `[t]` scores of `[t, d]` rows, some at a time."""
    parts = [probe.decision_function(rows[i : i + _ROWS]) for i in range(0, len(rows), _ROWS)]
    return np.concatenate(parts) if parts else np.empty(0)


def sites_of(origin: Origin) -> list[str]:
    """Return the sites that a probe reads side by side."""
    return origin.site.split(SITE_JOINT)


def rows_at(values: Any, sites: list[str]) -> Any:
    """Return the rows of activations or features at one site, or at several side by side."""
    if len(sites) == 1:
        return values[sites[0]]
    import torch

    return torch.cat([values[site].float() for site in sites], dim=1)


def scores_of_texts(probe: Probe, rows: Any, offsets: np.ndarray, examples: Any) -> np.ndarray:
    """Return `[n]` scores of examples of which the probe reads every token.

    Raises:
        InputError: an example has no tokens.
    """
    counts = np.diff(offsets)
    if (counts == 0).any():
        name = examples.ids[int(np.flatnonzero(counts == 0)[0])]
        raise InputError(
            f"Example {name!r} has no token that this probe reads: choose another selector, or leave it out."
        )
    return probe.example_scores(rows, np.repeat(np.arange(len(counts)), counts))


def caption(probe: Probe, origin: Origin) -> str:
    """Return what gave the scores, in a few words."""
    return f"{probe.kind} probe at {origin.site} of {origin.model}"
