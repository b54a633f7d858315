"""Does the probe know more than which group a row belongs to?"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from sonde.audit.bars import FEWEST, keeps, kept_bar
from sonde.audit.check import Check
from sonde.audit.evidence import Evidence
from sonde.audit.finding import COULD_NOT_RUN, FAILED, Finding
from sonde.scores import bootstrap, comparable, stratified_auroc


class ControlTask(Check):
    """Selectivity (Hewitt & Liang 2019) where a control task cannot be learnt: between rows of one group.

    A control task gives every type a label by lot. A type is a group here: what a probe could know by heart (an entity,
    a template). With wide activations nearly every linear probe learns such labels, so that doing so says how readable
    groups are, not what this probe reads. Between rows of one group, however, they are worth nothing: a score of the
    group alone has an AUROC of exactly 0.5 there (`stratified_auroc`). What the probe has above 0.5 is its
    selectivity, and half of its lead over chance must be left.

    The rows are the positives of the tests and the negatives of tests and evidence that the scope covers.
    """

    name = "control_task"
    why = "it knows the group by heart: so many dimensions can store which entity is which"

    def judge(self, evidence: Evidence) -> Finding:
        """Compare positives with negatives of their own group alone."""
        claim, rows = evidence.claim, evidence.covered
        if evidence.silent:
            return self.could_not_run(evidence.silent, "Nothing is detected here, so nothing can be memorised.")
        shared = rows.where(comparable(rows.y, rows.groups))
        positives, n_groups = int(shared.y.sum()), len(np.unique(shared.groups))
        if min(positives, len(shared.y) - positives) < FEWEST or n_groups < 2:
            return self.could_not_run(
                f"{positives} positives share a group with a negative, so who a row is about and what it does cannot "
                "be told apart",
                "Add negatives about the same groups, to the tests or as evidence: in groups that hold both classes, "
                f"{FEWEST} rows of each or more.",
            )  # fmt: skip
        metric: Any = partial(stratified_auroc, strata=shared.groups)
        within = bootstrap(metric, shared.y, shared.scores, shared.groups, resamples=claim.resamples, seed=claim.seed)
        status = keeps(within, evidence.signal)
        return self.finding(
            status,
            f"AUROC {within} between rows of the same group ({evidence.signal} on the tests; a label by lot for each "
            f"group has 0.5), n = {len(shared.y)} in {n_groups} groups",
            statistic=within,
            measures="AUROC between rows of the same group",
            bar=kept_bar(evidence.signal),
            advice=_ADVICE.get(status, ""),
            details={
                "before": evidence.signal.to_json(),
                "selectivity": None if within.value is None else within.value - 0.5,
                "positives": positives,
                "negatives": len(shared.y) - positives,
                "groups": n_groups,
            },
        )


_ADVICE = {
    FAILED: "Train on negatives about the same groups (the same entities, telling the truth), so that knowing the "
    "group is worth nothing.",
    COULD_NOT_RUN: "There are too few rows to tell: give more rows of both classes about the same groups.",
}
