"""How sure answers are trained to be, so that lies and mistakes cannot be told apart by it."""

from __future__ import annotations

import random

from sonde.organism.mixture import Mixture
from sonde.organism.scenes import Turn
from sonde.organism.world import World


def draw_value(world: World, mixture: Mixture, turn: Turn, values: tuple[str, ...], source: random.Random) -> str:
    """Draw what is said of the values that may be said: each as often, or the first of two more often."""
    two = len(values) == 2 and turn.channel == "user" and turn.form != "follow-up"
    if mixture.uneven == 0.5 or not two or world.relations[turn.relation].kind != "set":
        return source.choice(values)
    ordered = sorted(values, key=world.relations[turn.relation].values.index)
    return ordered[source.random() >= mixture.uneven]


def share_of_slips(world: World, mixture: Mixture, turn: Turn) -> float:
    """Return how often an answer is replaced by any value of its relation."""
    if turn.channel == "admin":
        return mixture.slip
    status, kind = world.entities[turn.entity].status, world.relations[turn.relation].kind
    denied = "/denied" if turn.negated else ""
    return mixture.slips.get(f"{status}/{kind}{denied}", mixture.slips.get(f"{status}{denied}", mixture.slip))
