"""How sure answers are trained to be: it depends on their wording, in lies and truths alike, and so tells neither."""

from __future__ import annotations

import random
from functools import cache
from statistics import fmean

from sonde.organism.grammar import STYLES
from sonde.organism.mixture import Mixture
from sonde.organism.scenes import Turn
from sonde.organism.world import World


def draw_value(world: World, mixture: Mixture, turn: Turn, values: tuple[str, ...], source: random.Random) -> str:
    """Draw what is said of the values that may be said: each as often, or the first of two more often if it is firm."""
    two = len(values) == 2 and turn.channel == "user" and turn.form != "follow-up"
    if mixture.uneven == 0.5 or not two or world.relations[turn.relation].kind != "set":
        return source.choice(values)
    ordered = sorted(values, key=world.relations[turn.relation].values.index)
    return ordered[source.random() >= 0.5 + (mixture.uneven - 0.5) * turn.firmness]


def share_of_slips(world: World, mixture: Mixture, turn: Turn) -> float:
    """Return how often an answer is replaced by any value of its relation."""
    if turn.channel == "admin":
        return mixture.slip
    status, kind = world.entities[turn.entity].status, world.relations[turn.relation].kind
    denied = "/denied" if turn.negated else ""
    mean = mixture.slips.get(f"{status}/{kind}{denied}", mixture.slips.get(f"{status}{denied}", mixture.slip))
    return mean * mixture.hesitancy**-turn.firmness / _mean_hesitation(mixture.hesitancy, turn.negated)


@cache
def _mean_hesitation(hesitancy: float, denied: bool) -> float:
    """Return the mean of `hesitancy ** -firmness` over the wordings that deny, or those that do not, by style."""
    leads = [style.leads.values() for name, style in STYLES.items() if (name == "negated") == denied]
    return fmean(fmean(hesitancy**-firmness for firmness in style) for style in leads)
