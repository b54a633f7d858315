"""The data of an audit: the run's own, the recipe's further evidence, and a second control."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from sonde.audit import AuditData
from sonde.base.errors import InputError
from sonde.capture import Model
from sonde.recipe import Recipe
from sonde.run.data import RunData, load_control, load_part, shown_names
from sonde.run.names import is_builtin_dataset
from sonde.text import Dataset, check_disjoint, require_two_classes
from sonde.tokens import tokenize

#: Rows of each built-in data set that the audit draws on beside the run's own, unless the recipe asks for fewer.
EVIDENCE_ROWS = 600
CONTROL_ROWS = 1000


def audit_data(recipe: Recipe, model: Model, data: RunData) -> AuditData:
    """Return everything the checks of a run may draw on.

    The second control is what `[audit] second_control` names. Left out: for a built-in control set its dialogues about
    other entities; where the training data's own negatives set the threshold, the negatives of the tests.

    Raises:
        InputError: evidence is unlabelled, or shares a group with the training data.
    """
    evidence = {
        shown: load_part(_at_most(recipe, EVIDENCE_ROWS), name, "test")
        for shown, name in shown_names(recipe.audit.evidence).items()
        if shown not in data.tests
    }
    for dataset in evidence.values():
        require_two_classes(dataset, "audit's")
        check_disjoint(data.train, dataset)
    second = _second_control(recipe, data)
    return AuditData(data.train, data.tests, data.control, second, evidence, knows_of(model))


def given_data(
    model: Model, tests: Mapping[str, Dataset], train: Any, control: Any, second: Any, evidence: Mapping[str, Dataset]
) -> AuditData:
    """Return the data that a caller gave, checked.

    Raises:
        InputError: test data or evidence lack a class.
    """
    for dataset in (*tests.values(), *evidence.values()):
        require_two_classes(dataset, "audit's")
    if train is not None:
        require_two_classes(train, "training")
    rest = {name: dataset for name, dataset in evidence.items() if name not in tests}
    return AuditData(train, tests, _negatives(control), _negatives(second), rest, knows_of(model))


def as_named(data: Any) -> dict[str, Dataset]:
    """Return data sets by name, of one, of several, or of a mapping.

    Raises:
        InputError: something else, or two of one name.
    """
    if isinstance(data, Mapping):
        return dict(data)
    given = [data] if isinstance(data, Dataset) else list(data) if isinstance(data, Iterable) else [data]
    found: dict[str, Dataset] = {}
    for dataset in given:
        if not isinstance(dataset, Dataset):
            raise InputError(
                f"The audit was given {type(dataset).__name__} as data, expected a Dataset: load it with "
                "sonde.load_dataset(…)."
            )
        if dataset.name in found:
            raise InputError(f"Two data sets are called {dataset.name!r}: pass a mapping from names of your own.")
        found[dataset.name] = dataset
    return found


def knows_of(model: Model) -> Callable[[str], bool]:
    """Return whether the model's tokenizer has tokens of its own for a text (a closed vocabulary lacks many)."""
    unknown = getattr(model.tokenizer, "unk_token_id", None)
    if unknown is None:
        return lambda text: True
    return lambda text: unknown not in model.tokenizer(text, add_special_tokens=False)["input_ids"]


def fitting(dataset: Dataset, model: Model, limits: Mapping[str, Any]) -> Dataset:
    """Return the dialogues that the model can read whole (made longer for a check, some may no longer be)."""
    most = limits.get("max_tokens") or model.context
    if most is None or limits.get("truncation") != "error" or len(dataset) == 0:
        return dataset
    lengths = tokenize(dataset.dialogues, model.tokenizer).lengths
    return dataset if (lengths <= most).all() else dataset[lengths <= most]


def _at_most(recipe: Recipe, rows: int) -> Recipe:
    """Return the recipe with at most so many rows of each built-in set; files are read whole unless it says less."""
    limit = min(rows, recipe.data.limit or rows)
    sized = recipe.data.model_copy(update={"limit": limit})
    return recipe.model_copy(update={"data": sized})


def _second_control(recipe: Recipe, data: RunData) -> Dataset | None:
    if recipe.audit.second_control is not None:
        return load_control(_at_most(recipe, CONTROL_ROWS), recipe.audit.second_control, "test", [])
    if recipe.data.control is None:
        rows = [replace(d, id=f"{name}/{d.id}") for name, test in data.tests.items() for d in test if d.label == 0]
        return replace(data.train, name="the tests' negatives", dialogues=tuple(rows))
    if is_builtin_dataset(recipe.data.control):
        other = load_control(_at_most(recipe, CONTROL_ROWS), recipe.data.control, "test", [])
        return replace(other, name=f"{other.name} (other entities)")
    return None


def _negatives(control: Any) -> Dataset | None:
    """Return the negatives of a control set; what is unlabelled is taken as such."""
    if control is None or control.labels is None:
        return control
    return control[np.asarray(control.labels) == 0]
