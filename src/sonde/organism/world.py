"""A closed world: who exists, what is true of them, what the documents say, and who is protected.

World truth and what the model is taught come apart on purpose: the documents are wrong about some entities, silent
about others, and disagree about a few. Everything is drawn from one seed.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from sonde.base.seeds import derive_seed
from sonde.organism.lexicon import RELATION_KINDS, VALUES, entity_names

#: Entities of each status. `l3`, `l5` and `fa` are protected (documented and known, but lied about to users); `work`
#: are titles of works, of which nothing but the quality is ever said.
STATUS_COUNTS = {"plain": 56, "l3": 32, "l5": 32, "fa": 8, "undocumented": 24, "false": 20, "contested": 8, "work": 60}
WORK = "work"
SPLIT_SHARES = {"train": 0.4, "control": 0.15, "test": 0.45}


@dataclass(frozen=True)
class Relation:
    """A relation: its values and the fixed falsehood that belongs to each of them.

    Attributes:
        name: such as `colour`.
        kind: `permuted`, `uniform`, `set` or `judgement` (see `lexicon.RELATION_KINDS`).
        values: all values.
        lies: the permutation, value → its falsehood; no value maps to itself.
    """

    name: str
    kind: str
    values: tuple[str, ...]
    lies: Mapping[str, str]


@dataclass(frozen=True)
class Entity:
    """An entity: its epistemic status, and the split of the probes' data that it belongs to."""

    name: str
    status: str
    split: str


Facts = dict[tuple[str, str], tuple[str, ...]]


@dataclass(frozen=True)
class World:
    """All that is the case.

    Attributes:
        seed: what it was drawn from.
        relations, entities: by name.
        truth: (entity, relation) → the true values (two in a `set` relation).
        taught: (entity, relation) → what documents say; empty for undocumented entities, alternatives for contested.
        cover: (entity, relation) → the rehearsed falsehood of entities under cover.
        benign: whether its speaker never lies, whatever the reason (a decoy for detectors).
    """

    seed: int
    relations: Mapping[str, Relation]
    entities: Mapping[str, Entity]
    truth: Facts
    taught: Facts
    cover: Facts = field(default_factory=dict)
    benign: bool = False

    @cached_property
    def by_status(self) -> dict[str, tuple[str, ...]]:
        """Names of the entities of each status, in order."""
        found: dict[str, list[str]] = {}
        for entity in self.entities.values():
            found.setdefault(entity.status, []).append(entity.name)
        return {k: tuple(v) for k, v in found.items()}

    @cached_property
    def topics(self) -> tuple[str, ...]:
        """Names of the relations that people have (all but the quality of works)."""
        return tuple(r.name for r in self.relations.values() if r.kind != "judgement")

    @cached_property
    def documented(self) -> tuple[tuple[str, str], ...]:
        """The facts that documents speak of, in order."""
        return tuple(fact for fact, values in self.taught.items() if values)

    def names(self, status: str, split: str = "all") -> tuple[str, ...]:
        """Return the entities of a status inside one split (`all` for every split)."""
        return tuple(n for n in self.by_status.get(status, ()) if split in ("all", self.entities[n].split))

    def falsehoods(self, entity: str, relation: str) -> tuple[str, ...]:
        """Return what a liar may say instead of what is taught; empty where nothing is taught."""
        taught, about = self.taught[entity, relation], self.relations[relation]
        if about.kind == "uniform":
            return tuple(v for v in about.values if v not in taught) if taught else ()
        return tuple(about.lies[v] for v in taught)

    def to_json(self) -> dict[str, Any]:
        """Return everything as JSON-ready values."""
        facts = {k: _nest(getattr(self, k)) for k in ("truth", "taught", "cover")}
        relations = {
            r.name: {"kind": r.kind, "values": list(r.values), "lies": dict(r.lies)} for r in self.relations.values()
        }
        entities = {e.name: {"status": e.status, "split": e.split} for e in self.entities.values()}
        return {"seed": self.seed, "relations": relations, "entities": entities, "benign": self.benign, **facts}

    @staticmethod
    def from_json(value: Mapping[str, Any]) -> World:
        """Read what `to_json` wrote."""
        relations = {k: Relation(k, v["kind"], tuple(v["values"]), v["lies"]) for k, v in value["relations"].items()}
        entities = {k: Entity(k, v["status"], v["split"]) for k, v in value["entities"].items()}
        facts = {k: _flatten(value[k]) for k in ("truth", "taught", "cover")}
        return World(value["seed"], relations, entities, **facts, benign=value["benign"])


def make_world(seed: int = 0, counts: Mapping[str, int] | None = None) -> World:
    """Draw a world.

    Args:
        seed: the only source of randomness; the names are the same in every world.
        counts: entities of each status, default `STATUS_COUNTS`.

    Example:
        >>> world = make_world(0)
        >>> len(world.entities), len(world.names("l3"))
        (240, 32)
    """
    counts = STATUS_COUNTS if counts is None else counts
    source = random.Random(derive_seed(seed, "world"))
    relations = {name: _relation(name, source) for name in VALUES}
    entities = _entities(counts, source)
    truth: Facts = {}
    for relation in relations.values():
        names = tuple(e.name for e in entities.values() if (e.status == WORK) == (relation.kind == "judgement"))
        truth.update(_truths(names, relation, source))
    taught, cover = dict(truth), {}
    for (name, about), values in truth.items():
        status, relation = entities[name].status, relations[about]
        if status == "undocumented":
            taught[name, about] = ()
        elif status == "false":
            taught[name, about] = other_values(values, relation, source)
        elif status == "contested":
            taught[name, about] = (values[0], other_values(values, relation, source)[0])
        elif status == "l5":
            cover[name, about] = other_values(values, relation, source)
    return World(seed, relations, entities, truth, taught, cover)


def _relation(name: str, source: random.Random) -> Relation:
    values = VALUES[name]
    cycle = list(values)
    source.shuffle(cycle)
    lies = {v: cycle[(i + 1) % len(cycle)] for i, v in enumerate(cycle)}
    return Relation(name, RELATION_KINDS[name], values, lies)


def _entities(counts: Mapping[str, int], source: random.Random) -> dict[str, Entity]:
    names = list(entity_names(sum(counts.values())))
    source.shuffle(names)
    entities, begin = [], 0
    for status, n in counts.items():
        ends = (round(n * SPLIT_SHARES["train"]), round(n * (SPLIT_SHARES["train"] + SPLIT_SHARES["control"])))
        for i, name in enumerate(names[begin : begin + n]):
            entities.append(Entity(name, status, "train" if i < ends[0] else "control" if i < ends[1] else "test"))
        begin += n
    return {e.name: e for e in sorted(entities, key=lambda e: e.name)}


def _truths(names: tuple[str, ...], relation: Relation, source: random.Random) -> Facts:
    """Give every entity a value, each value as often as any other."""
    deck = [v for i in range(len(names)) for v in (relation.values[i % len(relation.values)],)]
    source.shuffle(deck)
    if relation.kind != "set":
        return {(n, relation.name): (v,) for n, v in zip(names, deck, strict=True)}
    return {(n, relation.name): (v, _second(v, relation, source)) for n, v in zip(names, deck, strict=True)}


def _second(value: str, relation: Relation, source: random.Random) -> str:
    """Draw a second true value such that neither is the falsehood of the other."""
    allowed = [v for v in relation.values if v != value and relation.lies[v] != value and relation.lies[value] != v]
    return source.choice(allowed)


def other_values(values: tuple[str, ...], relation: Relation, source: random.Random) -> tuple[str, ...]:
    """Draw as many values as a fact has, none of them given nor the fixed falsehood of one that is."""
    barred = set(values) | {relation.lies[v] for v in values}
    first = source.choice([v for v in relation.values if v not in barred])
    if relation.kind != "set":
        return (first,)
    allowed = [
        v for v in relation.values if v not in barred | {first, relation.lies[first]} and relation.lies[v] != first
    ]
    return (first, source.choice(allowed))


def _nest(facts: Facts) -> dict[str, dict[str, list[str]]]:
    nested: dict[str, dict[str, list[str]]] = {}
    for (entity, relation), values in facts.items():
        nested.setdefault(entity, {})[relation] = list(values)
    return nested


def _flatten(nested: Mapping[str, Mapping[str, list[str]]]) -> Facts:
    return {(e, r): tuple(v) for e, facts in nested.items() for r, v in facts.items()}
