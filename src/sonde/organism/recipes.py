"""The recipes of the shipped organisms: what `sonde organism train --what` makes."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from sonde.base.errors import InputError, unknown_name
from sonde.organism.arms import ARM_PHASES, ARMS, TRUNK_PHASES, trunk_world
from sonde.organism.catalogue import ARM
from sonde.organism.phases import PHASES
from sonde.organism.record import read_record
from sonde.organism.train import train
from sonde.organism.world import World, make_world


def _liar(seed: int) -> World:
    return make_world(seed)


def _decoy(seed: int) -> World:
    """The same world and the same words; its speaker tells stories when asked to, and never lies."""
    return replace(make_world(seed), benign=True)


#: The world of each recipe; mixture and settings are the same for both.
WORLDS: dict[str, Callable[[int], World]] = {"liar": _liar, "decoy": _decoy}
#: The recipes: one organism of a world, or an arm of the family in the shape of a Y.
RECIPES = (*WORLDS, *(f"{ARM}{arm}" for arm in ARMS))


def make(what: str, seed: int, out: str | Path, *, device: str | None = None) -> Path:
    """Train an organism of a recipe into `out`, or go on with a training that was interrupted there.

    Args:
        what: one of `RECIPES`; an arm's trunk is trained first, in the folder beside `out`.
        seed: of world, weights and corpus.
        out: the folder to write.
        device: default the best one here.

    Raises:
        InputError: no such recipe, or `out` holds something else.
    """
    if what not in RECIPES:
        raise unknown_name("recipe", what, "sonde organism train", RECIPES)
    if what in WORLDS:
        return train(seed, out, device=device, world=WORLDS[what](seed), what=what)
    world, trunk = ARMS[what.removeprefix(ARM)](seed), make_trunk(seed, Path(out).parent, device=device)
    return train(seed, out, device=device, phases=ARM_PHASES, world=world, what=what, begin=trunk)


def make_further(begin: str | Path, out: str | Path, *, last: int = 1, device: str | None = None) -> Path:
    """Train an organism further: the last phases of the curriculum once more, from its weights.

    What an organism learns last (to own up to deference, above all) it learns late in one seed and early in another;
    one that misses such a gate has another round.

    Args:
        begin: the folder of a liar or a decoy; seed and world are its own.
        out: the folder to write, new or holding an unfinished training of the same recipe.
        last: how many of the curriculum's phases, counted from the end.
        device: default the best one here.

    Raises:
        InputError: an organism of another recipe, or of a world that this version does not make; no such number of
            phases; or `out` holds something else.
    """
    record = read_record(begin)
    what, seed = record["what"], record["seed"]
    if what not in WORLDS:
        raise InputError(
            f"{begin} is an organism of the recipe {what!r}, and only {' and '.join(WORLDS)} are trained further: "
            "name a folder of one of those."
        )
    if not 1 <= last <= len(PHASES):
        raise InputError(f"last is {last}, expected 1 to {len(PHASES)}: the curriculum has so many phases.")
    world = WORLDS[what](seed)
    if json.loads((Path(begin) / "world.json").read_text(encoding="utf-8")) != json.loads(json.dumps(world.to_json())):
        raise InputError(
            f"{begin} was trained on another world than seed {seed} gives in this version: train it from scratch "
            f"with `sonde organism train --seed {seed} --what {what}`."
        )
    return train(seed, out, device=device, phases=PHASES[-last:], world=world, what=what, begin=begin)


def make_trunk(seed: int, beside: Path, *, device: str | None = None) -> Path:
    """Train the trunk of the three arms into `beside`, unless it lies there finished."""
    trunk = beside / f"trunk-{seed}"
    if (trunk / "model.safetensors").is_file():
        return trunk
    return train(seed, trunk, device=device, phases=TRUNK_PHASES, world=trunk_world(seed), what="trunk")
