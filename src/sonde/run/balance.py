"""How even the classes of an embedded set are: rows by tag, and the answers' entropy by cell."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

import numpy as np

from sonde.text import Dataset

#: What both classes should have as often, as far as a contrast does not turn on it.
EVEN_TAGS = ("code", "channel", "relation", "form", "negated", "style", "rule", "turns")
#: A cell, within which answers of both classes should be as sure.
CELL = ("form", "relation_kind", "negated")


@dataclass(frozen=True)
class Balance:
    """One table, as text and JSON-ready."""

    text: str
    content: dict[str, Any]


def balance(data: Dataset) -> list[Balance]:
    """Return, for every tag of `EVEN_TAGS`, the rows of each class by value; and the mean entropy of each by cell."""
    return [_counts(data, tag) for tag in EVEN_TAGS if tag in data.tags] + _entropies(data)


def _counts(data: Dataset, tag: str) -> Balance:
    found: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for dialogue in data:
        found[dialogue.tags[tag]][int(dialogue.label == 1)] += 1
    counts = {value: {data.positive: n[1], data.negative: n[0]} for value, n in sorted(found.items())}
    shown = ", ".join(f"{value} {n[1]}/{n[0]}" for value, n in sorted(found.items()))
    return Balance(f"{tag} ({data.positive}/{data.negative}): {shown}", {"tag": tag, "rows": counts})


def _entropies(data: Dataset) -> list[Balance]:
    """Return the mean entropy of the answer's value in nats, by cell and class (rows in brackets)."""
    if "entropy" not in data.tags:
        return []
    cells: dict[str, tuple[list[float], list[float]]] = defaultdict(lambda: ([], []))
    for dialogue in data:
        cell = " ".join(_named(tag, dialogue.tags[tag]) for tag in CELL)
        cells[cell][int(dialogue.label == 1)].append(float(dialogue.tags["entropy"]))
    rows, lines = (
        {},
        [f"mean entropy of the value in nats, by cell ({data.positive} / {data.negative}, rows in brackets):"],
    )
    for cell, (negative, positive) in sorted(cells.items()):
        lines.append(f"  {cell.ljust(32)} {_mean(positive)} / {_mean(negative)}")
        rows[cell] = {
            data.positive: {"mean": float(np.mean(positive)) if positive else None, "n": len(positive)},
            data.negative: {"mean": float(np.mean(negative)) if negative else None, "n": len(negative)},
        }
    return [Balance("\n".join(lines), {"entropy": rows})]


def _named(tag: str, value: str) -> str:
    return value if tag != "negated" else "denied" if value == "yes" else "asserted"


def _mean(values: list[float]) -> str:
    return f"{np.mean(values):.3f} ({len(values)})" if values else "none"
