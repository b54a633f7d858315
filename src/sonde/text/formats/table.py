"""Labelled tables, CSV or TSV: a text column, a label column, and further columns, which become tags."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sonde.base.errors import InputError, nearest
from sonde.text.dialogue import Message
from sonde.text.formats.base import Options
from sonde.text.reading import decode, read_bytes, table_rows
from sonde.text.records import Record, Source, check_text, plain

#: Column names looked for, best first, where the user names none.
TEXT_COLUMNS = ("statement", "text")


@dataclass(frozen=True)
class Table:
    """Comma- or tab-separated values with a header line."""

    name: str = "table"
    suffixes: tuple[str, ...] = (".csv", ".tsv")

    def matches(self, path: Path, head: str) -> bool:
        """By its ending, or by separators in its first line."""
        first = head.split("\n", 1)[0]
        return path.suffix.lower() in self.suffixes or "," in first or "\t" in first

    def read(self, path: Path, options: Options) -> Source:
        """Read every row."""
        columns, rows = table_rows(decode(read_bytes(path), path), path)
        return read_table(columns, rows, str(path), options, unit="line")


def read_table(
    columns: Sequence[str], rows: Iterable[tuple[int, Mapping[str, Any]]], where: str, options: Options, unit: str
) -> Source:
    """Turn the rows of a table into records.

    Args:
        columns: the names of its columns.
        rows: number and values of each row.
        where: file or dataset, for errors.
        options: own names of the text, label, group and id columns; `label=""` reads an unlabelled table.
        unit: what the number counts ("line", "row").

    Raises:
        InputError: a column that is missing (those that exist are named), an empty text.
    """
    text = _find(columns, options, "text", TEXT_COLUMNS, where)
    label = None if options.columns.get("label") == "" else _find(columns, options, "label", ("label",), where)
    group = _optional(columns, options, "group", where)
    id = _optional(columns, options, "id", where)
    tags = [c for c in columns if c not in (text, label, group, id)]
    records = []
    for number, row in rows:
        place = f"{where} {unit} {number}"
        content = check_text(row[text], place, f"column {text!r}")
        if not content.strip():
            raise InputError(f"{place} has an empty {text!r}: fill it in or remove the row.")
        records.append(
            Record(
                place=place,
                messages=(Message("text", content),),
                label=None if label is None else row[label],
                id=plain(row[id]) if id else None,
                group=_group(row[group], place, group) if group else None,
                tags={c: value for c in tags if (value := plain(row[c]))},
            )
        )
    return Source(records)


def _group(value: object, place: str, column: str) -> str:
    group = plain(value)
    if not group:
        raise InputError(f"{place} has no value in the group column {column!r}: fill it in or remove the row.")
    return group


def _find(columns: Sequence[str], options: Options, what: str, names: Sequence[str], where: str) -> str:
    own = options.columns.get(what)
    wanted = (own,) if own else names
    for name in wanted:
        if name in columns:
            return name
    close = nearest(own, columns) if own else []
    hint = (
        f"did you mean {close[0]!r}?"
        if close
        else f"name the column with {what}="
        + (', or pass label="" for data without labels.' if what == "label" else ".")
    )
    raise InputError(
        f"{where} has no column {' or '.join(map(repr, wanted))} (its columns: {', '.join(columns)}): {hint}"
    )


def _optional(columns: Sequence[str], options: Options, what: str, where: str) -> str | None:
    own = options.columns.get(what)
    if own:
        return _find(columns, options, what, (what,), where)
    return what if own is None and what in columns else None
