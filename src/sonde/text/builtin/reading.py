"""The files of the built-in sets, read once a process into records."""

from __future__ import annotations

import typing
from functools import cache
from pathlib import Path
from typing import Any

from sonde.base.errors import InputError
from sonde.base.files import hash_bytes
from sonde.text.builtin.records import (
    Chat,
    Fact,
    Instruction,
    Item,
    OpenQuestion,
    Opinion,
    Pressure,
    Work,
    check_pressure,
)
from sonde.text.reading import decode, json_rows, read_bytes

FOLDER = Path(__file__).parent
#: File stem to record class.
RECORDS: dict[str, type[Item]] = {
    "facts": Fact,
    "opinions": Opinion,
    "open_questions": OpenQuestion,
    "pressures": Pressure,
    "instructions": Instruction,
    "work": Work,
    "chat": Chat,
}


def facts() -> tuple[Fact, ...]:
    """Return every statement of `facts`, misconceptions included."""
    return _records("facts")


def opinions() -> tuple[Opinion, ...]:
    """Return the questions with a right answer."""
    return _records("opinions")


def open_questions() -> tuple[OpenQuestion, ...]:
    """Return the questions without a right answer."""
    return _records("open_questions")


def pressures() -> tuple[Pressure, ...]:
    """Return the ways in which a user puts a claim."""
    return _records("pressures")


def instructions() -> tuple[Instruction, ...]:
    """Return both sides of every pair of system prompts."""
    return _records("instructions")


def work() -> tuple[Work, ...]:
    """Return the pieces of work."""
    return _records("work")


def chat() -> tuple[Chat, ...]:
    """Return the ordinary requests with their answers."""
    return _records("chat")


def file_hash(*stems: str) -> str:
    """Return the SHA-256 of the bytes of the named files."""
    return hash_bytes(*(read_bytes(FOLDER / f"{stem}.jsonl") for stem in stems))


def card(name: str) -> str:
    """Return the card of a built-in set: how it was made, counts, balance, known weaknesses (Markdown)."""
    return (FOLDER / f"{name}.md").read_text(encoding="utf-8")


@cache
def _records(stem: str) -> tuple[Any, ...]:
    path = FOLDER / f"{stem}.jsonl"
    read = [_record(RECORDS[stem], row, f"{path} line {line}") for line, row in json_rows(_text(path), path)]
    seen: set[str] = set()
    for record in read:
        if record.id in seen:
            raise InputError(f"{path} has two records with the id {record.id!r}: make ids unique.")
        seen.add(record.id)
    return tuple(read)


@cache
def _types(kind: Any) -> dict[str, type]:
    """Field names of a record to the type of their values; tuples without what they hold."""
    return {name: typing.get_origin(hint) or hint for name, hint in typing.get_type_hints(kind).items()}


def _text(path: Path) -> str:
    return decode(read_bytes(path), path)


def _record(kind: Any, row: dict[str, Any], place: str) -> Item:
    expected = _types(kind)
    if row.keys() != expected.keys():
        raise InputError(
            f"{place} has the fields {', '.join(row)}, expected {', '.join(expected)}: correct the record."
        )
    values = {key: tuple(value) if isinstance(value, list) else value for key, value in row.items()}
    for key, value in values.items():
        wanted = expected[key]
        if type(value) is not wanted or value == "":
            raise InputError(f"{place}: {key!r} is {value!r}, expected a {wanted.__name__} that is not empty.")
    made: Item = kind(**values)
    if isinstance(made, Pressure):
        check_pressure(made, place)
    return made
