"""Does the probe memorise?"""

from __future__ import annotations

import numpy as np

from sonde.audit.bars import FEWEST
from sonde.audit.check import Check
from sonde.audit.evidence import Evidence
from sonde.audit.finding import FAILED, PASSED, Finding
from sonde.audit.refits import refit_columns
from sonde.base.seeds import generator
from sonde.scores import Estimate, auroc_columns
from sonde.scores.resampling import attach_interval, group_weights
from sonde.scores.weighted import auroc_kernel

#: Control tasks, each a fresh random label for every group.
TASKS = 20


class ControlTask(Check):
    """Selectivity (Hewitt & Liang 2019): the AUROC on the task minus that on random labels, one for each type.

    A type is a group: what the probe could know by heart (an entity, a template). The training rows of every group are
    dealt out in two halves; refits learn from one and are tested on the other, on the real labels and on `TASKS`
    control tasks that give each group a label by lot. As types are seen in both halves, whoever can tell them apart
    does well on the control tasks too.
    """

    name = "control_task"
    why = "the probe memorises: so many dimensions can store which entity is which"

    def judge(self, evidence: Evidence) -> Finding:
        """Compare the real task with control tasks on the same halves."""
        train, claim = evidence.train, evidence.claim
        if train is None:
            return self.could_not_run(
                "the training data were not given, so nothing could be refitted",
                "Pass the data the probe was trained on (--train).",
            )
        rng = generator(claim.seed, "control task")
        _, owner = np.unique(train.groups, return_inverse=True)
        learn = _halves(owner, rng)
        both = np.isin(owner, owner[learn]) & np.isin(owner, owner[~learn])
        n_groups = len(np.unique(owner[both]))
        if n_groups < FEWEST or min(train.y[both].sum(), (1 - train.y[both]).sum()) < FEWEST:
            return self.could_not_run(
                f"only {n_groups} groups have two rows or more, so hardly any type is seen twice",
                f"Give at least {FEWEST} groups with several rows each.",
            )
        lots = rng.integers(2, size=(TASKS, owner.max() + 1)).astype(bool)[:, owner]
        fit, test = learn & both, ~learn & both
        weights, note = refit_columns(
            evidence.probe, train.X[fit], np.vstack([train.y[fit].astype(bool), lots[:, fit]])
        )
        scores = train.X[test] @ weights
        labels = np.vstack([train.y[test].astype(bool), lots[:, test]])
        point, draws = _selectivity(labels, scores, train.groups[test], claim.resamples, claim.seed)
        selectivity = attach_interval(Estimate(point), draws)
        real = float(auroc_columns(labels[0], scores[:, :1])[0])
        passed = selectivity.low is not None and selectivity.low > 0
        return self.finding(
            PASSED if passed else FAILED,
            f"AUROC {real:.3f} on the task, {real - point:.3f} on random labels for the same {n_groups} groups",
            statistic=selectivity,
            measures="selectivity: AUROC on the task minus mean AUROC on control tasks",
            bar="interval above 0",
            advice="" if passed else "Use a stronger l2 or fewer dimensions, or more groups, until random labels for "
            "the same groups cannot be learnt as well.",
            details={"task": real, "control": real - point, "tasks": TASKS, "groups": n_groups, "note": note},
        )  # fmt: skip


def _halves(owner: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return `[n]` booleans: half of the rows of each group, by lot."""
    order = np.lexsort((rng.random(len(owner)), owner))
    rank = np.empty(len(owner), dtype=np.int64)
    starts = np.flatnonzero(np.r_[True, np.diff(owner[order]) > 0])
    rank[order] = np.arange(len(owner)) - np.repeat(starts, np.diff(np.r_[starts, len(owner)]))
    return rank % 2 == 0


def _selectivity(
    labels: np.ndarray, scores: np.ndarray, groups: np.ndarray, resamples: int, seed: int
) -> tuple[float, np.ndarray]:
    """Return the AUROC of the first column minus the mean of the others, and its draws over resampled groups."""
    kernels = [auroc_kernel(y, s) for y, s in zip(labels, scores.T, strict=True) if y.any() and not y.all()]

    def both(w: np.ndarray) -> np.ndarray:
        return kernels[0](w) - np.mean([kernel(w) for kernel in kernels[1:]], axis=0)

    draws = [both(w) for w in group_weights(labels.shape[1], groups, min(resamples, 300), seed)]
    return float(both(np.ones((1, labels.shape[1])))[0]), np.concatenate(draws) if draws else np.empty(0)
