"""Files as text and as records, each record with the line it begins on, so that an error can name it."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sonde.base.errors import InputError, nearest

Rows = Iterator[tuple[int, dict[str, Any]]]


def read_bytes(path: Path) -> bytes:
    """Return the bytes of a data file.

    Raises:
        InputError: the file is missing (the nearest name in its folder is given), a folder, unreadable, or empty.
    """
    if path.is_dir():
        raise InputError(f"{path} is a folder, expected a data file: name one of the files in it.")
    if not path.exists():
        raise missing_file(path)
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}): check its permissions.") from error
    if not data.strip():
        raise InputError(f"{path} is empty, expected at least one row of data: check that it was written completely.")
    return data


def missing_file(path: Path) -> InputError:
    """Build the error for a path that does not exist, with the nearest name beside it."""
    folder = path.parent
    if not folder.is_dir():
        return InputError(f"No file {path}: its folder {folder} does not exist either; check the path.")
    names = [entry.name for entry in folder.iterdir()]
    close = nearest(path.name, names)
    hint = f"did you mean {close[0]!r}?" if close else "check the name and the folder."
    return InputError(f"No file {path}: {hint}")


def decode(data: bytes, path: Path) -> str:
    """Return UTF-8 bytes as text, without a byte-order mark.

    Raises:
        InputError: the bytes are not UTF-8, or hold a NUL byte; the line is named.
    """
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        byte = data[error.start]
        raise InputError(f"{path} line {line} is not UTF-8 (byte 0x{byte:02x}): save the file as UTF-8.") from error
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise InputError(f"{path} line {line} holds a NUL byte, expected text: the file is binary or damaged.")
    return text


def json_rows(text: str, path: Path) -> Rows:
    """Yield `(line, record)` of JSON lines, or of one JSON list of records.

    Raises:
        InputError: malformed JSON, or a value that is not an object; the line is named.
    """
    rows = _list_rows(text, path) if text.lstrip().startswith("[") else _line_rows(text, path)
    for line, value in rows:
        if not isinstance(value, dict):
            kind = type(value).__name__
            raise InputError(f"{path} line {line} holds a JSON {kind}, expected an object of fields such as 'text'.")
        yield line, value


def _line_rows(text: str, path: Path) -> Iterator[tuple[int, Any]]:
    # Only "\n" ends a line: str.splitlines would also cut at U+2028 and other marks that JSON strings may hold.
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            value = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise _malformed(text, path, number, error) from error
        yield number, value


def _list_rows(text: str, path: Path) -> Iterator[tuple[int, Any]]:
    decoder, position, line, counted = json.JSONDecoder(), text.index("[") + 1, 1, 0
    position = _skip_space(text, position)
    while not text.startswith("]", position):
        line, counted = line + text.count("\n", counted, position), position
        try:
            value, end = decoder.raw_decode(text, position)
        except (ValueError, RecursionError) as error:
            at = getattr(error, "lineno", line)
            raise _bad_json(path, at, error) from error
        yield line, value
        position = _skip_space(text, end)
        if text.startswith(",", position):
            position = _skip_space(text, position + 1)
        elif not text.startswith("]", position):
            at = text.count("\n", 0, position) + 1
            raise InputError(f"{path} line {at} is not valid JSON: expected ',' or ']' after a record of the list.")
    if text[position + 1 :].strip():
        at = text.count("\n", 0, _skip_space(text, position + 1)) + 1
        raise InputError(f"{path} line {at} is not valid JSON: there is more after the end of the list.")


def _skip_space(text: str, position: int) -> int:
    while position < len(text) and text[position] in " \t\r\n":
        position += 1
    return position


def _malformed(text: str, path: Path, line: int, error: Exception) -> InputError:
    """Tell one JSON object over many lines, a common mistake, from a line that is broken."""
    try:
        whole = json.loads(text)
    except (ValueError, RecursionError):
        return _bad_json(path, line, error)
    keys = ", ".join(map(repr, list(whole)[:5])) if isinstance(whole, dict) else type(whole).__name__
    return InputError(f"{path} is one JSON object ({keys}), expected a list of records or one record a line.")


def _bad_json(path: Path, line: int, error: Exception) -> InputError:
    what = getattr(error, "msg", None) or str(error).split(":")[0]
    column = f" column {error.colno}" if isinstance(error, json.JSONDecodeError) else ""
    return InputError(f"{path} line {line}{column} is not valid JSON ({what}): correct that line.")


def delimiter_of(path: Path, head: str) -> str:
    """Return the separator of a table: a tab for `.tsv` or where the first line has tabs only, else a comma."""
    first = head.split("\n", 1)[0]
    return "\t" if path.suffix.lower() == ".tsv" or ("\t" in first and "," not in first) else ","


def table_rows(text: str, path: Path) -> tuple[list[str], Rows]:
    """Return the column names of a delimited table, and its rows as `(line, record)`.

    Raises:
        InputError: broken quoting, two columns of one name, or a row of another width; the line is named.
    """
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter_of(path, text), strict=True)
    header = [name.strip() for name in _next_row(reader, path) or []]
    repeated = sorted({name for name in header if header.count(name) > 1})
    if repeated:
        raise InputError(f"{path} line 1 has two columns named {repeated[0]!r}: rename one of them.")
    return header, _table_rows(reader, header, path)


def _table_rows(reader: Any, header: list[str], path: Path) -> Rows:
    while True:
        line = reader.line_num + 1
        row = _next_row(reader, path)
        if row is None:
            return
        if not row:
            continue
        if len(row) != len(header):
            raise InputError(
                f"{path} line {line} has {len(row)} columns, expected {len(header)} ({', '.join(header)}): "
                "quote fields that hold the separator."
            )
        yield line, dict(zip(header, row, strict=True))


def _next_row(reader: Any, path: Path) -> list[str] | None:
    line = reader.line_num + 1
    try:
        return next(reader, None)
    except csv.Error as error:
        raise InputError(f"{path} line {line} is not a valid table row ({error}): check its quotes.") from error
