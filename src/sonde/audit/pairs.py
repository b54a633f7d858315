"""Are grouped rows counted as independent?"""

from __future__ import annotations

from typing import Any

from sonde.audit.check import Check
from sonde.audit.evidence import Evidence
from sonde.audit.finding import FAILED, PASSED, Finding
from sonde.scores import Estimate
from sonde.text import Dataset, overlap


class Pairs(Check):
    """No group, no text and no near-duplicate text stands in the training data and in a test or control set.

    Texts are compared by what is said up to the end of the target, where there is one; near duplicates as in
    `sonde.text.near_duplicates` (cosine 0.8 of rarity-weighted character 5-grams). A near duplicate counts as a leak
    when it says the same of the same: where both rows have groups that differ, templates alone make texts alike.
    """

    name = "pairs"
    why = "grouped rows counted as independent: what stands on both sides of a split is learnt by heart"

    def judge(self, evidence: Evidence) -> Finding:
        """Look for what stands on both sides."""
        data = evidence.data
        if data.train is None:
            return self.could_not_run(
                "the training data were not given, so nothing can be compared with the tests",
                "Pass the data the probe was trained on (--train).",
            )
        if data.train.groups is None:
            return self.finding(
                FAILED,
                f"the training data {data.train.name} have no groups, so rows that belong together count as several",
                bar="groups present, nothing on both sides",
                advice="Name the column that says which rows belong together (group = …).",
            )
        others = {**data.tests, **({} if data.control is None else {"control": data.control})}
        found = {name: _shared(data.train, dataset) for name, dataset in others.items()}
        leaks = {name: counts for name, counts in found.items() if counts["groups"] or counts["exact"]}
        total = sum(counts["groups"] + counts["exact"] for counts in found.values())
        near = sum(counts["near"] for counts in found.values())
        sentence = "no group and no text stands on both sides of the split"
        if leaks:
            sentence = "; ".join(
                f"{name} shares {counts['groups']} groups and {counts['exact']} texts with the training data"
                for name, counts in leaks.items()
            )
        return self.finding(
            FAILED if leaks else PASSED,
            sentence + (f" ({near} {'pair is' if near == 1 else 'pairs are'} nearly the same)" if near else ""),
            statistic=Estimate(float(total)),
            measures="groups and texts on both sides",
            bar="none",
            advice="Split by group, and remove duplicates before splitting." if leaks else "",
            details={"sets": found},
        )


def _shared(train: Dataset, other: Dataset) -> dict[str, Any]:
    shared = overlap(train, other)
    return {"groups": len(shared.groups), "exact": len(shared.exact), "near": len(shared.near)}
