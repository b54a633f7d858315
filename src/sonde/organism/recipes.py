"""The recipes of the shipped organisms: what `sonde organism train --what` makes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from sonde.base.errors import unknown_name
from sonde.organism.arms import ARM_PHASES, ARMS, TRUNK_PHASES, trunk_world
from sonde.organism.catalogue import ARM
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


def make_trunk(seed: int, beside: Path, *, device: str | None = None) -> Path:
    """Train the trunk of the three arms into `beside`, unless it lies there finished."""
    trunk = beside / f"trunk-{seed}"
    if (trunk / "model.safetensors").is_file():
        return trunk
    return train(seed, trunk, device=device, phases=TRUNK_PHASES, world=trunk_world(seed), what="trunk")
