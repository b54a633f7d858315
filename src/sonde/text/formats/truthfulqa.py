"""TruthfulQA's CSV (Lin, Hilton & Evans 2021): questions with lists of correct and incorrect reference answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sonde.base.errors import InputError
from sonde.text.dialogue import Message, Target
from sonde.text.duplicates import text_group
from sonde.text.formats.base import Options, not_applied
from sonde.text.labels import Classes
from sonde.text.reading import decode, read_bytes, table_rows
from sonde.text.records import Record, Source

_LISTS = (("Correct Answers", "true"), ("Incorrect Answers", "false"))


@dataclass(frozen=True)
class TruthfulQA:
    """`Question`, `Correct Answers` and `Incorrect Answers`, the lists separated by semicolons."""

    name: str = "truthfulqa"
    suffixes: tuple[str, ...] = (".csv",)

    def matches(self, path: Path, head: str) -> bool:
        """By its columns."""
        first = head.split("\n", 1)[0]
        return all(name in first for name in ("Question", "Correct Answers", "Incorrect Answers"))

    def read(self, path: Path, options: Options) -> Source:
        """Give one user/assistant dialogue an answer; class "true" = a correct answer; group = the question."""
        columns, rows = table_rows(decode(read_bytes(path), path), path)
        lacking = [name for name in ("Question", "Correct Answers", "Incorrect Answers") if name not in columns]
        if lacking:
            raise InputError(
                f"{path} has no column {lacking[0]!r} (its columns: {', '.join(columns)}), expected TruthfulQA's: "
                "leave format= out to read another kind of table."
            )
        records = [r for number, (line, row) in enumerate(rows) for r in _answers(row, number, f"{path} line {line}")]
        notes = (not_applied(options),) if options.columns else ()
        return Source(records, classes=Classes("true", "false", fixed=True), policy="off-policy", notes=notes)


def _answers(row: Mapping[str, str], number: int, place: str) -> list[Record]:
    question = row["Question"].strip()
    if not question:
        raise InputError(f"{place} has an empty 'Question': fill it in or remove the row.")
    tags = {key.lower(): row[key].strip() for key in ("Category", "Type") if row.get(key, "").strip()}
    return [
        Record(
            place=place,
            messages=(Message("user", question), Message("assistant", answer)),
            label=label,
            id=f"{number}/{label}/{i}",
            group=text_group(question),
            tags=tags,
            target=Target(1),
        )
        for column, label in _LISTS
        for i, answer in enumerate(filter(None, map(str.strip, row[column].split(";"))))
    ]
