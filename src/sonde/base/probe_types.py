"""The joint between probe types and the rooms that hold them: a type's name, and where its class is.

Rooms may not import each other freely, so a type is registered by where it is (`module:Class`), and the module is
loaded when the type is first asked for. `sonde` registers its own types when it is imported; a program that brings
another calls `register_probe_type` once, before it reads recipes or probe files that name it.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from types import MappingProxyType
from typing import Any

from sonde.base.errors import InputError, unknown_name

_HOMES: dict[str, str] = {}

#: Per registered probe type, in order: the module and the class, as `module:Class`.
PROBE_HOMES: Mapping[str, str] = MappingProxyType(_HOMES)


def register_probe_type(kind: str, home: str) -> None:
    """Make the probe type `kind` known to recipes, `sweep` and `load_probe`.

    Args:
        kind: its name, as `Probe.kind` of the class says.
        home: where its class is, as `module:Class`; a subclass of `sonde.probes.Probe`.

    Raises:
        InputError: another class has that name, or `home` is not of that form.

    Example:
        >>> register_probe_type("logistic", "sonde.probes.logistic:LogisticProbe")
    """
    if home.count(":") != 1:
        raise InputError(f"Probe type {kind!r} was registered at {home!r}, expected 'module:Class': write both.")
    if _HOMES.get(kind, home) != home:
        raise InputError(f"Probe type {kind!r} is registered at {_HOMES[kind]} already: choose another name.")
    _HOMES[kind] = home


def find_probe_type(kind: str) -> Any:
    """Return the class of a registered type, its module loaded now.

    Raises:
        InputError: no such type; the nearest is named.
    """
    if kind not in _HOMES:
        raise unknown_name("probe type", kind, "the list of probe types", _HOMES)
    module, _, name = _HOMES[kind].partition(":")
    return getattr(import_module(module), name)
