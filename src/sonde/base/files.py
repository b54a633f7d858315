"""Atomic writing, hashing, and the rule that nothing is overwritten unasked."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

from sonde.base.errors import InputError


def write_atomic(path: str | Path, data: bytes | str) -> Path:
    """Write `data` so that `path` holds either all of it or what it held before, also after a crash.

    The bytes go to a temporary name in the same folder, are fsynced and renamed; then the folder is fsynced.
    """
    path = Path(path)
    payload = data.encode() if isinstance(data, str) else data
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".tmp")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(payload)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, 0o666 & ~_umask())
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    fsync_folder(path.parent)
    return path


def fsync_folder(folder: Path) -> None:
    """Make renames inside `folder` survive a crash."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_json(path: str | Path, value: Any) -> Path:
    """Write `value` as strict JSON (NaN and infinities are refused), atomically."""
    return write_atomic(path, json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False) + "\n")


def hash_bytes(*parts: bytes | str) -> str:
    """Return the hexadecimal SHA-256 of one part (what `sha256sum` prints), or of several with their lengths.

    Example:
        >>> hash_bytes("ab", "c") == hash_bytes("a", "bc")
        False
    """
    digest = hashlib.sha256()
    for part in parts:
        payload = part.encode() if isinstance(part, str) else part
        if len(parts) > 1:
            digest.update(len(payload).to_bytes(8, "big"))
        digest.update(payload)
    return digest.hexdigest()


def check_output_folder(path: str | Path, *, force: bool = False) -> Path:
    """Return `path` if results may go there: it is new, an empty folder, or `force` is set. Changes nothing.

    Raises:
        InputError: `path` is a file, or a folder that is not empty, and `force` is False.
    """
    path = Path(path)
    if path.exists() and not path.is_dir():
        raise InputError(f"Output {path} is a file, expected a folder that is new or empty: choose another --out.")
    if path.is_dir() and any(path.iterdir()) and not force:
        raise InputError(
            f"Output folder {path} is not empty, and nothing is overwritten unasked: "
            "choose another --out, or pass --force to replace its contents."
        )
    return path


def prepare_output_folder(path: str | Path, *, force: bool = False) -> Path:
    """Return `path` as an empty folder; with `force`, what it held is removed.

    Raises:
        InputError: as `check_output_folder`.
    """
    path = check_output_folder(path, force=force)
    if path.is_dir():
        shutil.rmtree(path)
    path.mkdir(parents=True)
    return path


def _umask() -> int:
    current = os.umask(0)
    os.umask(current)
    return current
