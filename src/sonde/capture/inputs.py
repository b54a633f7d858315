"""What may be captured: a Dataset, dialogues, or plain strings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sonde.base.errors import InputError
from sonde.text import Dataset, Provenance
from sonde.text.dialogue import Dialogue


def as_dataset(data: Any) -> Dataset:
    """Return `data` as a Dataset.

    Args:
        data: a Dataset; a dialogue or a string; or a sequence of either.

    Raises:
        InputError: it is none of these, or holds nothing.
    """
    if isinstance(data, Dataset):
        dataset = data
    else:
        items = [data] if isinstance(data, (str, Dialogue)) else data
        if not isinstance(items, Sequence):
            raise InputError(f"Data is a {type(data).__name__}, expected a Dataset, dialogues, or a list of strings.")
        dataset = _of_items(items)
    if len(dataset) == 0:
        raise InputError(f"Dataset {dataset.name!r} holds no dialogue: pass at least one.")
    return dataset


def _of_items(items: Sequence[Any]) -> Dataset:
    if all(isinstance(item, str) for item in items):
        return Dataset.from_texts(list(items))
    wrong = next((item for item in items if not isinstance(item, Dialogue)), None)
    if wrong is not None:
        raise InputError(
            f"Data holds a {type(wrong).__name__}, expected all dialogues or all strings: "
            "make dialogues of records with Dataset.from_records."
        )
    return Dataset(name="dialogues", dialogues=tuple(items), provenance=Provenance(source="given in memory"))
