"""Would permuted labels have done as well?"""

from __future__ import annotations

import numpy as np

from sonde.audit.bars import SIGNIFICANT
from sonde.audit.check import Check
from sonde.audit.evidence import Evidence, Part
from sonde.audit.finding import FAILED, PASSED, Finding
from sonde.audit.refits import refit_columns
from sonde.scores import Estimate, auroc_columns, holm, permutation_p, permuted_labels


class ShuffledLabels(Check):
    """The probe's AUROC on each test set beside refits on labels permuted by group; p-values with Holm's correction.

    All refits are solved together (`refit_columns`). Passed when the signal is significant on some test set; whether it
    reaches the others is what `transfer` asks.
    """

    name = "shuffled_labels"
    why = "chance, or a pipeline that leaks: a probe of nothing can look good once"

    def judge(self, evidence: Evidence) -> Finding:
        """Refit on permuted labels, and rank the probe among the refits."""
        train, claim = evidence.train, evidence.claim
        if train is None:
            return self.could_not_run(
                "the training data were not given, so nothing could be refitted",
                "Pass the data the probe was trained on (--train).",
            )
        labels = permuted_labels(train.y, train.groups, claim.permutations, claim.seed)
        weights, note = refit_columns(evidence.probe, train.X, labels)
        tests = evidence.tests
        null = {name: auroc_columns(part.y, part.X @ weights) for name, part in tests.items()}
        observed = {name: float(evidence.test_auroc[name]) for name in tests}
        p = np.array([permutation_p(observed[name], null[name]) for name in tests])
        adjusted = holm(p)
        k = int(np.argmin(adjusted))
        name = list(tests)[k]
        passed = bool(adjusted[k] < SIGNIFICANT)
        low, high = np.quantile(null[name], [0.025, 0.975])
        return self.finding(
            PASSED if passed else FAILED,
            f"permuted labels reach AUROC {low:.3f} to {high:.3f} on {name}, the probe {observed[name]:.3f} "
            f"(p = {adjusted[k]:.3f} after Holm's correction)",
            statistic=Estimate(float(adjusted[k])),
            measures=f"smallest Holm-corrected p-value of {claim.permutations} permutations by group",
            bar=f"p < {SIGNIFICANT}",
            advice=""
            if passed
            else "Give more groups, or look for a site with a signal: labels drawn by lot could show this one.",
            details={"note": note, "tests": _rows(tests, observed, null, p, adjusted)},
        )


def _rows(
    tests: dict[str, Part], observed: dict[str, float], null: dict[str, np.ndarray], p: np.ndarray, adjusted: np.ndarray
) -> list[dict[str, object]]:
    return [
        {
            "test": name,
            "probe": observed[name],
            "null_mean": float(null[name].mean()),
            "null_range": [float(q) for q in np.quantile(null[name], [0.025, 0.975])],
            "p": float(p[i]),
            "p_holm": float(adjusted[i]),
        }
        for i, name in enumerate(tests)
    ]
