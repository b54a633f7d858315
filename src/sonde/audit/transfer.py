"""Is it one dataset's quirk?"""

from __future__ import annotations

from typing import Any

import numpy as np

from sonde.audit.bars import FEWEST, bar_of
from sonde.audit.check import Check
from sonde.audit.evidence import Evidence, Part
from sonde.audit.finding import FAILED, PASSED, Finding
from sonde.audit.folds import unfitted
from sonde.scores import Estimate, auroc, bootstrap

#: The tag that names why the positive class came about.
REASON = "reason"


class Transfer(Check):
    """The probe on data it was not trained on the like of: mean and worst.

    Unlike are test sets whose positives have another `reason` than those of the training data, or, where no reasons are
    known, which come from another source. Where the training data hold several reasons, the probe is also refitted
    without each of them and tested on it (leave one reason out). At home it has the AUROC of its five refits without a
    fifth of the groups: the worst of the others must be above chance, and their mean keep half of that lead.
    """

    name = "transfer"
    why = "one dataset's quirk: what separates these classes may be gone where they come about otherwise"

    def judge(self, evidence: Evidence) -> Finding:
        """Collect every unlike test, and judge mean and worst."""
        found = self._others(evidence) | self._left_out(evidence)
        if not found:
            return self.could_not_run(
                "no test set differs from the training data in reason or source",
                "Name test data whose positives came about for another reason, or from another source.",
            )
        folds = evidence.folds
        home = max(evidence.test_auroc.values(), key=float) if isinstance(folds, str) else folds.auroc
        values = np.array([float(e) for e in found.values()])
        worst = min(found, key=lambda name: float(found[name]))
        above = found[worst].low is not None and found[worst].low > 0.5  # type: ignore[operator]
        passed = above and float(values.mean()) >= bar_of(home)
        details: dict[str, Any] = {"home": home.to_json(), "mean": float(values.mean())}
        return self.finding(
            PASSED if passed else FAILED,
            f"away from home AUROC is {values.mean():.3f} on average and {found[worst]} at worst ({worst}), "
            f"at home {home}",
            statistic=found[worst],
            measures=f"worst AUROC on data unlike the training data ({worst})",
            bar=f"worst above 0.5, mean at least {bar_of(home):.3f} (half of the lead at home)",
            advice="" if passed else "Train on several reasons and sources, choose site and strength by leaving one of "
            "them out, or claim less.",
            details=details | {"unlike": {name: e.to_json() for name, e in found.items()}},
        )  # fmt: skip

    @staticmethod
    def _others(evidence: Evidence) -> dict[str, Estimate]:
        """Return the AUROC of test sets unlike the training data."""
        train = evidence.train
        if train is None:
            several = len(evidence.tests) > 1
            return {name: e for name, e in evidence.test_auroc.items() if several and e.defined}
        return {
            name: evidence.test_auroc[name]
            for name, part in evidence.tests.items()
            if _unlike(part, train) and evidence.test_auroc[name].defined
        }

    @staticmethod
    def _left_out(evidence: Evidence) -> dict[str, Estimate]:
        """Refit without each reason that the training data hold, and test on its positives."""
        train, claim = evidence.train, evidence.claim
        if train is None:
            return {}
        reasons = train.tag(REASON)
        found = {}
        names = np.unique(reasons[(train.y == 1) & (reasons != "")])
        for reason in names if len(names) > 1 else ():
            kept = (train.y == 0) | (reasons != reason)
            test = [(p, (p.y == 0) | (p.tag(REASON) == reason)) for p in evidence.tests.values()]
            if kept[train.y == 1].sum() < FEWEST or sum(p.y[m].sum() for p, m in test) < FEWEST:
                continue
            probe = unfitted(evidence.probe).fit(train.X[kept], train.y[kept])
            columns = [(p.y[m], probe.decision_function(p.X[m]), p.groups[m]) for p, m in test]
            y, s, groups = (np.concatenate(c) for c in zip(*columns, strict=True))
            options: dict[str, Any] = {"resamples": claim.resamples, "seed": claim.seed}
            found[f"{reason}, left out"] = bootstrap(auroc, y, s, groups, **options)
        return found


def _unlike(test: Part, train: Part) -> bool:
    """Return whether a test set's positives came about otherwise than the training data's."""
    here, there = (set(part.tag(REASON)[part.y == 1]) - {""} for part in (test, train))
    if here and there:
        return not here & there
    return test.dataset.provenance.source != train.dataset.provenance.source
