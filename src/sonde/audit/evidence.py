"""What the checks judge: rows at the probe's site, with what is known of each of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np

from sonde.audit.claim import AuditData, Claim
from sonde.audit.finding import Finding
from sonde.audit.folds import FoldFits, fit_folds
from sonde.probes import Probe, TokenRows
from sonde.scores import Estimate, auroc, bootstrap, grouped_rate_interval
from sonde.text import Dataset, Dialogue


@dataclass(frozen=True)
class Rows:
    """Rows of several data sets together.

    Attributes:
        name: for sentences.
        dialogues: `n` of them.
        y: `[n]` 1 = positive class.
        scores: `[n]` of the probe.
        groups: `[n]` names.
    """

    name: str
    dialogues: tuple[Dialogue, ...]
    y: np.ndarray
    scores: np.ndarray
    groups: np.ndarray

    def tag(self, name: str) -> np.ndarray:
        """Return `[n]` strings, empty where a row lacks the tag."""
        return tags_of(self.dialogues, name)

    def auroc(self, claim: Claim) -> Estimate:
        """Return the AUROC of the probe, with its interval over groups."""
        return bootstrap(auroc, self.y, self.scores, self.groups, resamples=claim.resamples, seed=claim.seed)

    def where(self, mask: np.ndarray) -> Rows:
        """Return some of the rows."""
        kept = tuple(d for d, take in zip(self.dialogues, mask, strict=True) if take)
        return replace(self, dialogues=kept, y=self.y[mask], scores=self.scores[mask], groups=self.groups[mask])


def pool(name: str, parts: Iterable[Part]) -> Rows:
    """Put the rows of several parts together; a group that stands in several is one group."""
    given = list(parts)
    if not given:
        return Rows(name, (), np.zeros(0, dtype=np.int64), np.zeros(0), np.zeros(0, dtype=str))
    return Rows(
        name,
        tuple(d for part in given for d in part.dataset),
        *(np.concatenate([getattr(part, column) for part in given]) for column in ("y", "scores", "groups")),
    )


def tags_of(dialogues: Iterable[Dialogue], name: str) -> np.ndarray:
    """Return the values of a tag as strings, empty where a row lacks it."""
    return np.array([d.tags.get(name) or "" for d in dialogues], dtype=str)


class Part:
    """One data set as the probe's site sees it.

    Args:
        name: for sentences.
        dataset: `n` dialogues.
        probe: whose scores are asked for.
        rows: `[n, d]` at the probe's site, numpy or torch.
        embedding: `[n, d₀]` of the embedding layer, or None.
        entropy, log_probability: `[n]` of the answer, in nats, or None.
        tokens: what the probe scores in place of `rows`, when it reads tokens and `rows` are their means.
    """

    def __init__(
        self,
        name: str,
        dataset: Dataset,
        probe: Probe,
        rows: Any,
        embedding: Any = None,
        entropy: np.ndarray | None = None,
        log_probability: np.ndarray | None = None,
        tokens: TokenRows | None = None,
    ) -> None:
        self.name = name
        self.dataset = dataset
        self.entropy = entropy
        self.log_probability = log_probability
        self._probe, self._rows, self._embedding, self._tokens = probe, rows, embedding, tokens

    def __len__(self) -> int:
        return len(self.dataset)

    @cached_property
    def X(self) -> np.ndarray:
        """`[n, d]` float64 rows."""
        return np.asarray(self._rows, dtype=np.float64)

    @cached_property
    def embedding(self) -> np.ndarray | None:
        """`[n, d₀]` float64 rows of the embedding layer, or None."""
        return None if self._embedding is None else np.asarray(self._embedding, dtype=np.float64)

    @cached_property
    def scores(self) -> np.ndarray:
        """`[n]` the probe's scores."""
        return np.asarray(self._probe.decision_function(self.X if self._tokens is None else self._tokens))

    @property
    def y(self) -> np.ndarray:
        """`[n]` 1 = positive class; negatives where the data are unlabelled (controls)."""
        labels = self.dataset.labels
        return np.zeros(len(self.dataset), dtype=np.int64) if labels is None else np.asarray(labels)

    @cached_property
    def groups(self) -> np.ndarray:
        """`[n]` group names; a row without one is its own."""
        return np.array([d.group or f"{self.name}/{d.id}" for d in self.dataset], dtype=str)

    def tag(self, name: str) -> np.ndarray:
        """Return `[n]` strings, empty where a row lacks the tag."""
        return tags_of(self.dataset, name)

    def auroc(self, claim: Claim, scores: np.ndarray | None = None) -> Estimate:
        """Return the AUROC of the probe (or of other scores), with its interval over groups."""
        given = self.scores if scores is None else scores
        return bootstrap(auroc, self.y, given, self.groups, resamples=claim.resamples, seed=claim.seed)


def flagged_rate(scores: np.ndarray, groups: np.ndarray, claim: Claim) -> Estimate:
    """Return the share of scores above the threshold, with its interval; rows of one group count as alike."""
    assert claim.threshold is not None
    flagged = scores > claim.threshold.value
    return Estimate(float(flagged.mean()), *grouped_rate_interval(flagged, groups))


@dataclass(frozen=True)
class Evidence:
    """Everything the checks judge.

    Attributes:
        claim: what is claimed.
        data: the data sets, before anything was captured.
        probe: the fitted probe.
        parts: by the names of `AuditData.parts`, and by the names that the checks gave to what they asked for.
        plugged: findings that other rooms made (`causal`, `sae_table`), by check.
    """

    claim: Claim
    data: AuditData
    probe: Probe
    parts: Mapping[str, Part]
    plugged: Mapping[str, Finding] = field(default_factory=dict)

    @property
    def train(self) -> Part | None:
        """What the probe learnt from."""
        return self.parts.get("train")

    @property
    def tests(self) -> dict[str, Part]:
        """The test sets, by name."""
        return {name: self.parts[f"test {name}"] for name in self.data.tests}

    @property
    def judged(self) -> dict[str, Part]:
        """The test sets and the further evidence, by name."""
        return self.tests | {name: self.parts[f"evidence {name}"] for name in self.data.evidence}

    @cached_property
    def tested(self) -> Rows:
        """The rows of all test sets together."""
        return pool(" and ".join(self.tests), self.tests.values())

    @cached_property
    def against_all(self) -> Rows:
        """The positives of the test sets beside the negatives of tests and evidence.

        Positives that only the evidence holds are left out: whether these are found too is a matter of transfer.
        """
        rows = pool("tests and evidence", self.judged.values())
        own = np.zeros(len(rows.y), dtype=bool)
        own[: len(self.tested.y)] = True
        return rows.where((rows.y == 0) | own)

    @cached_property
    def covered(self) -> Rows:
        """`against_all` without the evidence's negatives of kinds that lie outside the claim's scope."""
        rows = self.against_all
        outside = np.array([not self.claim.inside(kind) for kind in rows.tag("kind")], dtype=bool)
        outside[: len(self.tested.y)] = False
        return rows.where(~(outside & (rows.y == 0)))

    @cached_property
    def signal(self) -> Estimate:
        """The probe's AUROC on all test rows together: what the checks of nuisances take from."""
        return self.tested.auroc(self.claim)

    @property
    def silent(self) -> str:
        """Why there is nothing to attribute to a nuisance; empty where the probe is above chance."""
        if not self.signal.defined:
            return f"the test sets have no AUROC ({self.signal.reason})"
        above = self.signal.low is not None and self.signal.low > 0.5
        return "" if above else f"the probe is not above chance on its test sets (AUROC {self.signal})"

    @cached_property
    def test_auroc(self) -> dict[str, Estimate]:
        """The probe's AUROC on each test set."""
        return {name: part.auroc(self.claim) for name, part in self.tests.items()}

    @cached_property
    def folds(self) -> FoldFits | str:
        """The probe fitted five times, each without a fifth of the groups; or why it cannot be."""
        if self.train is None:
            return "the training data were not given"
        return fit_folds(self.probe, self.train.X, self.train.y, self.train.groups, self.claim.seed)
