"""Dialogue files: sonde's own JSONL and chat JSONL, whose records hold `messages` (or `conversations`) or `text`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sonde.base.errors import InputError
from sonde.text.formats.base import Options
from sonde.text.labels import Classes
from sonde.text.reading import decode, json_rows, read_bytes
from sonde.text.records import Record, Source, plain, read_record


@dataclass(frozen=True)
class Dialogues:
    """JSON lines (or a JSON list) of dialogue records; the first line may describe the dataset (`Dataset.save`)."""

    name: str = "dialogues"
    suffixes: tuple[str, ...] = (".jsonl", ".ndjson", ".json")

    def matches(self, path: Path, head: str) -> bool:
        """JSON by its first character, or by its ending."""
        return head.lstrip().startswith(("{", "[")) or path.suffix.lower() in self.suffixes

    def read(self, path: Path, options: Options) -> Source:
        """Read every record; fields that are neither known nor plain values are left out, and noted."""
        rows = list(json_rows(decode(read_bytes(path), path), path))
        header = _header(rows[0][1], path) if rows and set(rows[0][1]) == {"dataset"} else None
        body = rows[1:] if header is not None else rows
        records = [read_record(value, f"{path} line {line}", options.columns) for line, value in body]
        classes = None
        if header is not None:
            classes = Classes(str(header.get("positive")), str(header.get("negative")), fixed=True)
        nested = _left_out(body, records)
        notes = (f"Fields left out, as they are no plain values: {', '.join(nested)}.",) if nested else ()
        return Source(records, classes=classes, notes=notes, header=header)


def _header(value: Mapping[str, Any], path: Path) -> Mapping[str, Any]:
    header = value["dataset"]
    if not isinstance(header, Mapping) or not {"name", "positive", "negative", "provenance"} <= set(header):
        raise InputError(f"{path} line 1 describes no dataset, expected name, positive, negative and provenance.")
    return header


def _left_out(rows: list[tuple[int, dict[str, Any]]], records: list[Record]) -> list[str]:
    known = {"messages", "conversations", "tags", "target", "system"}
    names = {
        key
        for (_, value), record in zip(rows, records, strict=True)
        for key, v in value.items()
        if key not in known and key not in record.tags and v is not None and plain(v) is None
    }
    return sorted(names)
