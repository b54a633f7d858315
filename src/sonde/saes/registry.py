"""Every architecture by its name."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from sonde.saes.architecture import Architecture
from sonde.saes.batchtopk import BatchTopK
from sonde.saes.config import SAEConfig
from sonde.saes.jumprelu import JumpReLU
from sonde.saes.matryoshka import Matryoshka
from sonde.saes.standard import Standard
from sonde.saes.topk import TopK

_TYPES: Mapping[str, type[Architecture]] = MappingProxyType(
    {kind.name: kind for kind in (Standard, TopK, BatchTopK, JumpReLU, Matryoshka)}
)


def architecture_of(config: SAEConfig, steps: int) -> Architecture:
    """Return the architecture that `config` names, for a training of `steps` batches."""
    return _TYPES[config.architecture](config, steps)
