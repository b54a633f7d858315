"""Shapes and types, checked at the first calls of every function."""

from collections.abc import Callable
from typing import Any

from beartype import beartype

#: Calls of a function that are checked in a process: inner loops go through millions, which are all alike.
CALLS = 300


def check_first_calls(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return what checks the arguments of the first calls against the annotations of `function`."""
    checked, left = beartype(function), CALLS

    def check(*arguments: Any, **named: Any) -> Any:
        nonlocal left
        if left == 0:
            return None
        left -= 1
        return checked(*arguments, **named)

    return check
