"""A dataset: dialogues in order, with the names of the classes and where it comes from."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, overload

import numpy as np

from sonde.base.display import Displayed
from sonde.base.errors import InputError
from sonde.base.files import hash_bytes, write_atomic
from sonde.base.tables import ExampleTable
from sonde.text.dialogue import Dialogue
from sonde.text.provenance import Provenance
from sonde.text.records import write_record


@dataclass(frozen=True, repr=False)
class Dataset(Displayed):
    """Dialogues in order.

    Attributes:
        name: for reports and errors.
        dialogues: `n` of them; ids are unique, and either all or none have a label.
        provenance: where they come from.
        positive: what label 1 means.
        negative: what label 0 means.

    Raises:
        InputError: two dialogues of one id; labels on some dialogues only.

    Example:
        >>> data = Dataset.from_texts(["Paris is in France.", "Paris is in Peru."], labels=[1, 0], positive="true")
        >>> data
        Dataset('texts', n=2, true=1, false=1)
        >>> data[[True, False]][0].text
        'Paris is in France.'
    """

    name: str
    dialogues: tuple[Dialogue, ...]
    provenance: Provenance
    positive: str = "positive"
    negative: str = "negative"

    def __post_init__(self) -> None:
        seen: set[str] = set()
        for dialogue in self.dialogues:
            if dialogue.id in seen:
                raise InputError(
                    f"Dataset {self.name!r} has two dialogues with the id {dialogue.id!r}: make ids unique."
                )
            seen.add(dialogue.id)
        labelled = sum(d.label is not None for d in self.dialogues)
        if 0 < labelled < len(self.dialogues):
            first = next(d.id for d in self.dialogues if d.label is None)
            raise InputError(
                f"Dialogue {first!r} of dataset {self.name!r} has no label, though {labelled} of {len(self)} have one: "
                "label every dialogue or none."
            )
        wrong = next((d for d in self.dialogues if d.label not in (None, 0, 1)), None)
        if wrong is not None:
            raise InputError(
                f"Dialogue {wrong.id!r} of dataset {self.name!r} has label {wrong.label!r}, expected 0 or 1."
            )

    def __len__(self) -> int:
        return len(self.dialogues)

    def __iter__(self) -> Iterator[Dialogue]:
        return iter(self.dialogues)

    @overload
    def __getitem__(self, index: int) -> Dialogue: ...

    @overload
    def __getitem__(self, index: slice | Sequence[int] | Sequence[bool] | np.ndarray) -> Dataset: ...

    def __getitem__(self, index: Any) -> Dialogue | Dataset:
        """Return one dialogue for an integer; a dataset for a slice, an index array `[m]` or a boolean mask `[n]`."""
        if isinstance(index, int | np.integer):
            return self.dialogues[int(index)]
        if isinstance(index, slice):
            return replace(self, dialogues=self.dialogues[index])
        rows = np.asarray(index)
        if rows.dtype == bool:
            if rows.shape != (len(self),):
                raise IndexError(f"Mask of shape {rows.shape}, expected ({len(self)},)")
            rows = np.flatnonzero(rows)
        return replace(self, dialogues=tuple(self.dialogues[i] for i in rows.astype(np.int64)))

    def __repr__(self) -> str:
        counts = self.counts()
        classes = f", {self.positive}={counts['positive']}, {self.negative}={counts['negative']}"
        groups = "" if counts["groups"] is None else f", groups={counts['groups']}"
        return f"Dataset({self.name!r}, n={len(self)}{'' if self.labels is None else classes}{groups})"

    @cached_property
    def labels(self) -> np.ndarray | None:
        """`[n]` int64, 1 = positive; None when unlabelled (or empty)."""
        labels = [d.label for d in self.dialogues if d.label is not None]
        return _frozen(np.array(labels, dtype=np.int64)) if labels else None

    @cached_property
    def groups(self) -> np.ndarray | None:
        """`[n]` strings, rows of one group never cross a split; None where any row has none."""
        groups = [d.group for d in self.dialogues if d.group is not None]
        return _frozen(np.array(groups, dtype=str)) if groups and len(groups) == len(self) else None

    @cached_property
    def tags(self) -> dict[str, tuple[str | None, ...]]:
        """Every tag as a column of `n` values, None where a row lacks it."""
        names = dict.fromkeys(name for d in self.dialogues for name in d.tags)
        return {name: tuple(d.tags.get(name) for d in self.dialogues) for name in names}

    @cached_property
    def sha256(self) -> str:
        """Hash of the dialogues in order and of the class names; the dataset's name and provenance do not enter."""
        lines = (json.dumps(write_record(d), sort_keys=True) for d in self.dialogues)
        return hash_bytes(self.positive, self.negative, *lines)

    def examples(self) -> ExampleTable:
        """Return the side table of the dialogues."""
        ids = tuple(d.id for d in self.dialogues)
        return ExampleTable(ids, self.labels, self.groups, self.tags, self.positive, self.negative)

    def counts(self) -> dict[str, Any]:
        """Count rows and classes, groups and tag values (JSON-ready).

        Returns:
            `n`, `positive`, `negative`, `unlabelled`, `groups` and `largest_group` (None = not known), and `tags`:
            `{tag: {value: rows}}`.
        """
        from sonde.text.summary import count

        return count(self)

    def summary(self) -> str:
        """Return class, group and tag counts and the provenance, as a few lines of text."""
        from sonde.text.summary import summarise

        return summarise(self)

    def split(self, test: float = 0.2, seed: int = 0) -> tuple[Dataset, Dataset]:
        """Cut into two, no group on both sides, classes balanced as far as groups allow.

        Rows without a group are grouped by near-duplicate text first (see `grouped`).

        Args:
            test: share of the rows in the second part, in (0, 1); met as nearly as the groups allow.
            seed: chooses among such cuts.

        Raises:
            InputError: `test` out of range; fewer than two groups.
        """
        from sonde.text.splitting import split_by_group

        return split_by_group(self, test=test, seed=seed)

    def grouped(self) -> Dataset:
        """Give every row without a group one: rows of nearly the same text share it (see `near_duplicates`).

        A row that resembles a row with a group joins that group. What was done is noted in the provenance. Near
        duplicates of text are a floor, not a substitute for knowing the entities: name a `group` column
        where there is one (`cities.csv` has two statements a city, and two in five of these pairs are this alike).
        """
        from sonde.text.splitting import fill_groups

        return fill_groups(self)

    def save(self, path: str | Path) -> Path:
        """Write sonde JSONL: a first line that describes the dataset, then one record a line. Loads back equal."""
        about = {"name": self.name, "positive": self.positive, "negative": self.negative}
        header = {"dataset": about | {"provenance": self.provenance.to_json()}}
        lines = [json.dumps(line, ensure_ascii=False) for line in (header, *map(write_record, self.dialogues))]
        return write_atomic(path, "\n".join(lines) + "\n")

    @staticmethod
    def from_texts(
        texts: Sequence[str],
        labels: Sequence[object] | np.ndarray | None = None,
        groups: Sequence[object] | np.ndarray | None = None,
        name: str = "texts",
        *,
        positive: str | None = None,
        negative: str | None = None,
    ) -> Dataset:
        """Make a dataset of plain texts.

        Args:
            texts: `n` strings.
            labels: `n` of 0/1, true/false, or two class names (then `positive` is needed).
            groups: `n` group names.
            name: for reports and errors.
            positive, negative: class names.

        Raises:
            InputError: the lengths differ; a text is empty or no string; a label is neither class.
        """
        for what, column in (("labels", labels), ("groups", groups)):
            if column is not None and len(column) != len(texts):
                raise InputError(f"{name}: {len(column)} {what} for {len(texts)} texts, expected one each.")
        records = [
            {"text": text}
            | ({} if labels is None else {"label": labels[i]})
            | ({} if groups is None else {"group": groups[i]})
            for i, text in enumerate(texts)
        ]
        return Dataset.from_records(records, name, positive=positive, negative=negative)

    @staticmethod
    def from_records(
        records: Sequence[Mapping[str, Any]],
        name: str = "records",
        *,
        positive: str | None = None,
        negative: str | None = None,
        policy: str = "unknown",
    ) -> Dataset:
        """Make a dataset of records as in a dialogue file: `{"messages" | "text", "label", "group", "tags", "target"}`.

        Raises:
            InputError: as `load_dataset`, naming the record by its number.
        """
        from sonde.text.building import build_dataset
        from sonde.text.records import Source, read_record

        read = [read_record(record, f"{name} record {i}") for i, record in enumerate(records)]
        source = Source(read, policy=policy)
        return build_dataset([source], name=name, source=name, positive=positive, negative=negative)


def _frozen(array: np.ndarray) -> np.ndarray:
    array.flags.writeable = False
    return array
