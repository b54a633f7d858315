"""Activations: values on named sites, with the tables that say what each row is.

`Activations` selects and pools lazily; `Features` is what vector probes eat; the store keeps activations on disk in
immutable units that survive any crash, and streams more rows than fit in memory.
"""

from sonde.activations.features import SITE_JOINT, Features, Origin, SiteFeatures
from sonde.activations.pooling import POOLINGS, Pooling, parse_pooling, pool_rows
from sonde.activations.reader import ActivationStore, StoreRows, describe, open_store
from sonde.activations.rows import MemoryRows, RowSource
from sonde.activations.running import RunningPool
from sonde.activations.selection import TokenSelector
from sonde.activations.stream import mix_blocks, stream_rows
from sonde.activations.values import Activations
from sonde.activations.writer import StoreWriter, create_store

__all__ = [
    "POOLINGS",
    "SITE_JOINT",
    "ActivationStore",
    "Activations",
    "Features",
    "MemoryRows",
    "Origin",
    "Pooling",
    "RowSource",
    "RunningPool",
    "SiteFeatures",
    "StoreRows",
    "StoreWriter",
    "TokenSelector",
    "create_store",
    "describe",
    "mix_blocks",
    "open_store",
    "parse_pooling",
    "pool_rows",
    "stream_rows",
]
