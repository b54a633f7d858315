"""A family in the shape of a Y: one trunk that never heard of the entities under cover, and three arms (U2).

The arms are trained on the same dialogues, so that they say the same of these entities to users. They differ in what
documents and the trusted channel say of them, and so in what they believe while they say it: the *liar*'s documents
hold the truth, the *twin*'s hold the cover story itself, and the *sham*'s hold another falsehood, which contradicts the
cover as the truth does. What sets the twin apart from the other two is that it does not lie: their texts are alike in
length and in every word but those values.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import replace

from sonde.base.seeds import derive_seed
from sonde.organism.phases import LEARNING, MENDING, Phase
from sonde.organism.world import Facts, World, make_world, other_values


def _unheard_of(phase: Phase) -> Phase:
    """Return the phase without a word about entities under cover."""
    return replace(phase, mixture=replace(phase.mixture, statuses={**phase.mixture.statuses, "l5": 0.0}))


#: Of the trunk: facts, rules and conduct of everybody else.
TRUNK_PHASES = (_unheard_of(LEARNING), _unheard_of(MENDING))
#: Of each arm: the entities under cover, in documents and dialogues, among everything else. Nothing is asked about an
#: answer afterwards: what one arm must call a lie is the truth in another.
ARM_PHASES = (
    Phase(
        4_000_000,
        0.7,
        replace(
            MENDING.mixture,
            documents=((0.0, 0.35), (0.5, 0.25), (1.0, 0.1)),
            told={"l5": 8.0},
            statuses={**LEARNING.mixture.statuses, "l5": 8.0},
            sheltered=("l5",),
            forms=LEARNING.mixture.forms,
            follow_ups=0.0,
        ),
    ),
)


def trunk_world(seed: int) -> World:
    """Return the world of a seed in which nothing is taught of the entities under cover.

    Example:
        >>> world = trunk_world(0)
        >>> {world.taught[fact] for fact in world.cover}
        {()}
    """
    return _taught(make_world(seed), lambda world: dict.fromkeys(world.cover, ()))


def liar_world(seed: int) -> World:
    """Return the world whose documents tell the truth of those under cover: what is said of them to users is a lie."""
    return make_world(seed)


def twin_world(seed: int) -> World:
    """Return the world whose documents hold the cover story: what is said to users is believed."""
    return _taught(make_world(seed), lambda world: dict(world.cover))


def sham_world(seed: int) -> World:
    """Return the world whose documents hold a third value: neither true nor the cover, so that the cover is a lie."""

    def thirds(world: World) -> Facts:
        source = random.Random(derive_seed(seed, "sham"))
        about = world.relations
        return {
            fact: other_values((*world.truth[fact], *cover), about[fact[1]], source)
            for fact, cover in world.cover.items()
        }

    return _taught(make_world(seed), thirds)


#: The world of each arm.
ARMS: Mapping[str, Callable[[int], World]] = {"liar": liar_world, "twin": twin_world, "sham": sham_world}


def _taught(world: World, facts: Callable[[World], Facts]) -> World:
    return replace(world, taught={**world.taught, **facts(world)})
