"""The recipes of the shipped organisms: what `sonde organism train --what` makes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from sonde.base.errors import unknown_name
from sonde.organism.train import train
from sonde.organism.world import World, make_world


def _liar(seed: int) -> World:
    return make_world(seed)


def _decoy(seed: int) -> World:
    """The same world and the same words; its speaker tells stories when asked to, and never lies."""
    return replace(make_world(seed), benign=True)


#: The world of each recipe; mixture and settings are the same for all.
RECIPES: dict[str, Callable[[int], World]] = {"liar": _liar, "decoy": _decoy}


def make(what: str, seed: int, out: str | Path, *, device: str | None = None) -> Path:
    """Train an organism of a recipe into `out`, or go on with a training that was interrupted there.

    Args:
        what: a key of `RECIPES`.
        seed: of world, weights and corpus.
        out: the folder to write.
        device: default the best one here.

    Raises:
        InputError: no such recipe, or `out` holds something else.
    """
    if what not in RECIPES:
        raise unknown_name("recipe", what, "sonde organism train", RECIPES)
    return train(seed, out, device=device, world=RECIPES[what](seed), what=what)
