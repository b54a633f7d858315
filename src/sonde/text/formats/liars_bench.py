"""Rows of Liars' Bench (Kretschmar et al. 2025, arXiv:2511.16035): dialogues with a truth value `deceptive`.

Columns, as in copies of the sets `convincing-game` and `instructed-deception` (split `test`): `index`, `model`,
`messages` (role and content), `deceptive`, `temperature`, `canary`, `meta` (a Python dictionary written as a string,
with `sample_id` where one question is asked in several wordings), and in `instructed-deception` also `dataset` and
`dataset_index`. The other sets (`alpaca`, `soft-trigger`, `gender-secret`, `harm-pressure-choice`,
`harm-pressure-knowledge-report`, `insider-trading/…`) were not seen; they are read by `messages` and `deceptive` alone.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sonde.text.dialogue import Target
from sonde.text.duplicates import text_group
from sonde.text.formats.base import Options, not_applied
from sonde.text.labels import Classes
from sonde.text.reading import decode, json_rows, read_bytes
from sonde.text.records import Record, Source, plain, read_record

MESSAGES, LABEL = "messages", "deceptive"
CLASSES = Classes("deceptive", "honest")
_LABEL = re.compile(rf'(?<!\\)"{LABEL}"\s*:\s*(?:true|false|0|1)')
#: Not for training on: the mark by which its makers find copies of the set.
_LEFT_OUT = ("canary",)
META = "meta"


@dataclass(frozen=True)
class LiarsBench:
    """`messages` and `deceptive`; JSON lines or a JSON list. Further plain fields and those of `meta` become tags."""

    name: str = "liars-bench"
    suffixes: tuple[str, ...] = (".jsonl", ".json")

    def matches(self, path: Path, head: str) -> bool:
        """JSON with messages and a truth value `deceptive`."""
        start = head.lstrip()
        return start.startswith(("{", "[")) and f'"{MESSAGES}"' in head and _LABEL.search(head) is not None

    def read(self, path: Path, options: Options) -> Source:
        """Give one dialogue a row, label 1 = deceptive; the target is the last answer of the assistant."""
        rows = json_rows(decode(read_bytes(path), path), path)
        records = [liars_bench_record(row, f"{path} line {line}") for line, row in rows]
        notes = (not_applied(options),) if options.columns else ()
        return Source(records, classes=CLASSES, policy="off-policy", notes=notes)


def is_liars_bench(columns: Mapping[str, Any] | list[str] | tuple[str, ...]) -> bool:
    """Whether a table with these columns (Parquet, Hugging Face) has this form."""
    return MESSAGES in columns and LABEL in columns and "label" not in columns


def liars_bench_record(row: Mapping[str, Any], place: str) -> Record:
    """Read one row. Rows about the same item share a group; see `item_of`.

    Raises:
        InputError: as `read_record`.
    """
    meta = read_meta(row.get(META))
    kept = {key: value for key, value in row.items() if key not in (*_LEFT_OUT, META) and value is not None}
    record = read_record(kept, place, {"label": LABEL})
    answers = [i for i, message in enumerate(record.messages) if message.role == "assistant"]
    before = record.messages[: answers[-1]] if answers else record.messages
    return replace(
        record,
        group=record.group or item_of(row, meta) or text_group("\n".join(message.content for message in before)),
        target=record.target or (Target(answers[-1]) if answers else None),
        tags={**record.tags, **{key: text for key, value in meta.items() if (text := plain(value)) is not None}},
    )


def read_meta(value: object) -> Mapping[str, Any]:
    """Return the dictionary that a `meta` column holds, as one or written as a string; empty where it is neither."""
    if isinstance(value, str):
        try:
            value = ast.literal_eval(value)
        except (ValueError, SyntaxError):
            return {}
    return value if isinstance(value, Mapping) else {}


def item_of(row: Mapping[str, Any], meta: Mapping[str, Any]) -> str | None:
    """Return the item that a row is about: a question in all its wordings, asked of every model; None if unknown.

    `dataset` and `dataset_index` name it, or `sample_id` does; elsewhere rows that share what stands before the last
    answer share a group.
    """
    if row.get("dataset") is not None and row.get("dataset_index") is not None:
        return f"{row['dataset']} {row['dataset_index']}"
    sample = plain(meta.get("sample_id"))
    return None if sample is None else f"sample {sample}"
