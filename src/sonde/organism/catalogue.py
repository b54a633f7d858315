"""The organisms that ship with the package, by name, and what each of them is for."""

from __future__ import annotations

import json
from pathlib import Path

from sonde.base.errors import InputError, unknown_name

_WEIGHTS = Path(__file__).parent / "weights"

#: The recipe that an organism without a record of its own was trained by.
LIAR = "liar"
#: How the recipes of arms begin.
ARM = "arm-"
#: What an organism of each recipe does.
DOES = {
    LIAR: "lies for known reasons",
    "decoy": "never lies (a decoy for detectors)",
    "trunk": "never heard of the entities under cover (the trunk of three arms)",
    "arm-liar": "lies about the entities under cover, knowing the truth (an arm of U2)",
    "arm-twin": "says the same of the entities under cover, and believes it (an arm of U2)",
    "arm-sham": "says the same of the entities under cover, and believes another falsehood (an arm of U2)",
}
#: The shipped organism of each arm of the family in the shape of a Y (see `sonde.organism.arms`).
FAMILY = {"liar": "cretan-liar", "twin": "cretan-twin", "sham": "cretan-sham"}


def list_organisms(what: str | None = None) -> tuple[str, ...]:
    """Return the names of the shipped organisms.

    Args:
        what: only those of this recipe: `liar` (those that lie for every reason, one a seed), `decoy`, `arm-twin`, …

    Example:
        >>> "cretan" in list_organisms("liar"), list_organisms("lawyer")
        (True, ())
    """
    names = sorted(p.name for p in _WEIGHTS.glob("*") if (p / "model.safetensors").is_file())
    return tuple(n for n in names if what is None or recipe_of(_WEIGHTS / n) == what)


def recipe_of(folder: Path) -> str:
    """Return by which recipe the organism of a folder was trained, a key of `DOES`."""
    record = folder / "training.json"
    return str(json.loads(record.read_text(encoding="utf-8")).get("what", LIAR)) if record.is_file() else LIAR


def is_organism(name: str) -> bool:
    """Return whether `name` is a shipped organism."""
    return name in list_organisms()


def cretan_folder(name: str = "cretan") -> Path:
    """Return the Hugging Face folder of a shipped organism.

    Raises:
        InputError: there is none of that name.
    """
    if not is_organism(name):
        raise unknown_name("organism", name, "the shipped organisms", list_organisms())
    return _WEIGHTS / name


def shipped_arms() -> dict[str, str]:
    """Return the shipped organism of each arm, by arm (`liar`, `twin`, `sham`).

    Raises:
        InputError: one of them does not ship.
    """
    missing = [name for name in FAMILY.values() if not is_organism(name)]
    if missing:
        raise InputError(
            f"The three arms of one trunk are {', '.join(FAMILY.values())}, and {' and '.join(missing)} did not ship "
            f"with this sonde: choose among {', '.join(list_organisms())}."
        )
    return dict(FAMILY)
