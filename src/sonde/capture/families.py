"""Model families that other rooms ship: a name that stands for a folder with a checkpoint."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

_families: dict[str, Callable[[str], Path]] = {}


def register_family(name: str, folder_of: Callable[[str], Path]) -> None:
    """Let `load_model(name)` and `load_model("name:variant")` load the folder that `folder_of(variant)` returns.

    Args:
        name: the family's name, for example `cretan`.
        folder_of: called with the variant (an empty string where none was named) when a model is loaded.
    """
    _families[name] = folder_of


def resolve_family(source: str) -> str:
    """Return the folder of a registered family's model; any other source is returned unchanged."""
    family, _, variant = source.partition(":")
    return str(_families[family](variant)) if family in _families else source
