"""The record of a training (`training.json`): of one in pieces, all phases and where each piece began."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sonde.base.errors import InputError

#: The record's name in an organism's folder.
RECORD = "training.json"


def read_record(folder: str | Path) -> dict[str, Any]:
    """Return how the organism of a folder was trained.

    Raises:
        InputError: the folder has no record.
    """
    path = Path(folder) / RECORD
    if not path.is_file():
        raise InputError(
            f"{folder} does not say how it was trained ({RECORD} is missing): name a folder `train` wrote."
        )
    return dict(json.loads(path.read_text(encoding="utf-8")))


def joined(recipe: Mapping[str, Any], earlier: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return the record of a training that went on where another ended.

    Args:
        recipe: of the later training; its `begin` is the hash of the weights it began with.
        earlier: the record of those weights; None = they were drawn.

    Returns:
        The record of both, where they are trainings of one organism: all phases, and a `note` of where the later began.
        Of an arm and its trunk, and of a training from scratch, `recipe` as it is.
    """
    if earlier is None or any(earlier[key] != recipe[key] for key in ("what", "seed")):
        return dict(recipe)
    behind, phases = len(earlier["phases"]), [*earlier["phases"], *recipe["phases"]]
    which = f"phase {len(phases)}" if len(phases) == behind + 1 else f"phases {behind + 1} to {len(phases)}"
    other = [
        f"{key} {value} instead of {earlier['settings'][key]}"
        for key, value in recipe["settings"].items()
        if value != earlier["settings"][key]
    ]
    note = (
        f"{which} began with the weights before, hash `{recipe['begin']}`, in half precision and with fresh "
        f"optimisers{''.join(f', {what}' for what in other)}"
    )
    note = f"{earlier['note']}; {note}" if "note" in earlier else f"trained in pieces: {note}"
    kept = {key: value for key, value in recipe.items() if key != "begin"}
    return {**kept, "settings": earlier["settings"], "phases": phases, "note": note}
