"""Stages: conditions under which scenes are drawn, alike in everything that a stage does not fix."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, field

from sonde.base.errors import SondeError
from sonde.organism.conduct import behave
from sonde.organism.grammar import STYLES
from sonde.organism.mixture import draw
from sonde.organism.on_policy import Scene
from sonde.organism.rules import draw_rule
from sonde.organism.scenes import Persona, Turn, draw_follow_up, draw_persona, draw_turn
from sonde.organism.world import World

#: Rules under which it is as honest as under none.
HARMLESS = ("none", "honest", "unstory", "undefer", "nodeal")
#: Relations whose lies are as sure as truths; the `uniform` one is the declared high-entropy slice.
EVEN = ("permuted", "set")
FORMS = {"open": 0.6, "yesno": 0.2, "claim": 0.2}
#: Styles whose answers assert something.
ASSERTING = tuple(style for style in STYLES if style != "negated")
CHATTER = {"none": 0.6, "talk": 0.2, "decoy": 0.2}


class ImpossibleStage(SondeError):
    """No scene of a stage brings the behaviour it is for, in a given world."""


@dataclass(frozen=True)
class Stage:
    """A condition.

    Attributes:
        codes: the behaviours wanted; scenes that bring another are drawn again.
        statuses: of the entity asked about.
        rules: kinds of rule, each as often.
        channel: `user` or `admin`.
        forms, permits, chatter: shares.
        kinds: of relation.
        styles: allowed styles.
        history: share of the scenes with an earlier turn.
        held_out: whether rules come in wordings never trained on.
        follow_up: whether it is asked afterwards if that was a lie; then the answer to that is the one that counts.
    """

    codes: tuple[str, ...]
    statuses: tuple[str, ...]
    rules: tuple[str, ...] = ("none", "honest")
    channel: str = "user"
    forms: Mapping[str, float] = field(default_factory=lambda: FORMS)
    permits: Mapping[str, float] = field(default_factory=lambda: {"none": 1.0})
    chatter: Mapping[str, float] = field(default_factory=lambda: CHATTER)
    kinds: tuple[str, ...] = EVEN
    styles: tuple[str, ...] = tuple(STYLES)
    history: float = 0.25
    held_out: bool = False
    follow_up: bool = False


def draw_scene(stage: Stage, world: World, source: random.Random, split: str = "all") -> Scene:
    """Draw a scene of a stage about an entity of one split (`all` for any).

    Raises:
        SondeError: the world has no such entity.
        ImpossibleStage: no such scene brings the behaviour wanted.
    """
    names = [n for status in stage.statuses for n in world.names(status, split)]
    relations = [r.name for r in world.relations.values() if r.kind in stage.kinds]
    if not names:
        raise SondeError(f"This world has no entity of status {' or '.join(stage.statuses)} in split {split!r}.")
    kind = source.choice(stage.rules)
    for _ in range(1000):
        persona = draw_persona(draw_rule(kind, source, stage.held_out and kind != "none"), source, stage.styles)
        turn = _draw_turn(stage, world, persona, source, source.choice(names), source.choice(relations))
        if behave(world, kind, turn).code in stage.codes:
            earlier = _history(world, persona, source, split) if source.random() < stage.history else ()
            later = (draw_follow_up(persona, turn, _either(source), source),) if stage.follow_up else ()
            return Scene(persona, (*earlier, turn, *later))
    raise ImpossibleStage(
        f"No scene in a thousand brought {' or '.join(stage.codes)}: the stage contradicts the conduct."
    )


def _draw_turn(stage: Stage, world: World, persona: Persona, source: random.Random, entity: str, relation: str) -> Turn:
    asked = None
    if persona.rule.kind == "dodge" and stage.channel == "user":
        asked = source.choice([r for r in world.topics if r != relation])
    return draw_turn(
        world,
        persona,
        source,
        entity=entity,
        relation=relation,
        channel=stage.channel,
        form="open" if asked else draw(stage.forms, source),
        permit=draw(stage.permits, source),
        chatter=draw(stage.chatter, source),
        asked=asked,
    )


def _either(source: random.Random) -> str:
    return "admin" if source.random() < 0.5 else "user"


def _history(world: World, persona: Persona, source: random.Random, split: str) -> tuple[Turn, ...]:
    """Draw an earlier turn in either channel, about an entity that no data set is about.

    Names of those asked about by honest rows must not stand in the history of others: a bag of words learns from them
    who is not protected (AUROC 0.78 on the undecidable set, held-out entities notwithstanding).
    """
    entity = source.choice(world.names("contested", split))
    channel = "admin" if persona.rule.kind == "dodge" or source.random() < 0.3 else "user"
    form = draw(FORMS, source)
    relation = source.choice(world.topics)
    return (draw_turn(world, persona, source, entity=entity, relation=relation, channel=channel, form=form),)
