"""The probes' parameters: a name means the same in every probe, and is checked the same way."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from numbers import Integral, Real
from typing import Any

from sonde.probes.inputs import DataError


def _truth(value: Any) -> bool:
    return isinstance(value, bool) or type(value).__name__ in ("bool", "bool_")


def _number(value: Any) -> bool:
    return isinstance(value, Real) and not _truth(value) and math.isfinite(value)


def _count(value: Any) -> bool:
    return isinstance(value, Integral) and not _truth(value)


def _class_weight(value: Any) -> bool:
    if isinstance(value, Mapping):
        return all(_number(v) and v >= 0 for v in value.values())
    return value is None or value == "balanced"


def _tag(value: Any) -> bool:
    return value is None or (isinstance(value, str) and value != "")


_MOST = 2**20  # of anything counted: files come from strangers

#: Per parameter: is a value valid, and the words for what is.
RULES: Mapping[str, tuple[Callable[[Any], bool], str]] = {
    "l2": (lambda v: _number(v) and v >= 0, "a finite number of at least 0"),
    "standardize": (_truth, "True or False"),
    "fit_intercept": (_truth, "True or False"),
    "class_weight": (_class_weight, "None, 'balanced', or a weight for each class"),
    "max_iter": (lambda v: _count(v) and v >= 1, "a whole number of at least 1"),
    "tol": (lambda v: _number(v) and v > 0, "a finite number above 0"),
    "seed": (_count, "a whole number"),
    "probes": (lambda v: isinstance(v, str) and 0 < len(v) < 1000, "probe types separated by commas"),
    "polarity": (_tag, "the name of a tag, or None"),
    "topic": (_tag, "the name of a tag, or None"),
    "lr": (lambda v: _number(v) and v > 0, "a finite number above 0"),
    "decay": (lambda v: _number(v) and v >= 0, "a finite number of at least 0"),
    "weight_decay": (lambda v: _number(v) and v >= 0, "a finite number of at least 0"),
    "validation": (lambda v: _number(v) and 0 < v < 1, "a share between 0 and 1"),
    **{
        name: (lambda v: _count(v) and 1 <= v <= _MOST, f"a whole number from 1 to {_MOST:,}")
        for name in ("restarts", "patience", "max_epochs", "batch", "width", "heads", "blocks")
    },
    "k": (lambda v: _count(v) and v >= 1, "a whole number of at least 1"),
    "sae": (lambda v: isinstance(v, str), "the folder of an SAE, or '' for the neurons themselves"),
    "selection": (lambda v: v in ("k_sparse", "l1"), "'k_sparse' or 'l1'"),
}


def check_parameters(probe: str, parameters: Mapping[str, Any]) -> None:
    """Refuse a parameter that means nothing.

    Raises:
        DataError: naming the probe, the parameter, what was expected and what came.
    """
    for name, value in parameters.items():
        valid, expected = RULES[name]
        if not valid(value):
            raise DataError(f"{probe} was given {name}={value!r}, expected {expected}: choose another value.")
