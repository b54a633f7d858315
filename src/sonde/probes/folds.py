"""Who trains and who validates: folds that no group crosses."""

from __future__ import annotations

import numpy as np
from jaxtyping import Int, Shaped

from sonde.base.errors import InputError
from sonde.base.seeds import derive_seed
from sonde.probes.inputs import DataError


def assign_folds(
    y: Shaped[np.ndarray, " n"], groups: Shaped[np.ndarray, " g"] | None, folds: int, seed: int
) -> Int[np.ndarray, " n"]:
    """Return the validation fold of each row; rows of one group share it, classes are spread evenly.

    scikit-learn's `StratifiedGroupKFold`, or `StratifiedKFold` where no groups are known.

    Raises:
        InputError: fewer than two folds, fewer groups than folds, or a fold would train on one class only.
    """
    from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

    y = np.asarray(y)
    if folds < 2:
        raise InputError(f"{folds} folds were asked for, expected at least 2: one trains while the other validates.")
    if len(np.unique(y)) != 2:
        raise DataError(f"The labels hold one class only ({len(y)} rows), expected two: add rows of the other class.")
    smallest, what = int(min(y.sum(), len(y) - y.sum())), "rows of the smaller class"
    if groups is not None:
        smallest, what = len(np.unique(groups)), "groups"
    if smallest < folds:
        raise InputError(f"There are {smallest} {what} for {folds} folds: ask for at most {max(smallest, 2)} folds, "
                         "or add data.")  # fmt: skip
    random = derive_seed(seed, "folds") % 2**32
    if groups is None:
        splits = StratifiedKFold(folds, shuffle=True, random_state=random).split(y[:, None], y)
    else:
        splits = StratifiedGroupKFold(folds, shuffle=True, random_state=random).split(y[:, None], y, groups)
    fold = np.zeros(len(y), dtype=np.int64)
    for k, (train, held_out) in enumerate(splits):
        fold[held_out] = k
        if len(np.unique(y[train])) != 2:
            raise InputError(
                f"All rows of one class fall into one of {folds} folds, as their groups are so large: "
                "ask for fewer folds, or add groups of that class."
            )
    return fold
