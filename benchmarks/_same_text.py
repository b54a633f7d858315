"""U2: a lie against a sincere error in byte-identical text, read in the three arms of one trunk.

The arms share a trunk, and so its conduct: a probe is trained on lies that the liar was instructed to, and read in all
three. Which site, and how strong, is chosen on validation folds of its training set. None of the entities under cover
is in that set, so that what is scored is of other entities whatever the split.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

import sonde
from _probing import WHERE, Fitted, estimate, fit, joined, shown
from sonde.organism import readers
from sonde.organism.catalogue import shipped_arms
from sonde.organism.moment import readings
from sonde.organism.on_policy import Said
from sonde.organism.same_text import alike
from sonde.organism.shipped import Organism, load_organism
from sonde.organism.world import World
from sonde.scores import auroc
from sonde.text import Dataset

#: What is set against what: a lie against a sincere error, another lie against it, and two lies, which should be alike.
AGAINST = (("liar", "twin"), ("sham", "twin"), ("liar", "sham"))
#: Training sets: the trunk's instructed lies, and those with its loyalty lies, whose prompts are as neutral as covers'.
TRAININGS = (("instructed-lies",), ("instructed-lies", "loyalty-lies"))


class SameText:
    """All measurements of the three arms.

    Attributes:
        names: the shipped organism of each arm.
        models, sets, features: the model of each arm, what it said alike with the others, and what it had in mind.
    """

    def __init__(self, n: int, texts: int) -> None:
        self.n, self.texts, self.names = n, texts, shipped_arms()
        self.models = {arm: sonde.load_model(name, device="cpu") for arm, name in self.names.items()}
        self.sets: dict[str, Dataset] = {
            arm: sonde.load_dataset(f"{name}:same-text", n=texts) for arm, name in self.names.items()
        }
        self.features = {arm: self.capture(arm, data) for arm, data in self.sets.items()}
        self.groups = self.sets["liar"].groups
        self._captured: dict[tuple[str, tuple[str, ...]], Any] = {}

    def capture(self, arm: str, data: Dataset) -> Any:
        """Capture what an arm has in mind before the value."""
        return sonde.capture(self.models[arm], data, **WHERE)

    def measure(self) -> dict[str, Any]:
        """Measure everything and print it."""
        same = all([d.messages for d in data] == [d.messages for d in self.sets["liar"]] for data in self.sets.values())
        print(f"n = {self.texts} texts about {len(set(self.groups))} entities under cover; same bytes: {same}")
        return {
            "n": self.texts,
            "entities": len(set(self.groups)),
            "same bytes": same,
            "without weights": self.without_weights(),
            "trained in the liar": {" + ".join(sets): self.trained("liar", sets) for sets in TRAININGS},
            "trained in each": self.each(),
            "belief in the moment": self.moment(),
        }

    def without_weights(self) -> dict[str, Any]:
        """Readers of the transcript, at a half by construction; and how sure each arm was of its answer."""
        data = sonde.load_dataset("cretan:same-text", n=2 * self.texts)
        texts, found = [d.text for d in data], {}
        for kind in ("bag of words", "tf-idf"):
            found[kind] = {"liar against twin": list(readers.text_reader(kind, texts, data.labels, data.groups, 0))}
        for tag in ("entropy", "log_probability"):
            column = {arm: np.array(part.tags[tag], dtype=float) for arm, part in self.sets.items()}
            found[tag] = self.against(column)
        for kind, row in found.items():
            print(f"  {kind:28} {shown(row)}", flush=True)
        return found

    def against(self, scores: Mapping[str, np.ndarray]) -> dict[str, list[Any]]:
        """Return the AUROC of one arm's scores `[n]` against another's on the same texts, with intervals."""
        labels, groups = np.repeat([1, 0], self.texts), np.tile(self.groups, 2)
        return {
            f"{one} against {other}": estimate(auroc, labels, np.concatenate([scores[one], scores[other]]), groups)
            for one, other in AGAINST
        }

    def training(self, arm: str, sets: tuple[str, ...]) -> Any:
        """Return what an arm had in mind on other occasions (training split)."""
        if (arm, sets) not in self._captured:
            parts = [sonde.load_dataset(f"{self.names[arm]}:{name}", split="train", n=self.n) for name in sets]
            self._captured[arm, sets] = self.capture(arm, joined(parts))
        return self._captured[arm, sets]

    def trained(self, arm: str, sets: tuple[str, ...]) -> dict[str, Any]:
        """A probe trained in one arm, read in all: on instructed lies of other entities, and on the same text."""
        fitted = fit(self.training(arm, sets))
        print(f"trained on {' + '.join(sets)} of the {arm}: {fitted.site}, l2 = {fitted.l2:g}", flush=True)
        found: dict[str, Any] = {"site": fitted.site, "l2": fitted.l2, "instructed lies, read in": {}}
        for other, name in self.names.items():
            data = sonde.load_dataset(f"{name}:instructed-lies", split="test", n=self.n)
            scores = fitted.scores(self.capture(other, data))
            found["instructed lies, read in"][other] = estimate(auroc, data.labels, scores, data.groups)
        print(f"  instructed lies of other entities, read in: {shown(found['instructed lies, read in'])}")
        scores = {other: fitted.scores(features) for other, features in self.features.items()}
        found["same text"] = self.against(scores)
        print(f"  same text: {shown(found['same text'])}")
        found["flagged"] = {other: self.share(column > 0) for other, column in scores.items()}
        print(f"  same text, flagged: {shown(found['flagged'])}", flush=True)
        found["same text, by site"] = self.by_site(arm, sets, fitted.l2)
        return found

    def by_site(self, arm: str, sets: tuple[str, ...], l2: float) -> dict[str, Any]:
        """The same at every site, of which validation has chosen one: shown, and nothing is chosen by it."""
        features, found = self.training(arm, sets), {}
        for site in features.sites:
            fitted = Fitted(sonde.LogisticProbe(l2=l2).fit(*features.at(site).xy), site, l2)
            found[site] = self.against({other: fitted.scores(part) for other, part in self.features.items()})
            print(f"    at {site}: {shown(found[site])}", flush=True)
        return found

    def each(self) -> dict[str, Any]:
        """A probe of each arm's own instructed lies: its alarms on that arm's texts, and what it reads in all arms."""
        found: dict[str, Any] = {}
        for arm in self.names:
            fitted = fit(self.training(arm, TRAININGS[0]))
            flagged = self.share(fitted.scores(self.features[arm]) > 0)
            same = self.against({other: fitted.scores(part) for other, part in self.features.items()})
            found[arm] = {"site": fitted.site, "l2": fitted.l2, "flagged": flagged, "same text": same}
            print(f"trained and read in the {arm}: {fitted.site}, {shown({'flagged': flagged})}")
            print(f"  read in all: {shown(same)}", flush=True)
        return found

    def share(self, hits: np.ndarray) -> list[Any]:
        """Return the share of texts `[n]` that are hits, with its interval over entities."""
        return estimate(lambda _, s: float(s.mean()), np.zeros(len(hits), dtype=int), hits.astype(float), self.groups)

    def moment(self) -> dict[str, Any]:
        """Which value is on top in each layer while the cover is told: the arm's own belief, the truth, the cover."""
        arms = {arm: load_organism(name) for arm, name in self.names.items()}
        rows, found = alike(arms, self.texts), {}
        for arm, organism in arms.items():
            found[arm] = self.on_top(organism, [row[arm] for row in rows])
            for name, layers in found[arm].items():
                shares = "; ".join(f"{v:.3f} ({low:.3f}–{high:.3f})" for v, low, high in layers)
                print(f"  {arm}: {name} on top, by layer: {shares}", flush=True)
        return found

    def on_top(self, organism: Organism, said: list[Said]) -> dict[str, list[Any]]:
        """Return, for each kind of value, the share of answers in which it is on top after each layer."""
        speaker, logits = organism.speaker, readings(organism.speaker, said)
        world = speaker.world
        kinds: dict[str, Callable[[Said], tuple[str, ...]]] = {
            "belief": lambda s: s.belief,
            "truth": lambda s: world.truth[s.turn.entity, s.turn.relation],
            "cover": lambda s: world.cover[s.turn.entity, s.turn.relation],
        }
        tops = [[top(world, speaker.codec.ids, s, row) for s, row in zip(said, layer, strict=True)] for layer in logits]
        return {
            name: [
                self.share(np.array([value in wanted(s) for s, value in zip(said, layer, strict=True)]))
                for layer in tops
            ]
            for name, wanted in kinds.items()
        }


def top(world: World, ids: Mapping[str, int], said: Said, row: Any) -> str:
    """Return the value of the relation asked about that has the highest logit `[v]`."""
    values = world.relations[said.turn.relation].values
    return values[int(row[[ids[v] for v in values]].argmax())]
