"""Cuts that no group crosses, and the checks that a cut is clean."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from sonde.base.errors import InputError
from sonde.base.seeds import derive_seed
from sonde.text.dataset import Dataset
from sonde.text.duplicates import THRESHOLD, near_duplicates, normalise, similar_pairs


def fill_groups(data: Dataset) -> Dataset:
    """Give every row without a group one, by near-duplicate text; see `Dataset.grouped`."""
    missing = sum(d.group is None for d in data)
    if not missing:
        return data
    found = near_duplicates([d.text for d in data])
    known: dict[str, str] = {}
    for dialogue, group in zip(data, found.tolist(), strict=True):
        if dialogue.group is not None:
            known.setdefault(group, dialogue.group)
    dialogues = tuple(
        d if d.group is not None else replace(d, group=known.get(group, group))
        for d, group in zip(data, found.tolist(), strict=True)
    )
    sizes = Counter(d.group for d in dialogues)
    notes = [
        f"{missing:,} of {len(data):,} rows had no group and were grouped by near-duplicate text "
        f"(character 5-gram TF-IDF cosine >= {THRESHOLD}): {len(sizes):,} groups."
    ]
    if 2 * max(sizes.values()) > len(data) > 2:
        notes.append(
            f"One near-duplicate group holds {max(sizes.values()):,} of {len(data):,} rows: name a group column."
        )
    return replace(data, dialogues=dialogues, provenance=data.provenance.noted(*notes))


def split_by_group(data: Dataset, *, test: float, seed: int) -> tuple[Dataset, Dataset]:
    """Cut with scikit-learn's StratifiedGroupKFold; see `Dataset.split`."""
    if not 0.0 < test < 1.0:
        raise InputError(f"test={test} for dataset {data.name!r}, expected a share between 0 and 1, such as 0.2.")
    data = fill_groups(data)
    n_groups = len({d.group for d in data})
    if n_groups < 2:
        raise InputError(
            f"Dataset {data.name!r} has {n_groups} group among {len(data)} rows and cannot be split, "
            "expected at least 2: name a finer group column."
        )
    labels = data.labels
    largest = len(data) if labels is None else int(np.bincount(labels).max())
    chosen = _test_rows(data, _folds(test, min(n_groups, max(2, largest))), seed)
    if chosen.all() or not chosen.any():
        raise InputError(
            f"Dataset {data.name!r} cannot be cut at test={test} by its {n_groups} groups: choose another share."
        )
    train, held_out = data[~chosen], data[chosen]
    return replace(train, name=f"{data.name} (train)"), replace(held_out, name=f"{data.name} (held out)")


def _folds(test: float, most: int) -> Fraction:
    """The fraction nearest to `test` whose denominator, the number of folds, is at most `most` (and 20)."""
    folds = min(20, most)
    share = Fraction(test).limit_denominator(folds)
    return min(max(share, Fraction(1, folds)), Fraction(folds - 1, folds))


def _test_rows(data: Dataset, share: Fraction, seed: int) -> np.ndarray:
    """`[n]` mask of the first `share.numerator` folds of `share.denominator`."""
    import warnings

    from sklearn.model_selection import StratifiedGroupKFold

    assert data.groups is not None
    y = np.zeros(len(data), dtype=np.int64) if data.labels is None else data.labels
    splitter = StratifiedGroupKFold(
        n_splits=share.denominator, shuffle=True, random_state=derive_seed(seed, "split") % 2**32
    )
    mask = np.zeros(len(data), dtype=bool)
    with warnings.catch_warnings():
        # A class with fewer rows than folds is balanced as far as it goes; the counts shown tell.
        warnings.filterwarnings("ignore", message="The least populated class")
        for fold, (_, rows) in enumerate(splitter.split(y, y, data.groups)):
            if fold < share.numerator:
                mask[rows] = True
    return mask


def require_two_classes(data: Dataset, role: str) -> None:
    """Refuse a dataset that has no labels or one class only.

    Args:
        data: to be checked.
        role: what it is used as, for the sentence ("training", "test").

    Raises:
        InputError: naming role, dataset and counts.
    """
    counts = data.counts()
    if data.labels is None:
        raise InputError(f"The {role} data {data.name!r} has no labels: name the label column with label=.")
    if not counts["positive"] or not counts["negative"]:
        only = data.positive if counts["positive"] else data.negative
        lacking = data.negative if counts["positive"] else data.positive
        raise InputError(
            f"The {role} data {data.name!r} has one class only: all {len(data)} rows are {only!r}; "
            f"add rows of {lacking!r}, or check positive=."
        )


@dataclass(frozen=True)
class Overlap:
    """What two datasets have in common.

    Attributes:
        groups: group names on both sides, sorted.
        exact: pairs of ids, one a side, whose texts are the same after folding case and white space.
        near: pairs of ids whose texts are nearly but not exactly the same.
    """

    groups: tuple[str, ...] = ()
    exact: tuple[tuple[str, str], ...] = ()
    near: tuple[tuple[str, str], ...] = ()

    def __bool__(self) -> bool:
        return bool(self.groups or self.exact or self.near)


def overlap(a: Dataset, b: Dataset, threshold: float = THRESHOLD, *, near: bool = True) -> Overlap:
    """Look for groups and texts that stand on both sides.

    For pairs, each distinct text stands for the first row that has it. `threshold` as in `near_duplicates`; without
    `near` only groups and equal texts are looked for, in a fraction of the time.
    """
    first_a, first_b = _first_ids(a), _first_ids(b)
    texts = sorted({*first_a, *first_b})
    exact = tuple((first_a[t], first_b[t]) for t in texts if t in first_a and t in first_b)
    alike = []
    for i, j in zip(*similar_pairs(texts if near else [], threshold), strict=True):
        for left, right in ((texts[i], texts[j]), (texts[j], texts[i])):
            if left in first_a and right in first_b:
                alike.append((first_a[left], first_b[right]))
    return Overlap(_shared_groups(a, b), exact, tuple(sorted(alike)))


def check_disjoint(a: Dataset, b: Dataset) -> None:
    """Refuse two datasets that share a group, or, where rows lack groups, the same text.

    Raises:
        InputError: naming the groups (or ids) and both datasets.
    """
    shared = _shared_groups(a, b)
    if shared:
        shown = ", ".join(map(repr, shared[:3])) + (f", … ({len(shared)} in all)" if len(shared) > 3 else "")
        raise InputError(
            f"Group {shown} is on both sides, in {a.name!r} and in {b.name!r}: remove it from one of them, "
            "or let sonde split one dataset by group."
        )
    if a.groups is None or b.groups is None:
        first_a, first_b = _first_ids(a), _first_ids(b)
        same = sorted(first_a.keys() & first_b.keys())
        if same:
            raise InputError(
                f"The text of {first_a[same[0]]!r} in {a.name!r} is also {first_b[same[0]]!r} in {b.name!r} "
                f"({len(same)} such texts): remove it from one of them."
            )


def _shared_groups(a: Dataset, b: Dataset) -> tuple[str, ...]:
    return tuple(sorted({d.group for d in a if d.group is not None} & {d.group for d in b if d.group is not None}))


def _first_ids(data: Dataset) -> dict[str, str]:
    ids: dict[str, str] = {}
    for dialogue in data:
        ids.setdefault(normalise(dialogue.text), dialogue.id)
    return ids
