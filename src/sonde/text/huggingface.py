"""Hugging Face `datasets`: by hub name, or a folder that `save_to_disk` wrote."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from sonde.base.errors import InputError, unknown_name
from sonde.text.formats.base import Options
from sonde.text.formats.rows import read_rows
from sonde.text.labels import Classes
from sonde.text.records import Source


def is_saved_folder(path: Path) -> bool:
    """Whether `save_to_disk` wrote this folder."""
    return (path / "dataset_dict.json").is_file() or (path / "state.json").is_file()


def read_hub(name: str, options: Options) -> Source:
    """Read the dataset `name`, or `name:config`, from the hub or its local cache.

    Raises:
        InputError: it cannot be had; a split or a column that does not exist.
    """
    import datasets

    path, _, config = name.partition(":")
    try:
        found = datasets.load_dataset(path, config or None)
    except Exception as error:  # the hub client raises a dozen kinds; each means that the data cannot be had
        reason = str(error).strip().splitlines()[0].rstrip(".") if str(error).strip() else type(error).__name__
        offline = os.environ.get("HF_HUB_OFFLINE", "0") not in ("", "0", "false")
        step = (
            "it is not in the local cache and HF_HUB_OFFLINE is set; unset it, or give a local file or folder."
            if offline
            else "check the name and the network, or give a local file or folder."
        )
        raise InputError(f"Hugging Face dataset {name!r} cannot be had ({reason}): {step}") from error
    return _read(found, f"hf:{name}", options)


def read_saved_folder(path: Path, options: Options) -> Source:
    """Read a folder that `save_to_disk` wrote.

    Raises:
        InputError: it is damaged; a split or a column that does not exist.
    """
    import datasets

    try:
        found = datasets.load_from_disk(str(path))
    except Exception as error:
        reason = str(error).strip().splitlines()[0].rstrip(".") if str(error).strip() else type(error).__name__
        raise InputError(f"{path} is not a readable save_to_disk folder ({reason}): save it anew.") from error
    return _read(found, str(path), options)


def _read(found: Any, where: str, options: Options) -> Source:
    if isinstance(found, dict):  # a DatasetDict
        split = options.split or ("train" if "train" in found else next(iter(found)))
        if options.split is None and len(found) > 1 and "train" not in found:
            raise InputError(f"{where} has the splits {', '.join(found)}: choose one with split=.")
        if split not in found:
            raise unknown_name("split", split, where, found)
        found = found[split]
    elif options.split is not None and str(found.split) != options.split:
        raise InputError(f"{where} has no splits to choose {options.split!r} from: leave split= out.")
    source = read_rows(found.column_names, found.to_list(), where, options)
    return _named_classes(source, found, options)


def _named_classes(source: Source, found: Any, options: Options) -> Source:
    """Use the class names of a two-valued ClassLabel column: 0 = its first name, 1 = its second."""
    feature = found.features.get(options.columns.get("label", "label"))
    names = getattr(feature, "names", None)
    if not names or len(names) != 2:
        return source
    return Source(source.records, Classes(names[1], names[0], fixed=True), source.policy, source.notes, source.header)
