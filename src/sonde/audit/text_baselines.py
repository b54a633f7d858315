"""Does the transcript give the label away?"""

from __future__ import annotations

from typing import Any

import numpy as np

from sonde.audit.bars import keeps
from sonde.audit.check import Check
from sonde.audit.evidence import Evidence, Part
from sonde.audit.finding import COULD_NOT_RUN, FAILED, PASSED, Finding, Status
from sonde.audit.folds import unfitted
from sonde.audit.readers import figure_reader, lengths, positions, text_reader
from sonde.scores import Estimate, auroc, bootstrap_difference, partial_out


class TextBaselines(Check):
    """The probe beside a bag of words, TF-IDF, length, position and the embedding layer, on the same split.

    On each test set the best of them is taken, judged on that very set (which favours it). The paired difference has to
    be above 0, and, as 0.998 against 1.000 is a difference too, the probe has to keep half of its lead once the
    baseline's score is regressed out of it. A set on which the probe is not above chance has nothing that a text could
    explain, and is left to `transfer`. The text explains the result when the probe is ahead on no set; a set on which
    it is not, beside one on which it is, shows nothing for the claim, and is named as a limit.
    """

    name = "text_baselines"
    why = "the transcript gives it away: whoever reads the words needs no probe"

    def judge(self, evidence: Evidence) -> Finding:
        """Compare the probe with each reader on each test set."""
        train = evidence.train
        if train is None:
            return self.could_not_run(
                "the training data were not given, so no reader could be trained on the same split",
                "Pass the data the probe was trained on (--train).",
            )
        tests = list(evidence.tests.values())
        scores = self._readers(evidence, train, tests)
        rows = [self._row(evidence, part, {k: s[i] for k, s in scores.items()}) for i, part in enumerate(tests)]
        judged = [row for row in rows if row["status"] != COULD_NOT_RUN]
        details = {"tests": [{**row, "ahead": row["ahead"].to_json()} for row in rows]}
        if not judged:
            return self.could_not_run(
                f"the probe is not above chance on any test set (AUROC {evidence.signal} over all)",
                "Nothing is detected here, so there is nothing to explain: find data or sites where something is.",
                details=details,
            )
        readable = [row for row in judged if row["status"] == FAILED]
        failed = len(readable) == len(judged)
        row = max([row for row in judged if row not in readable] or judged, key=lambda r: float(r["ahead"]))
        verb = "does as well as" if failed else "stays behind"
        return self.finding(
            FAILED if failed else PASSED,
            f"{row['best']} {verb} the probe on {row['test']} (AUROC {row['reader']:.3f} against {row['probe']:.3f})",
            statistic=row["ahead"],
            measures=f"AUROC of the probe minus that of the best baseline ({row['best']}) on {row['test']}",
            bar="paired interval above 0 on a test set with a signal, and half of the lead left without the baseline",
            advice="The label can be read from the text: use contrasts in which words, length and position are the "
            "same in both classes." if failed else "",
            limits=() if failed else tuple(f"{r['test']} can be read from the text ({r['best']})" for r in readable),
            details=details,
        )  # fmt: skip

    @staticmethod
    def _readers(evidence: Evidence, train: Part, tests: list[Part]) -> dict[str, list[np.ndarray]]:
        texts, y = [d.text for d in train.dataset], train.y
        asked = [[d.text for d in part.dataset] for part in tests]
        found = {kind: text_reader(kind, texts, y, asked) for kind in ("bag of words", "tf-idf")}
        for name, figure in (("length", lengths), ("position", positions)):
            found[name] = figure_reader(figure(train.dataset), y, [figure(part.dataset) for part in tests])
        embedded = [part.embedding for part in tests]
        if train.embedding is not None and all(e is not None for e in embedded):
            probe = unfitted(evidence.probe).fit(train.embedding, y)
            found["the embedding layer"] = [probe.decision_function(e) for e in embedded]
        return found

    @staticmethod
    def _row(evidence: Evidence, part: Part, scores: dict[str, np.ndarray]) -> dict[str, Any]:
        claim, probe = evidence.claim, evidence.test_auroc[part.name]
        figures = {name: auroc(part.y, s) for name, s in scores.items()}
        best = max(figures, key=lambda name: float(figures[name]))
        options: dict[str, Any] = {"resamples": claim.resamples, "seed": claim.seed}
        ahead = bootstrap_difference(auroc, part.y, part.scores, scores[best], part.groups, **options)
        reader = part.auroc(claim, scores[best])
        left = part.auroc(claim, partial_out(part.scores, scores[best][:, None]))
        status: Status = PASSED if _above(ahead, 0.0) and keeps(left, probe) != FAILED else FAILED
        if not _above(probe, 0.5):
            status = COULD_NOT_RUN
        return {
            "test": part.name,
            "status": status,
            "best": best,
            "probe": float(probe),
            "reader": float(reader),
            "ahead": ahead,
            "left": left.to_json(),
            "baselines": {name: float(value) for name, value in figures.items()},
        }


def _above(estimate: Estimate, bar: float) -> bool:
    return estimate.low is not None and estimate.low > bar
