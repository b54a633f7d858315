"""Is longer "worse"?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

import numpy as np

from sonde.audit.bars import FEWEST, keeps, kept_bar
from sonde.audit.check import Check, Need
from sonde.audit.claim import AuditData, Claim
from sonde.audit.evidence import Evidence, pool
from sonde.audit.finding import COULD_NOT_RUN, FAILED, Finding, worst
from sonde.audit.nuisance import Judged, bins, edges_of, hold_equal
from sonde.audit.readers import answer_message, lengths, positions
from sonde.base.seeds import generator
from sonde.scores import Estimate
from sonde.text import Dataset, Dialogue, Message, Target

#: The most rows of one test set that are padded.
MOST = 200


class LengthPosition(Check):
    """Three questions: rows of the same length, rows whose answer stands at the same place, and padded context.

    Lengths and positions are counted in words, in at most twenty bins. Padding puts an earlier exchange, taken from a
    negative of another group, before the last prompt, as far as the longest test dialogue shows that there is room.
    """

    name = "length_position"
    why = 'longer is "worse": length or place goes with the label, or a long context drowns the signal'

    def needs(self, data: AuditData, claim: Claim) -> Mapping[str, Need]:
        """Ask for the test dialogues with an earlier exchange."""
        made = {name: padded(dataset, claim.seed) for name, dataset in data.tests.items()}
        return {f"{self.name}/{name}": Need(d) for name, d in made.items() if _enough(d)}

    def judge(self, evidence: Evidence) -> Finding:
        """Hold length and position equal, then look at padded dialogues."""
        if evidence.silent:
            return self.could_not_run(evidence.silent, "Nothing is detected here, so nothing can be taken away.")
        judged = {
            "length": self._equal("the length", lengths, evidence),
            "position": self._equal("the answer's position", positions, evidence),
        }
        names = [f"{self.name}/{name}" for name in evidence.tests if f"{self.name}/{name}" in evidence.parts]
        if names:
            rows = pool("padded", [evidence.parts[name] for name in names])
            left = rows.auroc(evidence.claim)
            how = f"AUROC {left} after an earlier exchange was put before, {evidence.signal} without"
            nobody = Estimate.undefined("no reader was asked")
            judged["padded"] = Judged(
                keeps(left, evidence.signal), left, nobody, len(rows.y), how, kept_bar(evidence.signal)
            )
        status = worst([j.status for j in judged.values()])
        named = [j for j in judged.values() if j.status == status]
        return self.finding(
            status,
            "; ".join(j.how for j in named),
            statistic=named[0].statistic,
            measures="AUROC once length, position or context are held equal",
            bar=named[0].bar,
            advice=_ADVICE.get(status, ""),
            details={name: j.to_json() for name, j in judged.items()},
        )

    @staticmethod
    def _equal(what: str, measure: object, evidence: Evidence) -> Judged:
        train, rows = evidence.train, evidence.tested
        counted = [measure(part.dataset) for part in evidence.tests.values()]  # type: ignore[operator]
        edges = edges_of(counted)
        seen = None if train is None else bins(measure(train.dataset), edges)  # type: ignore[operator]
        return hold_equal(what, rows, bins(np.concatenate(counted), edges), evidence, seen)


_ADVICE = {
    FAILED: "Match lengths and positions between the classes, and train with earlier turns in both.",
    COULD_NOT_RUN: "Give test rows of both classes at the same lengths.",
}


def padded(dataset: Dataset, seed: int) -> Dataset:
    """Return the dialogues that have room for an earlier exchange, with one; the target moves along."""
    rng = generator(seed, "padded", dataset.name)
    room = max((len(d.text.split()) for d in dataset), default=0)
    exchanges = _exchanges(dataset)
    chosen = rng.permutation(len(dataset))
    made: list[Dialogue] = []
    for row in chosen if exchanges else []:
        dialogue = dataset[int(row)]
        group, first, second = exchanges[int(rng.integers(len(exchanges)))]
        words = sum(len(m.content.split()) for m in (*dialogue.messages, first, second))
        place = answer_message(dialogue) - 1
        if group == dialogue.group or words > room or place < 0 or dialogue.messages[place].role != "user":
            continue
        made.append(_insert(dialogue, place, (first, second)))
    keep = [*[d for d in made if d.label == 1][: MOST // 2], *[d for d in made if d.label == 0][: MOST // 2]]
    return replace(dataset, name=f"{dataset.name}, padded", dialogues=tuple(keep))


def _exchanges(dataset: Iterable[Dialogue]) -> list[tuple[str | None, Message, Message]]:
    """Return group, question and answer of the shorter half of the negatives."""
    found = []
    for d in dataset:
        i = answer_message(d)
        if d.label == 0 and i >= 1 and d.messages[i].role == "assistant" and d.messages[i - 1].role == "user":
            found.append((d.group, d.messages[i - 1], d.messages[i]))
    found.sort(key=lambda e: len(e[1].content.split()) + len(e[2].content.split()))
    return found[: max(1, len(found) // 2)] if found else []


def _insert(dialogue: Dialogue, place: int, exchange: tuple[Message, Message]) -> Dialogue:
    messages = (*dialogue.messages[:place], *exchange, *dialogue.messages[place:])
    target = dialogue.target
    if target is not None:
        target = Target(answer_message(dialogue) + 2, target.start, target.end)
    return replace(dialogue, messages=messages, target=target)


def _enough(dataset: Dataset) -> bool:
    labels = dataset.labels
    return labels is not None and min(labels.sum(), (1 - labels).sum()) >= FEWEST
