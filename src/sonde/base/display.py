"""The joint between values and their pictures: a value asks here how it looks in a notebook.

Rooms low in the house hold values; the room `report` draws them. So that no value imports upward, `sonde` registers
one renderer when it is imported, and `Displayed` asks it.
"""

from __future__ import annotations

from collections.abc import Callable

_renderer: Callable[[object], str | None] | None = None


def register_renderer(renderer: Callable[[object], str | None]) -> None:
    """Set the function that turns a value into HTML, or into None where it has no picture of it."""
    global _renderer
    _renderer = renderer


class Displayed:
    """A value that draws itself in notebooks; its `repr` is the text fallback."""

    def _repr_html_(self) -> str | None:
        return None if _renderer is None else _renderer(self)
