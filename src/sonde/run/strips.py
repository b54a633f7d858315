"""Token strips of the examples a probe scores highest and lowest."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Any

import numpy as np

from sonde.capture import Model
from sonde.text import Dataset

#: How many of the highest, and how many of the lowest scored examples are shown.
SHOWN = 3


def extreme_strips(model: Model, probe: Any, dataset: Dataset, scores: np.ndarray) -> list[dict[str, Any]]:
    """Return JSON-ready strips of the `SHOWN` highest and `SHOWN` lowest scored examples, highest first."""
    order = np.argsort(-scores, kind="stable")
    index = order if len(order) <= 2 * SHOWN else np.concatenate([order[:SHOWN], order[-SHOWN:]])
    return strips(model, probe, dataset[index], scores[index])


def strips(model: Model, probe: Any, dataset: Dataset, scores: np.ndarray) -> list[dict[str, Any]]:
    """Return one JSON-ready strip an example: its tokens, who said them, and the probe's score at each."""
    from sonde.report import strips_of

    names = {0: dataset.negative, 1: dataset.positive, None: ""}
    drawn = strips_of(probe.score_tokens(model, dataset))
    named = (
        replace(strip, class_name=names[d.label], score=float(s))
        for strip, d, s in zip(drawn, dataset, scores, strict=True)
    )
    return [{k: list(v) if isinstance(v, tuple) else v for k, v in asdict(strip).items()} for strip in named]
