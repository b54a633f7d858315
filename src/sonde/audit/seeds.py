"""Was it luck?"""

from __future__ import annotations

from itertools import combinations

import numpy as np
from scipy.stats import spearmanr

from sonde.audit.check import Check
from sonde.audit.evidence import Evidence
from sonde.audit.finding import FAILED, PASSED, Finding
from sonde.audit.folds import FOLDS
from sonde.scores import Estimate, auroc

#: Least mean cosine between directions (or rank correlation of scores): nearer to each other than to a right angle.
AGREEMENT = 0.5


class Seeds(Check):
    """Five refits, each with a seed of its own and without a fifth of the groups: do they agree?

    Probes here are deterministic, or nearly, so that the seed alone would prove nothing; the sample is varied with it.
    The spread of their AUROCs on the test rows must stay within the width of the interval that is reported beside the
    AUROC, and their directions (for probes that have none, their scores) agree.
    """

    name = "seeds"
    why = "luck: another seed, or another fifth of the groups, and the direction is another"

    def judge(self, evidence: Evidence) -> Finding:
        """Compare five refits on the test rows."""
        folds = evidence.folds
        if isinstance(folds, str):
            return self.could_not_run(
                folds, "Pass the data the probe was trained on (--train), in five groups or more."
            )
        tests = list(evidence.tests.values())
        scores = [np.concatenate([probe.decision_function(p.X) for p in tests]) for probe in folds.probes]
        y = evidence.tested.y
        each = np.array([float(auroc(y, s)) for s in scores])
        ranks = np.mean([spearmanr(a, b).statistic for a, b in combinations(scores, 2)])
        directions = [getattr(probe, "direction_", None) for probe in folds.probes]
        cosine = None
        if all(d is not None for d in directions):
            cosine = float(np.mean([a @ b for a, b in combinations(directions, 2)]))  # type: ignore[operator]
        signal, spread = evidence.signal, float(each.max() - each.min())
        width = 1.0 if signal.low is None or signal.high is None else signal.high - signal.low
        agreement = float(ranks) if cosine is None else cosine
        passed = spread <= width and agreement >= AGREEMENT
        how = f"scores correlate by rank at {ranks:.2f}" + ("" if cosine is None else f", cosine {cosine:.2f}")
        return self.finding(
            PASSED if passed else FAILED,
            f"{FOLDS} refits without a fifth of the groups have AUROC {each.min():.3f} to {each.max():.3f}; {how}",
            statistic=Estimate(agreement),
            measures="mean cosine of the directions of five refits" if cosine is not None else "mean rank correlation",
            bar=f"at least {AGREEMENT}, and AUROCs spread by at most {width:.3f} (the width of the reported interval)",
            advice="" if passed else "Train on more groups, or choose a stronger l2.",
            details={"auroc": each.tolist(), "spread": spread, "rank_correlation": float(ranks), "cosine": cosine},
        )
