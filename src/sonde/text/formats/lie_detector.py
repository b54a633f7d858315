"""The questions of LLM-LieDetector (Pacchiardi et al. 2023): a question, its answer, a falsehood.

One JSON object, either a row a key (raw) or a column a key (processed).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sonde.base.errors import InputError
from sonde.text.dialogue import Message, Target
from sonde.text.duplicates import text_group
from sonde.text.formats.base import Options, not_applied
from sonde.text.labels import Classes
from sonde.text.reading import decode, read_bytes
from sonde.text.records import Record, Source, check_text

_COLUMNS = re.compile(r'^\s*\{\s*"question"\s*:\s*\{')
#: Pairs of true and false answers, in the order in which they are looked for; both of one pair have one form.
_SIDES = (("answer", "false_answer"), ("statement", "false_statement"))


@dataclass(frozen=True)
class LieDetector:
    """`question`, `answer`, `statement`, `false_statement` and, for real facts, `false_answer`."""

    name: str = "lie-detector"
    suffixes: tuple[str, ...] = (".json",)

    def matches(self, path: Path, head: str) -> bool:
        """One JSON object with questions and false statements, by row or by column."""
        whole = head.lstrip().startswith("{") and '"question"' in head
        return whole and ('"false_statement"' in head or _COLUMNS.match(head) is not None)

    def read(self, path: Path, options: Options) -> Source:
        """Give two user/assistant dialogues a question, class "true" = its answer; group = the question.

        Short answers on both sides where the file has a false one, whole statements on both sides elsewhere. The
        lying rates of old models that the processed files hold are left out.
        """
        records = []
        for key, row in _rows(path).items():
            records += _pair(row, key, f"{path} question {key}")
        notes = (not_applied(options),) if options.columns else ()
        return Source(records, classes=Classes("true", "false", fixed=True), policy="off-policy", notes=notes)


def _rows(path: Path) -> dict[str, Mapping[str, Any]]:
    try:
        content = json.loads(decode(read_bytes(path), path))
    except ValueError as error:
        raise InputError(f"{path} is not valid JSON ({error}): download it again.") from error
    if not isinstance(content, dict) or not content or not all(isinstance(v, dict) for v in content.values()):
        raise InputError(f"{path} is no JSON object of rows or columns, expected LieDetector's: leave format= out.")
    if "question" not in content:
        return content
    names = ("question", "category", *(name for pair in _SIDES for name in pair))
    return {key: {name: content.get(name, {}).get(key) for name in names} for key in content["question"]}


def _pair(row: Mapping[str, Any], key: str, place: str) -> list[Record]:
    sides = next((pair for pair in _SIDES if row.get(pair[0]) and row.get(pair[1])), None)
    if sides is None or not row.get("question"):
        raise InputError(f"{place} lacks a question, an answer or a falsehood (it has {', '.join(row)}): complete it.")
    question = check_text(row["question"], place, "question").strip()
    tags = {"category": str(row["category"])} if row.get("category") else {}
    return [
        Record(
            place=place,
            messages=(Message("user", question), Message("assistant", check_text(row[side], place, side).strip())),
            label=label,
            id=f"{key}/{label}",
            group=text_group(question),
            tags=tags,
            target=Target(1),
        )
        for side, label in zip(sides, ("true", "false"), strict=True)
    ]
