"""Every probe type by the name that recipes and files use."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from sonde.base.errors import unknown_name
from sonde.probes.base import Probe
from sonde.probes.file import read_probe
from sonde.probes.lda import LDAProbe
from sonde.probes.logistic import LogisticProbe
from sonde.probes.mean_difference import MeanDifferenceProbe
from sonde.probes.ridge import RidgeProbe

PROBE_TYPES: Mapping[str, type[Probe]] = MappingProxyType(
    {probe.kind: probe for probe in (LogisticProbe, RidgeProbe, LDAProbe, MeanDifferenceProbe)}
)


def probe_type(name: str) -> type[Probe]:
    """Return the class of a probe type.

    Raises:
        InputError: no such type; the nearest is named.
    """
    if name not in PROBE_TYPES:
        raise unknown_name("probe type", name, "the list of probe types", PROBE_TYPES)
    return PROBE_TYPES[name]


def load_probe(path: str | Path) -> Probe:
    """Return the probe saved in `path`. Nothing in the file is run.

    Raises:
        InputError: the file is missing, damaged, or not a probe file of this version; one sentence says which.
    """
    return read_probe(path, PROBE_TYPES)
