"""One unit of a store: a safetensors file that is written whole or not at all, and proves what it holds.

The file is written here rather than with `safetensors.torch.save_file` (0.8), which writes through a random name of its
own beside the target (a kill leaves it there for ever) and sets mode 0600. The format is the public one, and
`safetensors` reads it. No torch in this file: bytes and numpy only.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import math
import mmap
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from sonde.base.errors import InputError
from sonde.base.files import fsync_folder
from sonde.base.tables import TokenTable

#: Bytes of one value, by its safetensors name.
ITEM = {"F64": 8, "I64": 8, "U64": 8, "F32": 4, "I32": 4, "U32": 4, "F16": 2, "BF16": 2, "I16": 2, "U16": 2}
ITEM |= {"I8": 1, "U8": 1, "BOOL": 1}
FLOATS = ("F64", "F32", "F16", "BF16")
KEY = "sonde"
SUFFIX = ".safetensors"
_HEADER_LIMIT = 100_000_000  # bytes; the limit of the safetensors library
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,199}")
_FACTS = {"unit": str, "store": str, "rows": int, "examples": int, "checksum": str}


@dataclass(frozen=True)
class Entry:
    """One tensor of a unit: its safetensors dtype, its shape, and where its bytes stand in the file."""

    dtype: str
    shape: tuple[int, ...]
    start: int
    stop: int


@dataclass(frozen=True)
class UnitHeader:
    """What a unit says it holds, checked against the size of its file.

    Attributes:
        path: the file.
        unit: its id, which is also its file name.
        store: the id of the store it was written for.
        rows: `t`.
        examples: `n`.
        checksum: SHA-256 over names, types, shapes and bytes of all tensors, in the order of their names.
        entries: every tensor.
    """

    path: Path
    unit: str
    store: str
    rows: int
    examples: int
    checksum: str
    entries: Mapping[str, Entry]

    @property
    def sites(self) -> dict[str, tuple[str, int]]:
        """Per site its safetensors dtype and its width `d`."""
        return {name: (e.dtype, e.shape[1]) for name, e in self.entries.items() if "/" not in name}

    @property
    def predictions(self) -> tuple[str, ...]:
        """The names of the per-token predictions."""
        return tuple(k.removeprefix("predictions/") for k in self.entries if k.startswith("predictions/"))


@dataclass(frozen=True)
class Blob:
    """One tensor to write: its safetensors dtype, its shape, and its bytes."""

    dtype: str
    shape: tuple[int, ...]
    data: memoryview | bytes


def check_unit_name(unit: str) -> str:
    """Return `unit`, if it can be a file name: letters, digits, `.`, `_` and `-`, not starting with a sign.

    Raises:
        InputError: it cannot.
    """
    if not _NAME.fullmatch(unit):
        raise InputError(
            f"Unit id {unit!r} cannot be a file name: use letters, digits, '.', '_' and '-', for example 'u00012'."
        )
    return unit


def unit_path(folder: Path, unit: str) -> Path:
    """Return where the store in `folder` keeps `unit`."""
    return folder / "units" / (unit + SUFFIX)


def blob_of(array: np.ndarray) -> Blob:
    """Return a numpy array as a tensor to write."""
    kinds = {"b": "BOOL", "i": f"I{8 * array.itemsize}", "u": f"U{8 * array.itemsize}", "f": f"F{8 * array.itemsize}"}
    flat = np.ascontiguousarray(array).reshape(-1).view(np.uint8)
    return Blob(kinds[array.dtype.kind], tuple(array.shape), flat.data)


def table_blobs(tokens: TokenTable, index: np.ndarray) -> dict[str, Blob]:
    """Return the token table and the example numbers `[n]` of a unit as tensors to write."""
    texts = [text.encode("utf-8", "surrogatepass") for text in tokens.texts]
    arrays = {f"tokens/{name}": getattr(tokens, name) for name in TokenTable.COLUMNS}
    arrays |= {
        "examples/index": np.asarray(index, dtype=np.int64),
        "examples/offsets": tokens.offsets,
        "examples/lengths": tokens.lengths,
        "examples/texts": np.frombuffer(b"".join(texts), dtype=np.uint8),
        "examples/text_offsets": np.cumsum([0, *map(len, texts)]).astype(np.int64),
    }
    return {name: blob_of(array) for name, array in arrays.items()}


def write_unit(folder: Path, unit: str, store: str, blobs: Mapping[str, Blob], rows: int, examples: int) -> Path:
    """Write a unit under a temporary name, fsync it, rename it, and fsync its folder.

    The temporary name is fixed, so that whoever writes the unit after a crash writes over what the crash left. A unit
    has one writer: that is the caller's promise.
    """
    ordered = sorted(blobs, key=lambda name: (-ITEM[blobs[name].dtype], name))  # keeps every tensor aligned
    facts = {"unit": unit, "store": store, "rows": rows, "examples": examples, "checksum": _digest_blobs(blobs)}
    header: dict[str, Any] = {"__metadata__": {KEY: json.dumps(facts)}}
    at = 0
    for name in ordered:
        blob = blobs[name]
        size = len(blob.data)
        header[name] = {"dtype": blob.dtype, "shape": list(blob.shape), "data_offsets": [at, at + size]}
        at += size
    head = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    head += b" " * (-len(head) % 8)
    path = unit_path(folder, unit)
    temporary = path.with_name(f".{path.name}.tmp")
    with open(temporary, "wb") as file:
        file.write(len(head).to_bytes(8, "little"))
        file.write(head)
        for name in ordered:
            file.write(blobs[name].data)
        file.flush()
        os.fsync(file.fileno())
    os.replace(temporary, path)
    fsync_folder(path.parent)
    return path


def damaged(path: Path, why: str) -> InputError:
    """Build the error for a unit that cannot be trusted."""
    return InputError(f"Unit {path} of the activation store cannot be trusted: {why}; delete that file and resume.")


def read_header(path: Path) -> UnitHeader:
    """Read what a unit holds, and check it against the file's size and against itself. No values are read.

    Raises:
        InputError: the file is cut short, or its header is broken or contradicts itself.
    """
    try:
        with open(path, "rb") as file:
            total = os.fstat(file.fileno()).st_size
            length = int.from_bytes(file.read(8), "little")
            if total < 8 or length > min(total - 8, _HEADER_LIMIT):
                raise damaged(path, f"its header claims {length} bytes and the file has {total}")
            header = json.loads(file.read(length))
            facts = json.loads(header.pop("__metadata__")[KEY])
    except OSError as error:
        raise InputError(f"Unit {path} of the activation store cannot be read ({error.strerror}).") from error
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise damaged(path, "its header is not one that sonde wrote") from error
    if not isinstance(facts, dict) or any(type(facts.get(name)) is not kind for name, kind in _FACTS.items()):
        raise damaged(path, "its header lacks the unit, store, rows, examples or checksum")
    entries = _entries(path, header, 8 + length, total)
    _check_shapes(path, entries, facts["rows"], facts["examples"])
    return UnitHeader(path, entries=entries, **{name: facts[name] for name in _FACTS})


def _entries(path: Path, header: Mapping[str, Any], data: int, total: int) -> dict[str, Entry]:
    entries = {}
    try:
        for name, said in header.items():
            start, stop = said["data_offsets"]
            entries[name] = Entry(said["dtype"], tuple(said["shape"]), data + start, data + stop)
            sizes = (*entries[name].shape, start, stop)
            if any(type(size) is not int or size < 0 for size in sizes):
                raise ValueError
            if stop - start != math.prod(entries[name].shape) * ITEM[said["dtype"]]:
                raise ValueError
    except (KeyError, TypeError, ValueError) as error:
        raise damaged(path, f"its header lies about the size of {name!r}") from error
    at = data
    for entry in sorted(entries.values(), key=lambda e: (e.start, e.stop)):
        if entry.start != at:
            raise damaged(path, "its header describes tensors that overlap or leave gaps")
        at = entry.stop
    if at != total:
        raise damaged(path, f"its header describes {at} bytes and the file has {total}")
    return entries


def _check_shapes(path: Path, entries: Mapping[str, Entry], rows: int, examples: int) -> None:
    expected: dict[str, tuple[int, ...]] = {f"tokens/{name}": (rows,) for name in TokenTable.COLUMNS}
    expected |= {"examples/index": (examples,), "examples/lengths": (examples,)}
    expected |= {"examples/offsets": (examples + 1,), "examples/text_offsets": (examples + 1,)}
    for name, shape in expected.items():
        if name not in entries or entries[name].shape != shape:
            raise damaged(path, f"its header says {rows} rows of {examples} examples, and {name!r} does not fit that")
    sites = {name: e for name, e in entries.items() if "/" not in name}
    columns = [e for name, e in entries.items() if name.startswith("predictions/")]
    fits = all(len(e.shape) == 2 and e.shape[0] == rows and e.dtype in FLOATS for e in sites.values())
    if not sites or not fits or any(e.shape != (rows,) for e in columns) or "examples/texts" not in entries:
        raise damaged(path, f"its header says {rows} rows, and not every site has that many")


def verify_unit(header: UnitHeader) -> None:
    """Read a unit's bytes and compare their checksum with its header's.

    Raises:
        InputError: they differ.
    """
    with (
        open(header.path, "rb") as file,
        mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped,
        memoryview(mapped) as view,
    ):
        parts = [(name, e.dtype, e.shape, e.start, e.stop) for name, e in sorted(header.entries.items())]
        found = _digest((name, dtype, shape, view[a:b]) for name, dtype, shape, a, b in parts)
    if found != header.checksum:
        raise damaged(header.path, "its checksum does not match its bytes")


def read_tables(header: UnitHeader) -> tuple[TokenTable, np.ndarray]:
    """Return a unit's token table, and the example number `[n]` of each of its examples.

    Raises:
        InputError: the columns contradict each other.
    """
    array = {name: read_array(header, name) for name in header.entries if name.startswith(("tokens/", "examples/"))}
    cuts, raw = array["examples/text_offsets"], array["examples/texts"].tobytes()
    try:
        texts = tuple(raw[a:b].decode("utf-8", "surrogatepass") for a, b in itertools.pairwise(cuts))
        columns = {name: array[f"tokens/{name}"] for name in TokenTable.COLUMNS}
        table = TokenTable(offsets=array["examples/offsets"], lengths=array["examples/lengths"], texts=texts, **columns)
    except ValueError as error:
        raise damaged(header.path, f"its token table contradicts itself ({error})") from error
    return table, array["examples/index"]


def read_array(header: UnitHeader, name: str) -> np.ndarray:
    """Return a tensor of a unit that numpy can hold (all but bfloat16)."""
    entry = header.entries[name]
    kind = {"B": "bool", "U": f"u{ITEM[entry.dtype]}", "I": f"i{ITEM[entry.dtype]}", "F": f"f{ITEM[entry.dtype]}"}
    dtype = np.dtype("u1" if entry.dtype == "U8" else kind[entry.dtype[0]])
    return np.fromfile(header.path, dtype, math.prod(entry.shape), offset=entry.start).reshape(entry.shape)


def _digest_blobs(blobs: Mapping[str, Blob]) -> str:
    return _digest((name, b.dtype, b.shape, b.data) for name, b in sorted(blobs.items()))


def _digest(parts: Iterable[tuple[str, str, Sequence[int], memoryview | bytes]]) -> str:
    digest = hashlib.sha256()
    for name, dtype, shape, data in parts:
        digest.update(json.dumps([name, dtype, list(shape)]).encode())
        digest.update(data)
    return digest.hexdigest()
