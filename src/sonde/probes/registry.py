"""Every probe type by the name that recipes and files use, its module loaded when it is first asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from sonde.base.probe_types import PROBE_HOMES, find_probe_type
from sonde.probes.base import Probe
from sonde.probes.file import read_probe


class _ProbeTypes(Mapping[str, type[Probe]]):
    """The registered types; a type registered later is there too."""

    def __getitem__(self, name: str) -> type[Probe]:
        if name not in PROBE_HOMES:
            raise KeyError(name)
        return find_probe_type(name)

    def __contains__(self, name: object) -> bool:
        return name in PROBE_HOMES

    def __iter__(self) -> Iterator[str]:
        return iter(PROBE_HOMES)

    def __len__(self) -> int:
        return len(PROBE_HOMES)


#: Probe types by name; see `sonde.base.probe_types.register_probe_type`.
PROBE_TYPES: Mapping[str, type[Probe]] = _ProbeTypes()


def probe_type(name: str) -> type[Probe]:
    """Return the class of a probe type.

    Raises:
        InputError: no such type; the nearest is named.
    """
    return find_probe_type(name)


def load_probe(path: str | Path) -> Probe:
    """Return the probe saved in `path`. Nothing in the file is run.

    Raises:
        InputError: the file is missing, damaged, or not a probe file of this version; one sentence says which.
    """
    return read_probe(path, PROBE_TYPES)
