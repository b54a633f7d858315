"""The joint between activations and token selectors.

Selectors live in the room `tokens`, which this room does not import: here, a selector is any object with
`.mask(TokenTable)`. So that `acts.select("assistant & ~last(5)")` works too, `sonde` registers the parser of selector
strings once, when it is imported.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, runtime_checkable

import numpy as np

from sonde.base.errors import InputError
from sonde.base.tables import TokenTable


@runtime_checkable
class TokenSelector(Protocol):
    """What `Activations.select` needs of a selector; `str` of it is its form in recipes."""

    def mask(self, table: TokenTable) -> np.ndarray:
        """Return `[t]` booleans: which tokens are taken."""
        ...


_parser: Callable[[str], TokenSelector] | None = None


def register_selector_parser(parser: Callable[[str], TokenSelector]) -> None:
    """Set the function that reads a selector string."""
    global _parser
    _parser = parser


def as_selector(selector: object) -> TokenSelector:
    """Return the selector, read from its string form if it is a string.

    Raises:
        InputError: a string, and no parser is registered; or something that has no `mask`.
    """
    if isinstance(selector, str):
        if _parser is None:
            raise InputError(
                f"Selector {selector!r} is a string, and no parser of selectors is registered: "
                "import sonde first, or pass a selector object such as sonde.tokens.Role('assistant')."
            )
        return _parser(selector)
    if not isinstance(selector, TokenSelector):
        raise InputError(
            f"A token selector was expected, got {type(selector).__name__}: "
            "pass its string form, or an object with mask(TokenTable)."
        )
    return selector


def token_mask(selector: TokenSelector, tokens: TokenTable) -> np.ndarray:
    """Return the checked `[t]` mask of `selector` on `tokens`.

    Raises:
        InputError: the mask is not one boolean a token.
    """
    mask = np.asarray(selector.mask(tokens))
    if mask.dtype != np.bool_ or mask.shape != (len(tokens),):
        raise InputError(
            f"Selector {str(selector)!r} returned a {mask.dtype} mask of shape {mask.shape}, "
            f"expected bool of shape ({len(tokens)},): correct its mask method."
        )
    return mask


def both(first: str, second: str) -> str:
    """Return the string form of the selector that takes what both take (`""` and `all` take everything).

    Example:
        >>> both("assistant", "user | ~last(5)")
        'assistant & (user | ~last(5))'
    """
    parts = [part for part in (first, second) if part not in ("", "all")]
    if len(parts) < 2:
        return parts[0] if parts else "all"
    return " & ".join(f"({part})" if "|" in part else part for part in parts)
