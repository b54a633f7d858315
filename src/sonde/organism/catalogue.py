"""The organisms that ship with the package, by name."""

from __future__ import annotations

from pathlib import Path

from sonde.base.errors import unknown_name

_WEIGHTS = Path(__file__).parent / "weights"


def list_organisms() -> tuple[str, ...]:
    """Return the names of the shipped organisms.

    Example:
        >>> "cretan" in list_organisms()
        True
    """
    return tuple(sorted(p.name for p in _WEIGHTS.glob("*") if (p / "model.safetensors").is_file()))


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
