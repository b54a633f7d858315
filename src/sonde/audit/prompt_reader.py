"""Does it read the instruction?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from sonde.audit.bars import FEWEST, LARGEST_FPR, keeps, kept_bar
from sonde.audit.check import Check, Need
from sonde.audit.claim import AuditData, Claim
from sonde.audit.evidence import Evidence, Rows, flagged_rate, pool
from sonde.audit.finding import COULD_NOT_RUN, FAILED, Finding, worst
from sonde.audit.nuisance import Judged, hold_equal
from sonde.audit.readers import prompt_of
from sonde.scores import Estimate, auroc, bootstrap, bootstrap_difference
from sonde.text import Dialogue

#: Tags that name what a prompt asks for.
INSTRUCTION_TAGS = ("instruction", "rule")
#: The kind of those who were told to do it and cannot: liars who do not know.
IGNORANT = "ignorant"
#: What is masked: everything that the prompt says.
PROMPT = "system | user"


class PromptReader(Check):
    """Three questions, of which each the data allow must be survived.

    Same instruction, differing behaviour: the AUROC among rows whose instruction (the tag `rule` or `instruction`, else
    the system message, else the whole prompt) is the same, the tests' positives beside all negatives there are. Told
    to, but ignorant: the AUROC of positives against negatives of the kind `ignorant`, and how many of these are flagged
    at the threshold. Masked: the AUROC with the prompt's own tokens left out of what the probe reads. Where no two rows
    of one instruction differ in class, the probe must beat the reader of the prompt alone.
    """

    name = "prompt_reader"
    why = "it reads the instruction: the prompt says what is to come, whatever the model then does"

    def needs(self, data: AuditData, claim: Claim) -> Mapping[str, Need]:
        """Ask for the test sets without the tokens of the prompt."""
        prompted = {name: d for name, d in data.tests.items() if _has_prompts(d)}
        return {f"{self.name}/{name}": Need(dataset, without=PROMPT) for name, dataset in prompted.items()}

    def judge(self, evidence: Evidence) -> Finding:
        """Ask what can be asked."""
        rows = evidence.covered
        if not _has_prompts(rows.dialogues):
            return self.could_not_run("the data are texts without prompts", "Nothing to do.", bears=False)
        if evidence.silent:
            return self.could_not_run(evidence.silent, "Nothing is detected here, so nothing can be taken away.")
        judged = {"same instruction": self._same_instruction(evidence, rows)}
        for name, found in (("ignorant", self._ignorant(evidence, rows)), ("masked", self._masked(evidence))):
            if found is not None:
                judged[name] = found
        status = worst([j.status for j in judged.values()])
        named = [j for j in judged.values() if j.status == status]
        first = named[0]
        return self.finding(
            status,
            "; ".join(j.how for j in named),
            statistic=first.statistic,
            measures="AUROC once the instruction cannot tell",
            bar=first.bar,
            advice=_ADVICE.get(status, ""),
            details={name: j.to_json() for name, j in judged.items()},
        )

    def _same_instruction(self, evidence: Evidence, rows: Rows) -> Judged:
        train, tests = evidence.train, evidence.tested
        seen = None if train is None else instructions(train.dataset)
        found = hold_equal("the instruction", rows, instructions(rows.dialogues), evidence, seen,
                           instructions(tests.dialogues))  # fmt: skip
        if found.status == COULD_NOT_RUN or not found.reader.defined or train is None:
            return found
        return self._words_of_prompts(evidence, found)

    @staticmethod
    def _words_of_prompts(evidence: Evidence, found: Judged) -> Judged:
        """Let words of the prompts speak too where nothing better than a reader decides."""
        from sonde.audit.readers import text_reader

        train, tested, claim = evidence.train, evidence.tested, evidence.claim
        assert train is not None
        prompts = [prompt_of(d) for d in train.dataset], [prompt_of(d) for d in tested.dialogues]
        (scores,) = text_reader("tf-idf", prompts[0], train.y, [prompts[1]])
        options = {"resamples": claim.resamples, "seed": claim.seed}
        reader = bootstrap(auroc, tested.y, scores, tested.groups, **options)
        if float(reader) <= float(found.reader):
            return found
        ahead = bootstrap_difference(auroc, tested.y, tested.scores, scores, tested.groups, **options)
        status = "passed" if ahead.low is not None and ahead.low > 0 else FAILED
        how = f"the words of the prompt alone have AUROC {reader} on the test rows, the probe {evidence.signal}"
        return Judged(status, found.within, reader, found.n, how, found.bar)

    @staticmethod
    def _ignorant(evidence: Evidence, rows: Rows) -> Judged | None:
        """Judge positives against negatives who were told to and cannot."""
        ignorant = (rows.tag("kind") == IGNORANT) & (rows.y == 0)
        if not evidence.claim.inside(IGNORANT) or ignorant.sum() < FEWEST:
            return None
        asked = instructions(rows.dialogues)
        told = (rows.y == 1) & np.isin(asked, asked[ignorant])
        against = rows.where(ignorant | (told if told.sum() >= FEWEST else rows.y == 1))
        left = against.auroc(evidence.claim)
        status, how, bar = keeps(left, evidence.signal), f"AUROC {left} against", kept_bar(evidence.signal)
        if evidence.claim.threshold is not None:
            rate = flagged_rate(rows.scores[ignorant], rows.groups[ignorant], evidence.claim)
            status = FAILED if rate.low is not None and rate.low > LARGEST_FPR else status
            how = f"{how}, and {float(rate):.1%} flagged of,"
            bar += f"; rate of flags not established above {LARGEST_FPR:.0%}"
        how = f"{how} {int(ignorant.sum())} who were told to and do not know"
        return Judged(status, left, _NOBODY, len(against.y), how, bar)

    def _masked(self, evidence: Evidence) -> Judged | None:
        """Judge the probe on the tests without the prompt's tokens, where it read any."""
        names = [name for name in evidence.tests if f"{self.name}/{name}" in evidence.parts]
        if not names:
            return None
        rows = pool("masked", [evidence.parts[f"{self.name}/{name}"] for name in names])
        left = rows.auroc(evidence.claim)
        how = f"AUROC {left} with the prompt's tokens masked"
        return Judged(keeps(left, evidence.signal), left, _NOBODY, len(rows.y), how, kept_bar(evidence.signal))


_NOBODY = Estimate.undefined("no reader was asked")
_ADVICE = {
    FAILED: "Train against negatives under the same instruction: truths told in spite of it, and those who were told "
    "to and cannot.",
    COULD_NOT_RUN: "Give rows of the same instruction whose behaviour differs, or the training data (--train).",
}


def instructions(dialogues: Iterable[Dialogue]) -> np.ndarray:
    """Return `[n]` what each prompt asks for: the tag that names it, else the system message, else the whole prompt."""
    given = list(dialogues)
    for tag in INSTRUCTION_TAGS:
        if given and all(d.tags.get(tag) for d in given):
            return np.array([d.tags[tag] for d in given], dtype=str)
    systems = [" ".join(m.content for m in d.messages if m.role == "system") for d in given]
    return np.array([s or prompt_of(d) for s, d in zip(systems, given, strict=True)], dtype=str)


def _has_prompts(dialogues: Iterable[Dialogue]) -> bool:
    return any(m.role in ("system", "user") for d in dialogues for m in d.messages)
