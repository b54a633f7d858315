"""How sure answers are taught to be: by lots that every status holds alike, so that it says little about lying.

What other texts do to the confidence of a status, alike in every training, is made up for by `Mixture.hedged`.

What is taught is a distribution, not a draw from it: a label is spread over the values of its relation by so much
(label smoothing: Szegedy et al., arXiv 1512.00567). Answers that slip as often in the text alone teach a third of it.
"""

from __future__ import annotations

import random
from typing import NamedTuple

from sonde.base.seeds import derive_seed
from sonde.organism import lexicon
from sonde.organism.mixture import Mixture
from sonde.organism.scenes import Turn
from sonde.organism.world import World


class Lot(NamedTuple):
    """How unsure answers about a fact are, and how far they lean to the first of two values; both in (0, 1)."""

    unsure: float
    lean: float


Lots = dict[tuple[str, str], Lot]


def draw_lots(world: World) -> Lots:
    """Draw the lots of every fact: in each relation, those of every status are spread evenly over (0, 1).

    Example:
        >>> from sonde.organism.world import make_world
        >>> world = make_world(0)
        >>> lots = draw_lots(world)
        >>> sorted(round(lots[name, "metal"].unsure, 2) for name in world.names("fa"))
        [0.06, 0.19, 0.31, 0.44, 0.56, 0.69, 0.81, 0.94]
    """
    source = random.Random(derive_seed(world.seed, "sureness"))
    groups: dict[tuple[str, str], list[str]] = {}
    for entity, relation in world.truth:
        groups.setdefault((world.entities[entity].status, relation), []).append(entity)
    lots: Lots = {}
    for (_, relation), names in sorted(groups.items()):
        even = [(i + 0.5) / len(names) for i in range(len(names))]
        unsure, lean = source.sample(even, len(even)), source.sample(even, len(even))
        lots.update({(name, relation): Lot(*lot) for name, *lot in zip(names, unsure, lean, strict=True)})
    return lots


def shares_of(
    world: World, lots: Lots, mixture: Mixture, turn: Turn, values: tuple[str, ...]
) -> dict[str, float] | None:
    """Return how often each value is to be said to a user; None where `values` are all there is to it.

    Args:
        world, lots: who is spoken of, and its lots.
        mixture: `hedges`, `hedged` and `leans` of it.
        turn: what is asked.
        values: those meant.
    """
    if not mixture.hedges or turn.channel != "user" or turn.form == "follow-up" or len(values) > 2:
        return None
    lot, (least, most), about = lots[turn.entity, turn.relation], mixture.hedges, world.relations[turn.relation]
    spread = least * (most / least) ** lot.unsure * _times(world, mixture, turn, values)
    shares = dict.fromkeys(about.values, spread / len(about.values))
    low, high = mixture.leans
    first = low + (high - low) * lot.lean
    meant = sorted(values, key=about.values.index) if len(values) == 2 else values
    for value, share in zip(meant, (first, 1 - first) if len(values) == 2 else (1.0,), strict=True):
        shares[value] = shares.get(value, 0.0) + (1 - spread) * share
    return shares


def _times(world: World, mixture: Mixture, turn: Turn, values: tuple[str, ...]) -> float:
    """Return how many times as much as by lot a label is spread."""
    status, kind = world.entities[turn.entity].status, world.relations[turn.relation].kind
    keys: tuple[str, ...] = (f"{status}/{kind}", status)
    if values == (lexicon.UNKNOWN,):
        keys = ("silent",)
    elif turn.negated:
        keys = (f"{status}/{kind}/denied", f"{status}/denied", "denied")
    return next((mixture.hedged[key] for key in keys if key in mixture.hedged), 1.0)
