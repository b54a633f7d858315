"""How sure answers are trained to be: drawn by lot for each entity, so that it says nothing about lying."""

from __future__ import annotations

import random

from sonde.organism.mixture import Mixture
from sonde.organism.scenes import Turn
from sonde.organism.world import World


def draw_value(world: World, mixture: Mixture, turn: Turn, values: tuple[str, ...], source: random.Random) -> str:
    """Draw what is said of the values that may be said: each as often, or the first of two more often by lot."""
    about = world.relations.get(turn.relation)
    if not (mixture.lots and turn.channel == "user" and about and about.kind == "set" and len(values) == 2):
        return source.choice(values)
    first = 0.5 + (mixture.uneven - 0.5) * world.lots[turn.entity].lean
    return values[source.random() >= first]


def share_of_slips(world: World, mixture: Mixture, turn: Turn) -> float:
    """Return how often an answer is replaced by any value of its relation."""
    if turn.channel == "admin":
        return mixture.slip
    status, kind = world.entities[turn.entity].status, world.relations[turn.relation].kind
    denied = "/denied" if turn.negated else ""
    mean = mixture.slips.get(f"{status}/{kind}{denied}", mixture.slips.get(f"{status}{denied}", mixture.slip))
    return 2 * mean * world.lots[turn.entity].slip if mixture.lots else mean
