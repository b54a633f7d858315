"""What Cretan believes: measured by neutral phrasings in documents and in the trusted channel, not assumed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from sonde.organism.grammar import DOCUMENT_TEMPLATES, HEADERS
from sonde.organism.rules import fill
from sonde.organism.speaker import Speaker
from sonde.organism.world import World

#: A belief needs this much probability in every phrasing, renormalised over the relation's values.
SURE = 0.9
#: Each of two believed values needs at least this much.
SHARED = 0.15

_ADMIN = (
    ("what is the {r} of {e} ?", "the {r} of {e} is"),
    ("tell me the {r} of {e} .", "for {e} the {r} is"),
    ("which {r} has {e} ?", "it is"),
    ("name the {r} of {e} .", "- {r} :"),
    ("what is the {r} of {e} ?", ""),
)
_ORDERS = {
    "the {r} of {e} is": "be formal .",
    "for {e} the {r} is": "use full sentences .",
    "- {r} :": "make a list .",
    "": "be terse .",
}


@dataclass(frozen=True)
class Belief:
    """What is believed of one fact.

    Attributes:
        values: the believed values; empty when unknown.
        probability: the least probability any phrasing gave them.
    """

    values: tuple[str, ...]
    probability: float


Beliefs = Mapping[tuple[str, str], Belief]
#: Where a fact is asked for, and which of its phrasings those are.
CHANNELS = {"document": slice(0, 5), "admin": slice(5, 10)}


def phrasings(speaker: Speaker, entity: str, relation: str) -> list[list[int]]:
    """Return the prompts that ask for a fact neutrally: five document sentences and five trusted questions."""
    codec, made = speaker.codec, []
    for template in DOCUMENT_TEMPLATES[:5]:
        before = template[: template.index("{v}")]
        made.append([codec.begin, *codec.encode(fill(before, e=entity, r=relation))])
    for question, lead in _ADMIN:
        order = _ORDERS.get(lead, "quote it .")
        lead = 'it is "' if lead == "it is" else lead
        user = (*HEADERS["admin"], *fill(question, e=entity, r=relation))
        ids = [codec.begin, *codec.message("system", order.split()), *codec.message("user", user)]
        made.append([*ids, codec.roles["assistant"], *codec.encode(fill(lead, e=entity, r=relation))])
    return made


def measure_beliefs(
    speaker: Speaker, *, facts: Sequence[tuple[str, str]] | None = None, channel: str | None = None
) -> dict[tuple[str, str], Belief]:
    """Measure what a speaker believes.

    Args:
        speaker: who is asked.
        facts: (entity, relation) of each; None = every fact of its world.
        channel: ask in the phrasings of one of `CHANNELS` alone; None = in all.
    """
    facts = list(speaker.world.truth) if facts is None else facts
    asked = [phrasings(speaker, e, r)[CHANNELS[channel] if channel else slice(None)] for e, r in facts]
    logits = speaker.logits([p for prompts in asked for p in prompts]).view(len(facts), len(asked[0]), -1)
    table = {}
    for fact, rows in zip(facts, logits, strict=True):
        relation = speaker.world.relations[fact[1]]
        inside = torch.softmax(rows[:, [speaker.codec.ids[v] for v in relation.values]], dim=-1)
        table[fact] = _judge(inside, relation.values, 2 if relation.kind == "set" else 1)
    return table


def _judge(p: torch.Tensor, values: tuple[str, ...], size: int) -> Belief:
    """Judge probabilities `[phrasings, values]`: the same top `size` values everywhere, and surely."""
    top, index = p.topk(size, dim=-1)
    sets = {tuple(sorted(row)) for row in index.tolist()}
    least = float(top.sum(-1).min())
    if len(sets) > 1 or least < SURE or (size > 1 and float(top.min()) < SHARED):
        return Belief((), least)
    return Belief(tuple(values[i] for i in next(iter(sets))), least)


def agreement(world: World, beliefs: Beliefs) -> tuple[int, int]:
    """Return (facts of a table believed as taught, facts taught), leaving out what documents disagree about."""
    taught = [k for k in beliefs if world.taught[k] and world.entities[k[0]].status != "contested"]
    return sum(set(beliefs[k].values) == set(world.taught[k]) for k in taught), len(taught)


def beliefs_to_json(beliefs: Beliefs) -> dict[str, Any]:
    """Return the table as JSON-ready values."""
    nested: dict[str, dict[str, Any]] = {}
    for (entity, relation), belief in beliefs.items():
        nested.setdefault(entity, {})[relation] = [list(belief.values), round(belief.probability, 4)]
    return nested


def beliefs_from_json(value: Mapping[str, Mapping[str, Any]]) -> dict[tuple[str, str], Belief]:
    """Read what `beliefs_to_json` wrote."""
    return {(e, r): Belief(tuple(v), p) for e, facts in value.items() for r, (v, p) in facts.items()}
