"""What probes take in: numpy or torch rows of any dtype and device, and any two classes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from jaxtyping import Bool, Float

from sonde.base.errors import InputError


class DataError(InputError, ValueError):
    """Bad input to an estimator: an `InputError` that scikit-learn's tools know as `ValueError` too."""


def as_array(values: Any) -> Any:
    """Return a torch tensor as a numpy array (from any device; half types widened); anything else unchanged."""
    if not isinstance(values, torch.Tensor):
        return values
    values = values.detach().cpu()
    return (values.float() if values.dtype in (torch.float16, torch.bfloat16) else values).numpy()


def where_from(X: Any) -> str:
    """Return " at SITE" when `X` says which site it comes from, for an error's sentence."""
    site = getattr(getattr(X, "origin", None), "site", "")
    return f" at {site}" if site else ""


def check_finite(X: Float[np.ndarray, "n d"], where: str = "") -> None:
    """Refuse NaN and infinities.

    Raises:
        DataError: naming the site and the first row.
    """
    if np.isfinite(X.sum()):  # one pass without a copy; a sum overflows only for values beyond any activation
        return
    broken = ~np.isfinite(X).all(axis=1)
    if broken.any():
        row = int(np.flatnonzero(broken)[0])
        raise DataError(
            f"Activations{where} hold NaN or inf in {int(broken.sum())} of {len(X)} rows, first in row {row}, expected "
            "finite numbers: capture again in float32 or bfloat16, or leave those examples out."
        )


def read_rows(probe: Any, X: Any, *, reset: bool) -> Float[np.ndarray, "n d"]:
    """Return `X` as finite float64 `[n, d]`; `reset` makes its width the probe's.

    Raises:
        DataError: empty, not two axes, another width than the probe's, or not finite.
    """
    from sklearn.utils.validation import validate_data

    where = where_from(X)
    try:
        rows = validate_data(probe, as_array(X), reset=reset, dtype=np.float64, ensure_all_finite=False)
    except ValueError as error:
        raise DataError(str(error)) from error
    check_finite(rows, where)
    return rows


def read_labelled(
    probe: Any, X: Any, y: Any, sample_weight: Any
) -> tuple[
    Float[np.ndarray, "n d"], Bool[np.ndarray, " n"], Float[np.ndarray, " n"], np.ndarray, Bool[np.ndarray, " m"]
]:
    """Return rows, labels (True = the second class), row weights, the two classes, and `[m]` which rows were kept.

    Rows of weight 0 are left out.

    Raises:
        DataError: labels missing, of another length, or not of exactly two classes.
    """
    rows = read_rows(probe, X, reset=True)
    labels, weights = read_targets(probe, rows, y, sample_weight, _binary)
    kept = weights > 0
    classes, index = np.unique(labels, return_inverse=True)
    if len(np.unique(index[kept])) != 2:
        only = classes[index[kept][0]] if kept.any() else "none"
        raise DataError(f"The labels hold one class only ({only!r}), expected two: add rows of the other class.")
    return rows[kept], index[kept] == 1, weights[kept], classes, kept


def read_targets(
    probe: Any, rows: Float[np.ndarray, "n d"], y: Any, sample_weight: Any, check: Callable[[Any], np.ndarray]
) -> tuple[np.ndarray, Float[np.ndarray, " n"]]:
    """Return `[n]` targets as `check` lets them pass, and row weights.

    Raises:
        DataError: targets missing, of another length, or refused by `check` with a `ValueError`.
    """
    from sklearn.utils.validation import _check_sample_weight, check_consistent_length

    try:
        if y is None:
            raise ValueError(f"{type(probe).__name__} requires y to be passed, but the target y is None.")
        targets = check(as_array(y))
        check_consistent_length(rows, targets)
        weights = _check_sample_weight(as_array(sample_weight), rows, dtype=np.float64, ensure_non_negative=True)
    except ValueError as error:
        raise DataError(str(error)) from error
    return targets, weights


def as_classes(y: Any) -> np.ndarray:
    """Return labels of any number of classes as `[n]`."""
    from sklearn.utils.multiclass import check_classification_targets
    from sklearn.utils.validation import column_or_1d

    labels = column_or_1d(y, warn=True)
    check_classification_targets(labels)
    return labels


def as_numbers(y: Any) -> Float[np.ndarray, " n"]:
    """Return finite numbers as `[n]` float64."""
    from sklearn.utils.validation import check_array, column_or_1d

    return check_array(column_or_1d(y, warn=True), ensure_2d=False, dtype=np.float64, input_name="y")


def _binary(y: Any) -> np.ndarray:
    from sklearn.utils.multiclass import type_of_target

    labels = as_classes(y)
    kind = type_of_target(labels, input_name="y", raise_unknown=True)
    if kind != "binary":
        raise ValueError(f"Only binary classification is supported. The type of the target is {kind}.")
    return labels
