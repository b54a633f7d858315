"""A probe meets a model again: scores of tokens and of examples, from one capture."""

from __future__ import annotations

from typing import Any

import numpy as np

from sonde.activations import Origin
from sonde.base.errors import InputError
from sonde.probes.base import Probe
from sonde.scores import Scores

_ROWS = 65_536  # rows widened to float64 at once


def score_examples(probe: Probe, model: Any, data: Any) -> Scores:
    """Return one score an example, over the tokens and with the pooling that the probe was trained on.

    After training on single tokens (pooling `none`) an example's score is the mean of its tokens' scores.

    Args:
        probe: fitted on features that know their origin.
        model: a sonde model: anything with `.name`, `.fingerprint` and `.capture(data, sites=, tokens=, pool=)`.
        data: a text, a list of texts or dialogues, or a `Dataset`.

    Raises:
        InputError: the probe was made for another model or knows no origin, or an example has no token that it reads.
    """
    origin = known_origin(probe, model)
    data = [data] if isinstance(data, str) else data
    tokens = origin.tokens or "all"
    if origin.pooling == "none":
        acts = model.capture(data, sites=[origin.site], tokens=tokens, pool=None)
        values, examples = (
            mean_of_tokens(scores_of(probe, acts[origin.site]), acts.offsets, acts.examples),
            acts.examples,
        )
    else:
        features = model.capture(data, sites=[origin.site], tokens=tokens, pool=origin.pooling)
        values, examples = scores_of(probe, features[origin.site]), features.examples
    return Scores.of_examples(values, examples, probe.threshold_, origin.positive, caption(probe, origin))


def score_tokens(probe: Probe, model: Any, data: Any) -> Scores:
    """Return the score of every token, with each example's own score beside.

    Where some example has no token that the probe's selector takes, `Scores.note` says so and only token scores exist.

    Args and errors as of `score_examples`.
    """
    origin = known_origin(probe, model)
    data = [data] if isinstance(data, str) else data
    acts = model.capture(data, sites=[origin.site], tokens="all", pool=None)
    values = scores_of(probe, acts[origin.site])
    own, note = None, ""
    chosen = acts.select(None if origin.tokens in ("", "all") else origin.tokens)
    empty = np.flatnonzero(np.diff(chosen.offsets) == 0)
    if len(empty):
        name = acts.examples.ids[int(empty[0])]
        note = f"Example {name!r} has no token that this probe reads ({origin.tokens}), so it has token scores only."
    elif origin.pooling == "none":
        own = mean_of_tokens(scores_of(probe, chosen[origin.site]), chosen.offsets, chosen.examples)
    else:
        own = scores_of(probe, chosen.pool(origin.pooling)[origin.site])
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


def mean_of_tokens(scores: np.ndarray, offsets: np.ndarray, examples: Any) -> np.ndarray:
    """Return `[n]` means of `[t]` token scores.

    Raises:
        InputError: an example has no tokens.
    """
    counts = np.diff(offsets)
    if (counts == 0).any():
        name = examples.ids[int(np.flatnonzero(counts == 0)[0])]
        raise InputError(
            f"Example {name!r} has no token that this probe reads: choose another selector, or leave it out."
        )
    return np.add.reduceat(scores, offsets[:-1]) / counts


def caption(probe: Probe, origin: Origin) -> str:
    """Return what gave the scores, in a few words."""
    return f"{probe.kind} probe at {origin.site} of {origin.model}"
