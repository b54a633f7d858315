"""What was computed once is kept by content: an append-only file of JSON lines that survives a kill."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sonde.base.errors import InputError
from sonde.base.files import hash_bytes


class Cache:
    """Values by key, in a file that is only ever appended to.

    A line that was cut off by a kill is passed over when the file is read, and never joined with what follows. Several
    processes may append to one file; a key written twice keeps its first value.

    Args:
        path: the file; its folder is made when something is first written.
        about: what the values depend on besides their keys, written as the file's first line.

    Raises:
        InputError: the file cannot be read.
    """

    def __init__(self, path: Path, about: Mapping[str, Any]):
        self.path = path
        self.about = dict(about)
        self.values: dict[str, Any] = {}
        try:
            data = path.read_bytes() if path.is_file() else b""
        except OSError as error:
            raise InputError(f"Cache {path} cannot be read ({error.strerror}): check its permissions.") from error
        self._whole = data == b"" or data.endswith(b"\n")
        for line in data.split(b"\n"):
            record = _record(line)
            if record is not None:
                self.values.setdefault(*record)

    def __contains__(self, key: str) -> bool:
        return key in self.values

    def __getitem__(self, key: str) -> Any:
        return self.values[key]

    def put(self, values: Mapping[str, Any]) -> None:
        """Keep values; when this returns they are on the disk."""
        new = {key: value for key, value in values.items() if key not in self.values}
        if not new:
            return
        lines: list[dict[str, Any]] = [] if self.path.is_file() else [{"about": self.about}]
        lines += [{"key": key, "value": value} for key, value in new.items()]
        text = "".join(json.dumps(line, ensure_ascii=False, allow_nan=False) + "\n" for line in lines)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("ab") as file:
            file.write(("" if self._whole else "\n").encode() + text.encode("utf-8", "surrogatepass"))
            file.flush()
            os.fsync(file.fileno())
        self._whole = True
        self.values.update(new)


def _record(line: bytes) -> tuple[str, Any] | None:
    try:
        value = json.loads(line)
        return str(value["key"]), value["value"]
    except (ValueError, TypeError, KeyError):
        return None


def key_of(*parts: Any) -> str:
    """Return the key of what follows from `parts` (JSON-ready values).

    Example:
        >>> key_of("a", 1) == key_of("a", 1) != key_of("a", 2)
        True
    """
    return hash_bytes(*(json.dumps(part, sort_keys=True, ensure_ascii=True) for part in parts))[:32]
