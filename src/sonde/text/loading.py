"""From a name or a path to a dataset: which format it is, which files, and what the user said of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from sonde.base.errors import InputError, nearest, unknown_name
from sonde.base.files import hash_bytes
from sonde.text.building import build_dataset
from sonde.text.dataset import Dataset
from sonde.text.formats import FORMATS, Format, Options
from sonde.text.huggingface import is_saved_folder, read_hub, read_saved_folder
from sonde.text.reading import missing_file, read_bytes
from sonde.text.records import Source

_HEAD = 1 << 16
_COLUMNS = ("text", "label", "group", "messages", "id")
#: What may stand before a colon in `sonde.load_dataset`; `cretan:` and `sonde:` are answered in `run`.
_SOURCES = ("hf", "cretan", "sonde")


def load_dataset(
    name_or_path: str | Path,
    *,
    format: str | None = None,
    positive: str | None = None,
    negative: str | None = None,
    text: str | None = None,
    label: str | None = None,
    group: str | None = None,
    licence: str | None = None,
    columns: Mapping[str, str] | None = None,
    split: str | None = None,
    limit: int | None = None,
) -> Dataset:
    """Load a dataset.

    Args:
        name_or_path: a file; a folder of files of one format, or one that `datasets` saved; `hf:NAME` or
            `hf:NAME:CONFIG` for the Hugging Face hub (HF_HUB_OFFLINE is respected); or `PREFIX:NAME` of a registered
            source.
        format: `dialogues`, `table`, `contrast`, `truthfulqa`, `lie-detector`, `judged-rollouts`, `liars-bench` or
            `parquet`; left out, the content decides.
        positive: the class that is label 1; needed where labels are class names.
        negative: the other class.
        text, label, group: own names of these columns; `label=""` reads a table that has none.
        licence: for the provenance.
        columns: own names of columns, `{"text": …, "label": …, "group": …, "messages": …, "id": …}`.
        split: a part of a Hugging Face dataset, or the rows whose tag `split` is this.
        limit: keep the first so many dialogues.

    Raises:
        InputError: the file, its format, a column or a label is not as expected; one sentence that names file and line.

    Example:
        >>> import pathlib, tempfile
        >>> path = pathlib.Path(tempfile.mkdtemp()) / "facts.csv"
        >>> _ = path.write_text("statement,label,city\\nParis is in France.,1,Paris\\nParis is in Peru.,0,Paris\\n")
        >>> load_dataset(path, positive="true", group="city")
        Dataset('facts', n=2, true=1, false=1, groups=1)
    """
    options = Options(_columns(columns, text=text, label=label, group=group), split)
    if limit is not None and limit < 1:
        raise InputError(f"limit={limit} for {name_or_path}, expected a whole number of dialogues from 1 up.")
    kind = _format_named(format, name_or_path)
    sources, name, sha256, notes = _read(str(name_or_path), kind, options)
    data = build_dataset(
        sources,
        name=name,
        source=str(name_or_path),
        positive=positive,
        negative=negative,
        licence=licence,
        sha256=sha256,
        notes=notes,
    )
    if licence is not None:
        data = replace(data, provenance=replace(data.provenance, licence=licence))
    if split is not None and not _splits_itself(str(name_or_path)):
        data = _with_split(data, split)
    return data if limit is None or limit >= len(data) else _first(data, limit)


def _columns(columns: Mapping[str, str] | None, **named: str | None) -> dict[str, str]:
    for key in columns or {}:
        if key not in _COLUMNS:
            raise unknown_name("column", key, "columns=", _COLUMNS)
    return {**(columns or {}), **{key: value for key, value in named.items() if value is not None}}


def _format_named(name: str | None, where: str | Path) -> Format | None:
    if name is None:
        return None
    for kind in FORMATS:
        if kind.name == name:
            return kind
    raise unknown_name("format", name, str(where), [kind.name for kind in FORMATS])


def _read(name: str, kind: Format | None, options: Options) -> tuple[list[Source], str, str, list[str]]:
    """Sources, dataset name, hash of the bytes, notes."""
    if name.startswith("hf:"):
        return [read_hub(name[3:], options)], name[3:], "", []
    path = Path(name)
    if not path.exists():
        raise _unknown(path, name)
    if path.is_dir():
        if is_saved_folder(path):
            return [read_saved_folder(path, options)], path.name, "", []
        return _read_folder(path, kind, options)
    return [(kind or _format_of(path)).read(path, options)], path.stem, hash_bytes(read_bytes(path)), []


def _unknown(path: Path, name: str) -> InputError:
    prefix, colon, _ = name.partition(":")
    if colon and "/" not in prefix:
        known = _SOURCES
        close = nearest(prefix, known)
        hint = f"did you mean {close[0] + ':'!r}?" if close else f"known sources: {', '.join(f'{k}:' for k in known)}"
        return InputError(f"No file {name}, and no source {prefix + ':'!r}: {hint}")
    error = missing_file(path)
    if "/" in name and not path.suffix and not path.parent.is_dir():
        return InputError(f"{error} For a dataset of the Hugging Face hub write {'hf:' + name!r}.")
    return error


def _format_of(path: Path) -> Format:
    head = read_bytes(path)[:_HEAD].decode("utf-8-sig", errors="replace")
    for kind in FORMATS:
        if kind.matches(path, head):
            return kind
    endings = ", ".join(dict.fromkeys(s for kind in FORMATS for s in kind.suffixes))
    raise InputError(f"{path} is of no known format (known endings: {endings}): pass format= to force one.")


def _read_folder(path: Path, kind: Format | None, options: Options) -> tuple[list[Source], str, str, list[str]]:
    """Every data file of a folder, in order of name, as one dataset; the file becomes a tag and part of the id."""
    endings = kind.suffixes if kind else tuple({s for known in FORMATS for s in known.suffixes})
    files = sorted(f for f in path.iterdir() if f.is_file() and f.suffix.lower() in endings and f.name[0] != ".")
    if not files:
        raise InputError(f"Folder {path} holds no data file (looked for {', '.join(sorted(endings))}): check the path.")
    kinds = [kind or _format_of(file) for file in files]
    for file, other in zip(files, kinds, strict=True):
        if other.name != kinds[0].name:
            raise InputError(
                f"Folder {path} mixes formats, {files[0].name} is {kinds[0].name} and {file.name} is {other.name}: "
                "name one file, or pass format=."
            )
    sources = [_of_file(k.read(file, options), file.stem) for k, file in zip(kinds, files, strict=True)]
    digest = hash_bytes(*(read_bytes(file) for file in files))
    return sources, path.name, digest, [f"Joined from {len(files)} files: {', '.join(f.name for f in files)}."]


def _of_file(source: Source, stem: str) -> Source:
    records = [
        replace(r, id=f"{stem}/{i if r.id is None else r.id}", tags={"file": stem} | dict(r.tags))
        for i, r in enumerate(source.records)
    ]
    return replace(source, records=records)


def _splits_itself(name: str) -> bool:
    return name.startswith("hf:") or is_saved_folder(Path(name))


def _with_split(data: Dataset, split: str) -> Dataset:
    column = data.tags.get("split")
    if column is None:
        raise InputError(f"Dataset {data.name!r} has no splits to choose {split!r} from: leave split= out.")
    if split not in column:
        raise unknown_name("split", split, data.name, sorted({str(v) for v in column if v is not None}))
    chosen = data[[value == split for value in column]]
    return replace(chosen, provenance=data.provenance.noted(f"Only rows of the split {split!r}."))


def _first(data: Dataset, limit: int) -> Dataset:
    return replace(data[:limit], provenance=data.provenance.noted(f"Only the first {limit:,} of {len(data):,} rows."))
