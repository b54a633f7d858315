"""The joint between activations and the string form of token selectors, which the room `tokens` reads.

`activations` may not import `tokens`; `sonde` registers the parser when it is imported.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

_parser: Callable[[str], Any] | None = None


def register_selector_parser(parser: Callable[[str], Any]) -> None:
    """Set the function that reads a selector string."""
    global _parser
    _parser = parser


def selector_parser() -> Callable[[str], Any] | None:
    """Return the registered parser, if any."""
    return _parser
