"""Token strips of the examples a probe scores highest and lowest."""

from __future__ import annotations

from typing import Any

import numpy as np

from sonde.base.tables import ROLES
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
    tokens = probe.score_tokens(model, dataset)
    table = tokens.tokens
    names = {0: dataset.negative, 1: dataset.positive, None: "unlabelled"}
    found = []
    for i, (dialogue, score) in enumerate(zip(dataset, scores, strict=True)):
        rows = slice(table.offsets[i], table.offsets[i + 1])
        found.append(
            {
                "example_id": dialogue.id,
                "class_name": names[dialogue.label],
                "score": float(score),
                "tokens": table.strings[rows],
                "scores": [round(float(v), 5) for v in tokens.values[rows]],
                "roles": [ROLES[r] for r in table.role[rows]],
            }
        )
    return found
