"""What every metric asks of its arrays: labels 0 and 1, finite numbers, equal lengths."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float, Real, Shaped

from sonde.base.errors import InputError


def check_labels(y: Shaped[np.ndarray, " n"]) -> Bool[np.ndarray, " n"]:
    """Return the labels as booleans, True = positive class.

    Raises:
        InputError: a label is neither 0 nor 1.
    """
    y = np.asarray(y)
    if y.ndim != 1:
        raise InputError(f"Labels have {y.ndim} axes, expected one row an example: pass a flat array of 0 and 1.")
    strange = ~np.isin(y, [0, 1])
    if strange.any():
        row = int(np.flatnonzero(strange)[0])
        raise InputError(
            f"Label {y[row]!s} in row {row} is neither 0 nor 1: metrics take 1 for the positive class and 0 for the "
            "negative one."
        )
    return y.astype(bool)


def check_numbers(s: Real[np.ndarray, " m"], what: str, n: int | None = None) -> Float[np.ndarray, " m"]:
    """Return `s` as finite float64 of length `n`.

    Raises:
        InputError: a value is NaN or infinite, or the length is another.
    """
    s = np.asarray(s, dtype=np.float64)
    if n is not None and s.shape != (n,):
        raise InputError(f"{what} has shape {s.shape}, expected ({n},): pass one for each label.")
    if not np.isfinite(s).all():
        row = int(np.flatnonzero(~np.isfinite(s))[0])
        raise InputError(f"{what} in row {row} is {s[row]}, expected a finite number: look for NaN activations.")
    return s


def check_pair(
    y: Shaped[np.ndarray, " n"], s: Real[np.ndarray, " m"], what: str = "The score"
) -> tuple[Bool[np.ndarray, " n"], Float[np.ndarray, " m"]]:
    """Return labels as booleans and scores as float64, both checked."""
    labels = check_labels(y)
    return labels, check_numbers(s, what, len(labels))


def missing_class(y: Bool[np.ndarray, " n"]) -> str:
    """Return why a metric that needs both classes is undefined here; empty when it is defined."""
    if len(y) == 0:
        return "no rows"
    if y.all() or not y.any():
        return f"one class only: {int(y.sum())} positive and {int((~y).sum())} negative rows"
    return ""
