"""The operating point: a threshold set on a named control set, and what it really does there."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from jaxtyping import Real

from sonde.base.errors import InputError
from sonde.scores.arrays import check_numbers
from sonde.scores.intervals import clopper_pearson
from sonde.scores.ranking import size_guard, smallest_threshold


@dataclass(frozen=True)
class Threshold:
    """A row is flagged when its score is strictly greater than `value`.

    Attributes:
        value: the threshold, in units of the score.
        target_fpr: the false-positive rate aimed at.
        control: the name of the set of negatives it was set on.
        n: rows of that set.
        realised: the false-positive rate observed there.
        interval: exact 95 % interval of that rate (Clopper & Pearson).
        note: empty, "coarse: …", or why the target cannot be claimed with so few rows.
    """

    value: float
    target_fpr: float
    control: str
    n: int
    realised: float
    interval: tuple[float, float]
    note: str = ""

    @property
    def claim(self) -> str:
        """How the operating point may be spoken of: "1 % FPR", or with too few rows only what was observed."""
        if self.n < np.ceil(1 / self.target_fpr):
            return f"{round(self.realised * self.n)} of {self.n} control rows flagged"
        return f"{100 * self.target_fpr:g} % FPR" + (" (coarse)" if self.note else "")

    def to_json(self) -> dict[str, Any]:
        """Return the fields as `run.json` holds them: `realised` is the interval, `observed` the rate itself."""
        fields = asdict(self)
        return fields | {"observed": self.realised, "realised": list(fields.pop("interval"))}


def threshold_from_control(
    scores: Real[np.ndarray, " n"], target_fpr: float = 0.01, name: str = "control"
) -> Threshold:
    """Return the smallest threshold that at most `target_fpr` of the control's scores lie strictly above.

    The rule of `recall_at_fpr`: with `a = floor(target_fpr · n)` false positives allowed, in exact arithmetic, it is
    the `(a + 1)`-th highest control score. Ties at the threshold are not flagged. Below `1 / target_fpr` rows nothing
    may be flagged, and the note says that the rate cannot be claimed.

    Args:
        scores: `[n]` scores of negatives only (honest chat).
        target_fpr: between 0 and 1.
        name: the control set, for the record.

    Raises:
        InputError: no rows, or a score that is not finite.

    Example:
        >>> t = threshold_from_control(np.arange(1000.0))
        >>> t.value, t.realised, t.note
        (989.0, 0.01, '')
    """
    values = check_numbers(scores, f"The score of control set {name!r}")
    n = len(values)
    if n == 0:
        raise InputError(f"Control set {name!r} has no rows, so no threshold can be set: give it honest examples.")
    value = smallest_threshold(values, target_fpr)
    flagged = int((values > value).sum())
    reason, coarse = size_guard(target_fpr, n)
    return Threshold(value, target_fpr, name, n, flagged / n, clopper_pearson(flagged, n), reason or coarse)
