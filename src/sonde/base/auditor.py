"""The joint between the audit and whoever runs models: `sonde.audit(…)` is called in one room and done in another.

The room `audit` judges and never runs a model; the room `run` joins the two. So that `audit` imports nothing above it,
`sonde` registers the function once, when it is imported.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

_auditor: Callable[..., Any] | None = None


def register_auditor(auditor: Callable[..., Any]) -> None:
    """Set the function that captures what an audit needs and lets it judge."""
    global _auditor
    _auditor = auditor


def auditor() -> Callable[..., Any] | None:
    """Return the registered function, or None."""
    return _auditor
