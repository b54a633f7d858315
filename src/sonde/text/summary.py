"""What a dataset holds, in numbers and in a few lines of text."""

from __future__ import annotations

from collections import Counter
from typing import Any

from sonde.text.dataset import Dataset

_SHOWN = 4


def count(data: Dataset) -> dict[str, Any]:
    """Count rows, classes, groups and tag values (JSON-ready)."""
    labels, groups = data.labels, data.groups
    positive = 0 if labels is None else int(labels.sum())
    sizes = None if groups is None else Counter(groups.tolist())
    return {
        "n": len(data),
        "positive": positive,
        "negative": 0 if labels is None else len(labels) - positive,
        "unlabelled": len(data) if labels is None else 0,
        "groups": None if sizes is None else len(sizes),
        "largest_group": None if sizes is None else max(sizes.values()),
        "tags": {name: dict(Counter(v for v in column if v is not None)) for name, column in data.tags.items()},
    }


def summarise(data: Dataset) -> str:
    """Write the counts and the provenance as aligned lines."""
    counts, origin = data.counts(), data.provenance
    lines = [f"{data.name}: {counts['n']:,} {'text' if _plain(data) else 'dialogue'}{'' if counts['n'] == 1 else 's'}"]
    if data.labels is None:
        lines.append("classes  unlabelled")
    else:
        lines.append(f"classes  {data.positive} {counts['positive']:,} · {data.negative} {counts['negative']:,}")
    if counts["groups"] is None:
        lines.append("groups   not known (near-duplicate texts will be kept together)")
    else:
        lines.append(f"groups   {counts['groups']:,}, the largest of {counts['largest_group']:,} rows")
    lines += [f"tag      {_tag(name, values)}" for name, values in counts["tags"].items()]
    hashed = f", sha256 {origin.sha256[:12]}" if origin.sha256 else ""
    lines.append(f"source   {origin.source}, licence {origin.licence}{hashed}, policy {origin.policy}")
    lines += [f"note     {note}" for note in origin.notes]
    return "\n".join(lines)


def _plain(data: Dataset) -> bool:
    return all(d.is_plain_text for d in data)


def _tag(name: str, values: dict[str, int]) -> str:
    common = Counter(values).most_common(_SHOWN)
    shown = ", ".join(f"{_short(value)} {rows:,}" for value, rows in common)
    return f"{name}: {shown}" + (f", … ({len(values):,} values)" if len(values) > _SHOWN else "")


def _short(value: str) -> str:
    line = " ".join(value.split())
    return line if len(line) <= 32 else line[:31] + "…"
