"""Is it a detector of style?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from sonde.audit.bars import FEWEST, bar_of, keeps
from sonde.audit.check import Check, Need
from sonde.audit.claim import AuditData, Claim
from sonde.audit.evidence import Evidence, Rows, pool
from sonde.audit.finding import COULD_NOT_RUN, FAILED, Finding
from sonde.audit.nuisance import Judged, hold_equal
from sonde.base.seeds import generator
from sonde.scores import Estimate
from sonde.text import RESTYLINGS, Dataset, restyle

#: The tag that names a dialogue's style.
TAG = "style"
#: The most rows of one test set that are restyled.
MOST = 800
FEWEST_STYLES = 4


class StyleCheck(Check):
    """The worst style beside the clean texts.

    Where the data carry styles of their own (the tag `style`, four or more of them), each is judged by itself: they are
    what the model was made to speak. Elsewhere every test text is restyled in one of eight ways (`sonde.text.restyle`),
    each as often in both classes; the probe saw none of them, so all are held out at once.
    """

    name = "style"
    why = "a style detector: it falls when the same is said in another tone"

    def needs(self, data: AuditData, claim: Claim) -> Mapping[str, Need]:
        """Ask for restyled tests where the data have no styles of their own."""
        if _styled(dataset for dataset in data.tests.values()):
            return {}
        return {
            f"{self.name}/{name}": Need(restyled(dataset, claim.seed, data)) for name, dataset in data.tests.items()
        }

    def judge(self, evidence: Evidence) -> Finding:
        """Judge each style by itself, and rows of the same style against each other."""
        if evidence.silent:
            return self.could_not_run(evidence.silent, "Nothing is detected here, so nothing can be taken away.")
        native = _styled(part.dataset for part in evidence.tests.values())
        if native:
            rows, train = evidence.tested, evidence.train
            seen = None if train is None else train.tag(TAG)
            same: Judged | None = hold_equal("the style", rows, rows.tag(TAG), evidence, seen)
        else:
            names = [f"{self.name}/{name}" for name in evidence.tests if f"{self.name}/{name}" in evidence.parts]
            rows, same = pool("restyled", [evidence.parts[name] for name in names]), None
        found = _by_style(rows, evidence)
        if same is not None and same.status == FAILED:
            return self._finding(FAILED, same.how, same.statistic, same.bar, found, native)
        if not found:
            return self.could_not_run(
                "no style has enough rows of both classes",
                f"Give test rows of both classes in several styles (tag `style`), {FEWEST} of each.",
            )
        name = min(found, key=lambda k: float(found[k]))
        status = keeps(found[name], evidence.signal)
        sentence = f"the worst style, {name}, has AUROC {found[name]}, clean texts {evidence.signal}"
        bar = f"at least {bar_of(evidence.signal):.3f} (half of the lead over chance), interval above 0.5"
        return self._finding(status, sentence, found[name], bar, found, native)

    def _finding(
        self, status: Any, sentence: str, statistic: Estimate, bar: str, found: Mapping[str, Estimate], native: bool
    ) -> Finding:
        advice = {
            FAILED: "Train on both classes in every style, and hold styles out.",
            COULD_NOT_RUN: "Give more test rows of both classes in each style.",
        }
        return self.finding(
            status,
            sentence,
            statistic=statistic,
            measures="AUROC in the worst style",
            bar=bar,
            advice=advice.get(status, ""),
            details={
                "styles": {name: e.to_json() for name, e in found.items()},
                "source": "the data's own styles" if native else "eight restylings",
            },
        )


def restyled(dataset: Dataset, seed: int, data: AuditData) -> Dataset:
    """Return up to `MOST` rows, each in one of the eight restylings, every one as often in both classes."""
    rng = generator(seed, "restyled", dataset.name)
    labels = np.zeros(len(dataset), dtype=np.int64) if dataset.labels is None else dataset.labels
    order = np.concatenate([_some(np.flatnonzero(labels == k), MOST // 2, rng) for k in (0, 1)])
    place = np.concatenate([np.arange(len(_some(np.flatnonzero(labels == k), MOST // 2, rng))) for k in (0, 1)])
    names = list(RESTYLINGS)
    made = []
    for row, i in zip(order, place, strict=True):
        name = names[i % len(names)]
        changed = restyle(dataset[int(row)], name, seed=seed, knows=data.knows)
        made.append(replace(changed, tags={**changed.tags, TAG: name}))
    return replace(dataset, name=f"{dataset.name}, restyled", dialogues=tuple(made))


def _some(rows: np.ndarray, most: int, rng: np.random.Generator) -> np.ndarray:
    return rng.permutation(rows)[:most]


def _styled(datasets: Any) -> bool:
    styles = [[d.tags.get(TAG) for d in dataset] for dataset in datasets]
    return bool(styles) and all(None not in s and len(set(s)) >= 2 for s in styles) and (
        len({name for s in styles for name in s}) >= FEWEST_STYLES
    )  # fmt: skip


def _by_style(rows: Rows, evidence: Evidence) -> dict[str, Estimate]:
    """Return the AUROC of every style that has enough rows of both classes."""
    styles, found = rows.tag(TAG), {}
    for name in np.unique(styles):
        inside = rows.where(styles == name)
        if min(inside.y.sum(), (1 - inside.y).sum()) >= FEWEST // 2:
            found[str(name)] = inside.auroc(evidence.claim)
    return found
