"""Is it an entropy probe in disguise?"""

from __future__ import annotations

import numpy as np

from sonde.audit.bars import keeps, kept_bar
from sonde.audit.check import Check
from sonde.audit.evidence import Evidence
from sonde.audit.finding import FAILED, Finding
from sonde.scores import Estimate, auroc, bootstrap, partial_out


class Uncertainty(Check):
    """The AUROC that is left when the answer's log-probability and entropy are regressed out of the scores.

    Least squares on both, their squares and their product, over all test rows, blind to the labels (`partial_out`).
    """

    name = "uncertainty"
    why = "an entropy probe in disguise: lies drawn at random are less sure than truths"

    def judge(self, evidence: Evidence) -> Finding:
        """Take uncertainty out of the scores of all test rows together."""
        claim, tests = evidence.claim, list(evidence.tests.values())
        if evidence.silent:
            return self.could_not_run(evidence.silent, "Nothing is detected here, so nothing can be taken away.")
        sure = [(p.log_probability, p.entropy) for p in tests]
        known = [(a, b) for a, b in sure if a is not None and b is not None]
        if len(known) < len(tests):
            return self.could_not_run(
                "the model's predictions at the answer's tokens are not known for every test row",
                "Mark the answer (a target span, or an assistant message) in every test dialogue.",
            )
        nuisance = np.concatenate([np.stack(pair, axis=1) for pair in known])
        rows = evidence.tested
        options = {"resamples": claim.resamples, "seed": claim.seed}
        left = bootstrap(auroc, rows.y, partial_out(rows.scores, nuisance), rows.groups, **options)
        alone = {
            name: _folded(bootstrap(auroc, rows.y, column, rows.groups, **options))
            for name, column in zip(("log-probability", "entropy"), nuisance.T, strict=True)
        }
        status = keeps(left, evidence.signal)
        best = max(alone, key=lambda name: float(alone[name]))
        return self.finding(
            status,
            f"AUROC {left} is left once log-probability and entropy are taken out ({evidence.signal} before; "
            f"{best} alone has {alone[best]})",
            statistic=left,
            measures="AUROC after regressing out the answer's log-probability and entropy",
            bar=kept_bar(evidence.signal),
            advice="Train and test on positives and negatives of which the model is equally sure."
            if status == FAILED
            else "",
            details={"before": evidence.signal.to_json(), "alone": {k: v.to_json() for k, v in alone.items()}},
        )


def _folded(estimate: Estimate) -> Estimate:
    """Return an AUROC turned above 0.5."""
    if estimate.value is None or estimate.value >= 0.5:
        return estimate
    low, high = estimate.low, estimate.high
    return Estimate(1 - estimate.value, None if high is None else 1 - high, None if low is None else 1 - low)
