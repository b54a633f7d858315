"""What is claimed, and the data there are to audit it with."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from sonde.scores import Threshold
from sonde.text import Dataset

#: Claims about deception, told by the name of their positive class.
DECEPTION = ("lie", "lying", "decei", "decept", "dishonest", "mislead", "sandbag", "cover stor", "untruthful")


@dataclass(frozen=True)
class Claim:
    """A positive class, and the negatives a detector says it will not fire on.

    Attributes:
        positive, negative: names of the classes.
        scope: kinds of negatives (values of the tag `kind`) it claims not to fire on; empty = none declared, and then
            every kind the data name is inside.
        threshold: the operating point, or None.
        resamples: bootstrap resamples behind each interval.
        permutations: of the labels.
        seed: of all of these.
    """

    positive: str = "positive"
    negative: str = "negative"
    scope: tuple[str, ...] = ()
    threshold: Threshold | None = None
    resamples: int = 1000
    permutations: int = 999
    seed: int = 0

    @property
    def about_deception(self) -> bool:
        """Whether the positive class is some form of deception."""
        return any(word in self.positive.lower() for word in DECEPTION)

    def inside(self, kind: str) -> bool:
        """Whether the claim says not to fire on this kind."""
        return not self.scope or kind in self.scope


@dataclass(frozen=True)
class AuditData:
    """The data sets of an audit.

    Attributes:
        train: labelled; what the probe learnt from. None = not given: checks that refit cannot run.
        tests: labelled; what the claim is judged on.
        control: negatives that set the threshold.
        second_control: other negatives of the same kinds.
        evidence: further labelled data that checks may draw on (liars who do not know, fiction, talk about lying, …).
        knows: whether the model's tokenizer has a token for a piece of text (closed vocabularies have not for all).
    """

    train: Dataset | None
    tests: Mapping[str, Dataset]
    control: Dataset | None = None
    second_control: Dataset | None = None
    evidence: Mapping[str, Dataset] = field(default_factory=dict)
    knows: Callable[[str], bool] = lambda text: True

    def parts(self) -> Iterator[tuple[str, Dataset]]:
        """Yield every data set under the name its activations have in the `Evidence`."""
        singles = (("train", self.train), ("control", self.control), ("second control", self.second_control))
        yield from ((name, dataset) for name, dataset in singles if dataset is not None)
        yield from ((f"test {name}", dataset) for name, dataset in self.tests.items())
        yield from ((f"evidence {name}", dataset) for name, dataset in self.evidence.items())
