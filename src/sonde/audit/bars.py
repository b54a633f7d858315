"""What a figure has to reach, in one place, and why.

Some bars are numbers (an interval above 0, p < 0.01, a false-positive rate of at most 5 %). Where a figure must only
"stay above the bar", the bar is this: the interval excludes chance, and at least half of what the detector had above
chance is left. A detector that loses more than half of its lead when one nuisance is taken
away owes more to the nuisance than to its concept.
"""

from __future__ import annotations

from sonde.audit.finding import COULD_NOT_RUN, FAILED, PASSED, Status
from sonde.scores import Estimate

#: Share of the excess over chance that must be left.
KEPT = 0.5
#: Largest false-positive rate on one kind of negatives.
LARGEST_FPR = 0.05
#: Permutation p-value below which a signal counts as real.
SIGNIFICANT = 0.01
#: Rows of a class (or of a kind) below which a figure is not judged.
FEWEST = 30


def bar_of(reference: Estimate) -> float:
    """Return the AUROC that must be left of a `reference` AUROC."""
    return 0.5 + KEPT * max(0.0, float(reference) - 0.5)


def keeps(left: Estimate, reference: Estimate) -> Status:
    """Judge what is `left` of a `reference` AUROC: above chance, and at least half of the excess.

    A failure has to be shown as much as a success: failed when the whole interval lies below the bar; between the two
    there are too few rows to tell, and the check is left open.
    """
    if not left.defined or left.low is None or left.high is None:
        return COULD_NOT_RUN
    bar = bar_of(reference)
    if left.high < bar:
        return FAILED
    return PASSED if left.low > 0.5 and float(left) >= bar else COULD_NOT_RUN


def kept_bar(reference: Estimate) -> str:
    """Say the bar of `keeps`."""
    return f"interval above 0.5, and at least {bar_of(reference):.3f} (half of the lead over chance)"
