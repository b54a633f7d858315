"""Reading a safetensors file from a stranger: every size is checked against the file before it is believed.

The format (https://github.com/huggingface/safetensors): 8 bytes of header length, little-endian; a JSON header of
`{name: {dtype, shape, data_offsets}}` with `__metadata__` of strings; then the tensors' bytes, without gaps.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from sonde.base.errors import InputError

MAX_HEADER = 1 << 20  # bytes
MAX_FILE = 1 << 30  # bytes
_SIGNATURES = {
    b"\x80": "a pickle",
    b"PK\x03\x04": "a zip archive, as torch.save writes it",
    b"\x93NUMPY": "a .npy file",
}


class Unreadable(ValueError):
    """What is wrong with a file, as the middle of a sentence; `container` and `file` put the file's name to it."""


@dataclass(frozen=True)
class Container:
    """A checked header and the bytes behind it.

    Attributes:
        metadata: the strings of `__metadata__`.
        shapes: per tensor its shape; all are float64.
        data: the tensors' bytes.
        spans: per tensor where it begins and ends in `data`.
    """

    metadata: dict[str, str]
    shapes: dict[str, tuple[int, ...]]
    data: bytes
    spans: dict[str, tuple[int, int]]

    def array(self, name: str) -> np.ndarray:
        """Return one tensor, a copy."""
        begin, end = self.spans[name]
        return np.frombuffer(self.data[begin:end], dtype="<f8").reshape(self.shapes[name]).astype(np.float64)


def refuse(path: Path, problem: str) -> InputError:
    """Return the one sentence for a probe file that cannot be used."""
    return InputError(f"{path} is not a probe file that can be used: {problem}; write it again with `probe.save`.")


def open_container(path: Path) -> Container:
    """Read and check a file.

    Raises:
        InputError: the file cannot be opened.
        Unreadable: it is not what it should be.
    """
    if not path.is_file():
        what = "is a folder" if path.is_dir() else "does not exist" if not path.exists() else "is not a plain file"
        raise InputError(f"Probe file {path} {what}, expected a .safetensors file that `probe.save` wrote.")
    try:
        with path.open("rb") as file:
            size = path.stat().st_size
            if size > MAX_FILE:
                raise Unreadable(f"it has {size:,} bytes, more than the {MAX_FILE:,} that any probe needs")
            start = file.read(8)
            length = _header_length(start, size)
            header = file.read(length)
            data = file.read(size - 8 - length)
    except OSError as error:
        raise InputError(f"Probe file {path} cannot be read ({error.strerror}): check its permissions.") from error
    return _container(header, data)


def _header_length(start: bytes, size: int) -> int:
    for signature, what in _SIGNATURES.items():
        if start.startswith(signature) and int.from_bytes(start, "little") > MAX_HEADER:
            raise Unreadable(f"it looks like {what}, which sonde never loads")
    if len(start) < 8:
        raise Unreadable(f"it ends after {len(start)} bytes")
    length = int.from_bytes(start, "little")
    if length > MAX_HEADER:
        raise Unreadable(f"its header claims {length:,} bytes, more than the {MAX_HEADER:,} allowed")
    if length > size - 8:
        raise Unreadable(f"its header claims {length:,} bytes, but only {size - 8:,} follow (truncated?)")
    return length


def _container(header: bytes, data: bytes) -> Container:
    try:
        parsed = json.loads(header.decode(), object_pairs_hook=_without_repeats, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        if isinstance(error, Unreadable):
            raise
        raise Unreadable("its header is not JSON") from error
    if not isinstance(parsed, dict):
        raise Unreadable("its header is not a JSON object")
    metadata = parsed.pop("__metadata__", None)
    if not isinstance(metadata, dict) or not all(isinstance(v, str) for v in metadata.values()):
        raise Unreadable("its header holds no metadata")
    shapes, spans, at = {}, {}, 0
    for name, (shape, begin, end) in sorted(
        ((name, _entry(name, entry)) for name, entry in parsed.items()), key=lambda item: (item[1][1], item[1][2])
    ):
        if begin != at or end - begin != 8 * prod(shape):
            raise Unreadable(f"tensor {name!r} of shape {list(shape)} does not fit bytes {begin} to {end}")
        shapes[name], spans[name], at = shape, (begin, end), end
    if at != len(data):
        raise Unreadable(f"its tensors take {at:,} bytes, but {len(data):,} follow the header (truncated?)")
    return Container(metadata, shapes, data, spans)


def _entry(name: str, entry: Any) -> tuple[tuple[int, ...], int, int]:
    if not isinstance(entry, dict) or set(entry) != {"dtype", "shape", "data_offsets"}:
        raise Unreadable(f"tensor {name!r} is not described by dtype, shape and data_offsets")
    shape, offsets = entry["shape"], entry["data_offsets"]
    if entry["dtype"] != "F64":
        raise Unreadable(f"tensor {name!r} has dtype {entry['dtype']!r}, expected F64")
    if not (_counts(shape) and len(shape) <= 8 and _counts(offsets) and len(offsets) == 2):
        raise Unreadable(f"the shape or the offsets of tensor {name!r} are not whole numbers from 0")
    return tuple(shape), offsets[0], offsets[1]


def _counts(values: Any) -> bool:
    return isinstance(values, list) and all(type(v) is int and 0 <= v < 2**48 for v in values)


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len({key for key, _ in pairs}) != len(pairs):
        raise Unreadable("its header names something twice")
    return dict(pairs)


def _no_constant(name: str) -> Any:
    raise Unreadable(f"its header holds {name}")
