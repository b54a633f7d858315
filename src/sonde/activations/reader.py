"""Reading a store by memory map: a row costs what it weighs, however large the store is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import safe_open
from torch import Tensor

from sonde.activations.plan import Plan, read_plan
from sonde.activations.rows import RowSource
from sonde.activations.stream import stream_rows
from sonde.activations.unit import UnitHeader, damaged, read_array, read_tables, verify_unit
from sonde.activations.values import Activations, readable_bytes
from sonde.activations.writer import STORED, planned_header, present_units
from sonde.base.devices import dtype_name
from sonde.base.display import Displayed
from sonde.base.errors import InputError, unknown_name
from sonde.base.tables import TokenTable, offsets_of, rows_of

_DTYPES = {name: dtype for dtype, name in STORED.items()}


class StoreRows(RowSource):
    """The rows of a store's units, one after the other.

    A unit's checksum is verified the first time it is read, so that a damaged byte is never used.
    """

    def __init__(self, headers: Sequence[UnitHeader], verify: bool = True) -> None:
        self._headers = tuple(headers)
        self._unverified = set(range(len(headers))) if verify else set()
        self._sites = headers[0].sites
        self.sites = tuple(self._sites)
        self.bounds = offsets_of(np.array([header.rows for header in headers]))

    def width(self, site: str) -> int:
        """Return `d` of `site`."""
        return self._sites[site][1]

    def dtype(self, site: str) -> torch.dtype:
        """Return the type of the values of `site`."""
        return _DTYPES[self._sites[site][0]]

    def read(self, site: str, unit: int, start: int, stop: int) -> Tensor:
        """Return the rows `start:stop`, copied out of the file's memory map."""
        header = self._headers[unit]
        if unit in self._unverified:
            verify_unit(header)
            self._unverified.discard(unit)
        first = int(self.bounds[unit])
        with safe_open(header.path, framework="pt") as file:
            return file.get_slice(site)[start - first : stop - first]


class ActivationStore(Displayed):
    """A complete store on disk. Made by `open_store`.

    Attributes:
        folder: where it is.
        manifest: its `run.json`.
        examples: the example table.
        sites: the names of the sites.
        rows: how many rows there are.
    """

    def __init__(self, plan: Plan, headers: Sequence[UnitHeader], verify: bool = True) -> None:
        self.folder = plan.folder
        self.manifest = plan.manifest
        self.examples = plan.examples
        self._headers = tuple(headers)
        self.source = StoreRows(headers, verify)

    @property
    def sites(self) -> tuple[str, ...]:
        """The names of the sites."""
        return self.source.sites

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return self.source.rows

    @property
    def fingerprint(self) -> dict[str, str]:
        """What the activations depend on."""
        return dict(self.manifest["fingerprint"])

    def __len__(self) -> int:
        return len(self.examples)

    def activations(self) -> Activations:
        """Return everything as `Activations`, examples in the order of the example table.

        The tables are read now (about 60 bytes a token). Values are read when a site is indexed or pooled: indexing
        loads that site whole, pooling holds a few examples of one unit at a time.

        Raises:
            InputError: an example is in two units, or in none.
        """
        read = [read_tables(header) for header in self._headers]
        stored = TokenTable.concatenate([table for table, _ in read])
        index = np.concatenate([numbers for _, numbers in read])
        order = np.argsort(index, kind="stable")
        if not np.array_equal(index[order], np.arange(len(self.examples))):
            raise InputError(
                f"The units of the store {self.folder} hold {len(index)} examples ({len(np.unique(index))} different), "
                f"expected each of its {len(self.examples)} once: capture into a new folder."
            )
        rows = rows_of(stored.offsets, order)
        in_order = bool((rows == np.arange(len(rows))).all())
        return Activations(
            self.source,
            stored if in_order else stored.take_examples(order),
            self.examples,
            self.fingerprint,
            {name: values[torch.from_numpy(rows)] for name, values in self._predictions().items()},
            None if in_order else rows,
        )

    def _predictions(self) -> dict[str, Tensor]:
        names = self._headers[0].predictions
        return {
            name: torch.cat([torch.from_numpy(read_array(h, f"predictions/{name}")) for h in self._headers])
            for name in names
        }

    def stream(
        self, site: str, batch: int, seed: int = 0, buffer_rows: int = 65_536, *, drop_last: bool = False
    ) -> Iterator[Tensor]:
        """Yield all rows of `site` in shuffled batches `[b, d]`, each row once; see `stream_rows`.

        Memory does not grow with the store: neither values nor tables are loaded.

        Raises:
            InputError: no such site, or a buffer smaller than two batches.
        """
        if site not in self.sites:
            raise unknown_name("site", site, f"the store {self.folder}", self.sites)
        return stream_rows(self.source, site, batch, seed, buffer_rows, drop_last=drop_last)

    def verify(self) -> None:
        """Read every unit and compare it with its checksum.

        Raises:
            InputError: a unit is damaged; it is named.
        """
        for header in self._headers:
            verify_unit(header)

    def __repr__(self) -> str:
        size = readable_bytes(sum(h.path.stat().st_size for h in self._headers))
        head = f"ActivationStore {self.folder}: {len(self)} examples, {self.rows} rows, {size}"
        return "\n".join([head, *(f"  {site}  [{self.rows}, {self.source.width(site)}]" for site in self.sites[:8])])


def open_store(folder: str | Path, *, verify: bool = True) -> ActivationStore:
    """Open a complete activation store; reads the units' headers, no values.

    Args:
        folder: the store.
        verify: check each unit's checksum the first time it is read.

    Raises:
        InputError: there is no store, units are missing, or a unit is damaged or belongs to another store.
    """
    plan = read_plan(Path(folder))
    present = present_units(plan)
    if len(present) < len(plan.units):
        raise InputError(
            f"The store {folder} lacks {len(plan.units) - len(present)} of its {len(plan.units)} units: "
            "run the same capture again, and it goes on where it stopped."
        )
    return ActivationStore(plan, _same_sites([planned_header(plan, unit) for unit in present]), verify)


def _same_sites(headers: list[UnitHeader]) -> list[UnitHeader]:
    for header in headers:
        if header.sites != headers[0].sites or header.predictions != headers[0].predictions:
            raise damaged(header.path, f"its sites differ from those of {headers[0].path.name}")
    return headers


def describe(folder: str | Path) -> dict[str, Any]:
    """Return what a store holds and how far it is, JSON-ready; an incomplete store is described too.

    Headers are checked, checksums are not (that is `ActivationStore.verify`).

    Returns:
        A dict with `kind`, `folder`, `rows`, `examples` and `bytes` (of the units there are), `sites` (per site `d` and
        `dtype`), `fingerprint`, `fingerprint_id`, `units` (`planned`, `complete`, `missing`) and `complete`.

    Raises:
        InputError: there is no store, or a unit is damaged or belongs to another store.
    """
    plan = read_plan(Path(folder))
    headers = _same_sites([planned_header(plan, unit) for unit in present_units(plan)])
    there = {header.unit for header in headers}
    missing = [unit for unit in plan.units if unit not in there]
    sites = headers[0].sites if headers else {}
    return {
        "kind": "activation store",
        "folder": str(folder),
        "rows": sum(header.rows for header in headers),
        "examples": sum(header.examples for header in headers),
        "bytes": sum(header.path.stat().st_size for header in headers),
        "sites": {site: {"d": width, "dtype": dtype_name(_DTYPES[dtype])} for site, (dtype, width) in sites.items()},
        "fingerprint": plan.fingerprint,
        "fingerprint_id": plan.id,
        "units": {"planned": len(plan.units), "complete": len(headers), "missing": missing},
        "complete": not missing,
    }
