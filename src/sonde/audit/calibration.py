"""Does the threshold travel?"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.special import expit

from sonde.audit.bars import FEWEST
from sonde.audit.check import Check
from sonde.audit.claim import Claim
from sonde.audit.evidence import Evidence, Part
from sonde.audit.finding import FAILED, PASSED, Finding
from sonde.scores import Estimate, brier, clopper_pearson, ece
from sonde.scores.ranking import smallest_threshold
from sonde.scores.resampling import group_weights


class Calibration(Check):
    """The false-positive rate that the threshold realises on a second control set; Brier score and ECE beside it.

    Its interval counts both samples: the threshold is set again on resampled groups of the first control, and its rate
    taken on resampled groups of the second (never narrower than the exact binomial interval). Without the first
    control's rows the threshold is held fixed.
    """

    name = "calibration"
    why = "the threshold does not travel: 1 % on one control set may be 10 % on the next"

    def judge(self, evidence: Evidence) -> Finding:
        """Set the threshold on one control, and count on the other."""
        claim, second = evidence.claim, evidence.parts.get("second control")
        if claim.threshold is None:
            return self.could_not_run(
                "the probe has no threshold", "Set one on a control set (--control, or [data] control in a recipe)."
            )
        details = {name: _reliability(part) for name, part in evidence.tests.items()}
        if second is None or len(second) < FEWEST:
            return self.could_not_run(
                "there is no second control set of negatives of the same kinds",
                "Name one ([audit] second_control, or --second-control): negatives that set no threshold.",
                details={"tests": details},
            )
        target = claim.threshold.target_fpr
        realised = realised_fpr(evidence.parts.get("control"), second, claim)
        low, high = realised.low or 0.0, realised.high if realised.high is not None else 1.0
        passed = low <= target <= high
        return self.finding(
            PASSED if passed else FAILED,
            f"the threshold realises {float(realised):.1%} false positives [{low:.1%}, {high:.1%}] on the second "
            f"control, {second.dataset.name}, for a target of {target:.1%}",
            statistic=realised,
            measures=f"false-positive rate on {second.dataset.name}",
            bar=f"interval contains {target:.1%}",
            advice="" if passed else "Set the threshold on more rows, and on rows like those it will meet.",
            details={"tests": details, "n": len(second)},
        )


def realised_fpr(first: Part | None, second: Part, claim: Claim) -> Estimate:
    """Return the rate of false positives on the second control at the threshold, with an interval for both samples."""
    assert claim.threshold is not None
    cut = claim.threshold.value
    flagged = int((second.scores > cut).sum())
    low, high = clopper_pearson(flagged, len(second))
    draws = _draws(first, second, claim)
    if len(draws):
        low, high = (float(f(a, b)) for f, a, b in zip((min, max), (low, high), np.quantile(draws, [0.025, 0.975]),
                                                       strict=True))  # fmt: skip
    return Estimate(flagged / len(second), low, high)


def _draws(first: Part | None, second: Part, claim: Claim) -> np.ndarray:
    """Return the rate under resampled groups of both controls."""
    assert claim.threshold is not None
    b = min(claim.resamples, 400)
    cuts = np.full(b, claim.threshold.value)
    if first is not None:
        weights = np.concatenate(list(group_weights(len(first), first.groups, b, claim.seed)) or [np.ones((0, 0))])
        rows = (np.repeat(first.scores, w.astype(np.int64)) for w in weights)
        found = np.array([smallest_threshold(r, claim.threshold.target_fpr) for r in rows])
        cuts = found if len(found) == b else cuts
    again = list(group_weights(len(second), second.groups, b, claim.seed + 1))
    if not again:
        return np.empty(0)
    w = np.concatenate(again)
    order = np.argsort(second.scores)
    above = np.searchsorted(second.scores[order], cuts, side="right")
    tail = np.concatenate([np.cumsum(w[:, order][:, ::-1], axis=1)[:, ::-1], np.zeros((b, 1))], axis=1)
    return tail[np.arange(b), above] / w.sum(axis=1)


def _reliability(part: Part) -> dict[str, Any]:
    probability = expit(part.scores)
    return {"brier": brier(part.y, probability).to_json(), "ece": ece(part.y, probability).to_json()}
