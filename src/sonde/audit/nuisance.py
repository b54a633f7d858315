"""A nuisance that might be what the probe reads: hold it equal where the data allow, else ask who knows it alone.

Shared by the checks of instruction, style, length and position.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from sonde.audit.bars import FEWEST, keeps, kept_bar
from sonde.audit.evidence import Evidence, Rows
from sonde.audit.finding import COULD_NOT_RUN, FAILED, PASSED, Status
from sonde.audit.readers import category_reader
from sonde.scores import Estimate, auroc, bootstrap, bootstrap_difference, comparable, stratified_auroc


@dataclass(frozen=True)
class Judged:
    """What holding one nuisance equal showed.

    Attributes:
        status: `could not run` where the data can tell nothing.
        within: the AUROC among rows that are equal in the nuisance; undefined where no such rows have both classes.
        reader: the AUROC of a reader that knows the nuisance alone, where it had to decide; else undefined.
        n: rows that have a row of the other class with the same value.
        how: a clause for the finding's sentence.
        bar: what was asked.
    """

    status: Status
    within: Estimate
    reader: Estimate
    n: int
    how: str
    bar: str

    @property
    def statistic(self) -> Estimate:
        """The number that decided."""
        return self.reader if self.reader.defined else self.within

    def to_json(self) -> dict[str, Any]:
        """Return the fields, JSON-ready."""
        shown = {"within": self.within.to_json(), "reader": self.reader.to_json()}
        return {"status": self.status, "n_comparable": self.n, "how": self.how, "bar": self.bar, **shown}


def hold_equal(
    what: str,
    rows: Rows,
    strata: np.ndarray,
    evidence: Evidence,
    train_strata: np.ndarray | None,
    test_strata: np.ndarray | None = None,
) -> Judged:
    """Judge whether the probe tells the classes apart among rows that are equal in a nuisance.

    Where at least `FEWEST` rows of each class can be compared so, that decides: what is left of the AUROC on the tests.
    Where hardly any can, the nuisance and the classes go together, and the probe has to beat the reader of the nuisance
    alone on the test sets.

    Args:
        what: the nuisance's name ("the instruction").
        rows: the test rows, possibly with further evidence.
        strata: the nuisance of each of `rows`.
        evidence: for the claim, the training rows and the tests.
        train_strata: the nuisance of each training row, or None.
        test_strata: the nuisance of each test row; None = `strata`, where `rows` are the test rows.
    """
    claim = evidence.claim
    options: dict[str, Any] = {"resamples": claim.resamples, "seed": claim.seed}
    same = comparable(rows.y, strata)
    n = int(same.sum())
    within = bootstrap(partial(stratified_auroc, strata=strata), rows.y, rows.scores, rows.groups, **options)
    nobody = Estimate.undefined("rows of equal value decide")
    if min(rows.y[same].sum(), (1 - rows.y[same]).sum()) >= FEWEST:
        how = f"AUROC {within} where {what} is the same, {evidence.signal} over all test rows"
        return Judged(keeps(within, evidence.signal), within, nobody, n, how, kept_bar(evidence.signal))
    if evidence.train is None or train_strata is None:
        how = f"hardly any rows agree in {what} and differ in class"
        return Judged(COULD_NOT_RUN, within, nobody, n, how, "")
    tested = evidence.tested
    (guess,) = category_reader(train_strata, evidence.train.y, [strata if test_strata is None else test_strata])
    reader = bootstrap(auroc, tested.y, guess, tested.groups, **options)
    ahead = bootstrap_difference(auroc, tested.y, tested.scores, guess, tested.groups, **options)
    status = PASSED if ahead.low is not None and ahead.low > 0 else FAILED
    how = f"{what} alone has AUROC {reader} on the test rows, the probe {evidence.signal}"
    return Judged(status, within, reader, n, how, "the probe ahead of that reader, paired interval above 0")


def bins(figure: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """Return the bin of each figure between `edges`."""
    return np.searchsorted(edges, figure, side="right")


def edges_of(figures: Sequence[np.ndarray], most: int = 20) -> np.ndarray:
    """Return edges that cut the figures into at most `most` bins of like size; few distinct values have one each."""
    values = np.unique(np.concatenate(figures))
    if len(values) <= most:
        return values
    return np.unique(np.quantile(np.concatenate(figures), np.linspace(0, 1, most + 1)[1:-1]))
