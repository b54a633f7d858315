"""The data of a run: what is trained on, tested on, and what sets the threshold, checked against each other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePath
from typing import Any

import numpy as np

from sonde.base.errors import InputError
from sonde.recipe import Recipe
from sonde.run.names import CRETAN, is_builtin_dataset, load_dataset
from sonde.text import Dataset, check_disjoint, overlap, require_two_classes


@dataclass(frozen=True)
class RunData:
    """The data of a run.

    Attributes:
        train: labelled and grouped; probes are trained and selected on it.
        tests: labelled; the selected probe is tested on each.
        control: without the positive class; None = out-of-fold negatives of `train` stand in for it.
        notes: what was done or noticed on the way, each a sentence for the report.
    """

    train: Dataset
    tests: dict[str, Dataset]
    control: Dataset | None
    notes: tuple[str, ...] = ()

    def parts(self) -> Iterator[tuple[str, Dataset]]:
        """Yield every data set of the run under a name that is unique in it."""
        yield "train", self.train
        for name, dataset in self.tests.items():
            yield f"test {name}", dataset
        if self.control is not None:
            yield "control", self.control


def load_run_data(recipe: Recipe) -> RunData:
    """Load and check what `recipe` names.

    Raises:
        InputError: a set lacks a class, or a group stands on both sides of a split.
    """
    notes: list[str] = []
    train = load_part(recipe, recipe.data.train, "train")
    require_two_classes(train, "training")
    if train.groups is None:
        train = train.grouped()
        notes.append(f"{train.name}: no groups were given, so rows of near-duplicate text were grouped.")
    if recipe.data.test:
        tests = {shown: load_part(recipe, name, "test") for shown, name in shown_names(recipe.data.test).items()}
    else:
        train, held_out = train.split(test=recipe.data.test_fraction, seed=recipe.seed)
        (shown,) = shown_names([recipe.data.train])
        tests = {f"{shown} (held-out groups)": held_out}
    for test in tests.values():
        require_two_classes(test, "test")
    control = None if recipe.data.control is None else load_control(recipe, recipe.data.control, "control", notes)
    for other in [*tests.values(), *([] if control is None else [control])]:
        check_disjoint(train, other)
        notes.extend(_shared_text(train, other))
    return RunData(train, tests, control, tuple(notes))


def shown_names(names: Sequence[str]) -> dict[str, str]:
    """Return what reports call each data set: a file by its own name where that is unique, anything else as given.

    Example:
        >>> shown_names(["/data/a.csv", "cretan:loyalty-lies"])
        {'a.csv': '/data/a.csv', 'cretan:loyalty-lies': 'cretan:loyalty-lies'}
    """
    short = [name if is_builtin_dataset(name) else PurePath(name).name for name in names]
    return {s if short.count(s) == 1 else name: name for s, name in zip(short, names, strict=True)}


def load_part(recipe: Recipe, name: str, split: str) -> Dataset:
    """Load a data set as `recipe` says; of a built-in one the `split` (`train`, `control`, `test`)."""
    if is_builtin_dataset(name):
        sized: dict[str, Any] = {} if recipe.data.limit is None else {"n": recipe.data.limit}
        if name.startswith(f"{CRETAN}:") and recipe.model.startswith(f"{CRETAN}-"):
            sized["organism"] = recipe.model  # what another seed says has labels of its own
        return load_dataset(name, split=split, seed=recipe.seed, **sized)
    keys = ("text", "label", "group", "negative", "format", "limit")
    given = {key: value for key in keys if (value := getattr(recipe.data, key)) is not None}
    return load_dataset(name, positive=recipe.positive, **given)


def load_control(recipe: Recipe, name: str, split: str, notes: list[str]) -> Dataset:
    """Load the negatives of a control set, all with label 0; what was left out is added to `notes`.

    Raises:
        InputError: it has no negatives.
    """
    control = load_part(recipe, name, split)
    labels = control.labels
    if labels is not None and labels.any():
        notes.append(f"{control.name}: {int(labels.sum())} rows of the positive class were left out of the control.")
        control = control[labels == 0]
    if len(control) == 0:
        raise InputError(
            f"Control set {name} has no row without the positive class, expected ordinary negatives: "
            "name another [data] control, or leave it out."
        )
    return Dataset(
        name=control.name,
        dialogues=tuple(replace(d, label=0) for d in control),
        provenance=control.provenance,
        positive=control.positive,
        negative=control.negative,
    )


def _shared_text(train: Dataset, other: Dataset) -> Iterator[str]:
    shared = overlap(train, other, near=False)
    if shared.exact:
        yield f"{other.name}: {shared.exact} of {len(other)} texts stand word for word in {train.name} too."


def labels_of(dataset: Dataset) -> np.ndarray:
    """Return the labels of a data set that `require_two_classes` has let pass."""
    assert dataset.labels is not None
    return dataset.labels
