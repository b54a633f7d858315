"""From records to a dataset: labels understood, ids given, provenance written."""

from __future__ import annotations

from collections.abc import Sequence
from types import MappingProxyType

from sonde.base.errors import InputError
from sonde.text.dataset import Dataset
from sonde.text.dialogue import Dialogue
from sonde.text.labels import Classes, read_labels
from sonde.text.provenance import Provenance
from sonde.text.records import Record, Source


def build_dataset(
    sources: Sequence[Source],
    *,
    name: str,
    source: str,
    positive: str | None = None,
    negative: str | None = None,
    licence: str | None = None,
    sha256: str = "",
    notes: Sequence[str] = (),
) -> Dataset:
    """Join the records of one or more sources into a dataset.

    Args:
        sources: what the format readers returned.
        name: of the dataset; a source's own header goes before it when it is the only source.
        source: for the provenance and for errors.
        positive, negative: class names as the user gave them.
        licence, sha256, notes: for the provenance.

    Raises:
        InputError: no record, a label that is neither class, two records of one id.
    """
    records = [record for part in sources for record in part.records]
    if not records:
        raise InputError(f"{source} holds no record, expected at least one row of data.")
    labels, classes = read_labels(
        [record.label for record in records],
        [record.place for record in records],
        source,
        positive=positive,
        negative=negative,
        classes=_shared_classes(sources),
    )
    policies = {part.policy for part in sources}
    provenance = Provenance(
        source=source,
        licence=licence or "not stated",
        sha256=sha256,
        policy=policies.pop() if len(policies) == 1 else "unknown",
    ).noted(*notes, *(note for part in sources for note in part.notes))
    header = sources[0].header if len(sources) == 1 else None
    if header is not None:
        name = str(header.get("name", name))
        provenance = Provenance.from_json(header.get("provenance", {"source": source}), f"{source} line 1")
    dialogues = _dialogues(records, labels)
    return Dataset(name, dialogues, provenance, positive=classes.positive, negative=classes.negative)


def _shared_classes(sources: Sequence[Source]) -> Classes | None:
    """Class names that every source gives alike."""
    named = {part.classes for part in sources}
    return named.pop() if len(named) == 1 else None


def _dialogues(records: Sequence[Record], labels: Sequence[int] | None) -> tuple[Dialogue, ...]:
    places: dict[str, str] = {}
    made = []
    for i, record in enumerate(records):
        id = str(i) if record.id is None else record.id
        if id in places:
            raise InputError(
                f"{record.place} has the id {id!r}, as has {places[id]}: make ids unique or leave them out."
            )
        places[id] = record.place
        made.append(
            Dialogue(
                id=id,
                messages=record.messages,
                label=None if labels is None else labels[i],
                group=record.group,
                tags=MappingProxyType(dict(record.tags)),
                target=record.target,
            )
        )
    return tuple(made)
