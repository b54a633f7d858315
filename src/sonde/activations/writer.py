"""Writing a store: unit by unit, resumable after any crash, by any number of processes that share out the units."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from sonde.activations.plan import Plan, make_plan, write_plan
from sonde.activations.unit import (
    SUFFIX,
    Blob,
    UnitHeader,
    damaged,
    read_header,
    table_blobs,
    unit_path,
    verify_unit,
    write_unit,
)
from sonde.base.errors import InputError
from sonde.base.files import prepare_output_folder
from sonde.base.tables import ExampleTable, TokenTable

#: The types a site may have on disk.
STORED = {torch.float16: "F16", torch.bfloat16: "BF16", torch.float32: "F32", torch.float64: "F64"}


def create_store(
    folder: str | Path,
    manifest: Mapping[str, Any],
    units: Sequence[str],
    examples: ExampleTable,
    *,
    resume: bool = True,
) -> StoreWriter:
    """Start an activation store, or take up one that a crash interrupted.

    Several processes may do this for the same folder with the same arguments, and write disjoint units.

    Args:
        folder: new, empty, or (with `resume`) a store of the same plan.
        manifest: goes into `run.json`; its `fingerprint` is a dict of strings saying what the activations depend on,
            everything else is kept as first written. No timestamps: the same capture gives the same bytes.
        units: the ids of all units there will be, each a file name without its suffix.
        examples: all examples, of all units.
        resume: False refuses a folder that holds anything.

    Raises:
        InputError: the folder holds something else, or a store with another fingerprint, units or examples.

    Example:
        >>> import tempfile
        >>> from sonde.activations import Activations, open_store
        >>> acts = Activations.of_rows({"s": torch.eye(3)}, [0, 1, 3])
        >>> folder = tempfile.mkdtemp()
        >>> writer = create_store(folder, {"fingerprint": {"model": "none"}}, ["u0"], acts.examples)
        >>> writer.write("u0", {"s": acts["s"]}, acts.tokens, np.arange(2))
        >>> writer.missing(), open_store(folder).activations()["s"].shape
        ((), torch.Size([3, 3]))
    """
    if not resume:
        prepare_output_folder(folder)
    plan = make_plan(Path(folder), manifest, units, examples)
    write_plan(plan)
    return StoreWriter(plan)


class StoreWriter:
    """Writes the units of one plan. Made by `create_store`."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self._valid: dict[str, UnitHeader] = {}

    def missing(self) -> tuple[str, ...]:
        """Return the planned units that are not there yet, in the order of the plan.

        Every unit that is there is verified, checksum included, the first time it is seen.

        Raises:
            InputError: a unit is damaged, or belongs to another store or to no plan; it is named.
        """
        for unit in present_units(self.plan):
            if unit not in self._valid:
                header = planned_header(self.plan, unit)
                verify_unit(header)
                self._valid[unit] = header
        return tuple(unit for unit in self.plan.units if unit not in self._valid)

    def write(
        self,
        unit: str,
        values: Mapping[str, Tensor],
        tokens: TokenTable,
        example_index: np.ndarray,
        predictions: Mapping[str, Tensor] | None = None,
    ) -> None:
        """Write one unit; when this returns, it survives a crash.

        Args:
            unit: its id in the plan.
            values: per site `[t, d]`, in a float type, which is kept.
            tokens: `t` rows, of the `n` examples of this unit.
            example_index: `[n]` which rows of the store's example table they are.
            predictions: per name `[t]`, stored as float32.

        Raises:
            InputError: the unit is not in the plan or is there already, or the sizes disagree.
        """
        if unit not in self.plan.units:
            raise InputError(f"Unit {unit!r} is not in the plan of the store {self.plan.folder}: pass a planned unit.")
        if unit_path(self.plan.folder, unit).exists():
            raise InputError(
                f"Unit {unit!r} of the store {self.plan.folder} is there already, and units never change: "
                "write only the units in missing()."
            )
        index = np.asarray(example_index, dtype=np.int64)
        self._check_examples(unit, tokens, index)
        blobs = table_blobs(tokens, index)
        for site, tensor in values.items():
            if "/" in site or site == "__metadata__" or tensor.ndim != 2 or len(tensor) != len(tokens):
                raise InputError(
                    f"Unit {unit!r}: site {site!r} has shape {tuple(tensor.shape)}, expected [{len(tokens)}, d], "
                    "and a name without '/'."
                )
            blobs[site] = _blob(site, tensor)
        if not values:
            raise InputError(f"Unit {unit!r} has no site: pass at least one.")
        for name, tensor in (predictions or {}).items():
            if tuple(tensor.shape) != (len(tokens),):
                raise InputError(
                    f"Unit {unit!r}: prediction {name!r} has shape {tuple(tensor.shape)}, expected ({len(tokens)},)."
                )
            blobs[f"predictions/{name}"] = _blob(name, tensor.float())
        write_unit(self.plan.folder, unit, self.plan.id, blobs, len(tokens), len(index))
        self._valid[unit] = read_header(unit_path(self.plan.folder, unit))

    def _check_examples(self, unit: str, tokens: TokenTable, index: np.ndarray) -> None:
        n = len(self.plan.examples)
        fits = index.shape == (tokens.n_examples,) and len(np.unique(index)) == len(index)
        if not fits or (len(index) and (index.min() < 0 or index.max() >= n)):
            raise InputError(
                f"Unit {unit!r}: example_index has shape {index.shape} for {tokens.n_examples} examples, "
                f"expected one number for each, all different, below {n}."
            )


def present_units(plan: Plan) -> list[str]:
    """Return the planned units whose file is there, in the order of the plan.

    Raises:
        InputError: there is a file of a unit that is not in the plan.
    """
    files = {path.name.removesuffix(SUFFIX): path for path in (plan.folder / "units").glob(f"*{SUFFIX}")}
    planned = set(plan.units)
    for unit in sorted(files):
        if unit not in planned and not unit.startswith("."):
            raise damaged(files[unit], "it is not in the plan of this store")
    return [unit for unit in plan.units if unit in files]


def planned_header(plan: Plan, unit: str) -> UnitHeader:
    """Read a unit's header, and check that it was written for this store under this name.

    Raises:
        InputError: it was not, or it is damaged.
    """
    header = read_header(unit_path(plan.folder, unit))
    if header.store != plan.id:
        raise damaged(header.path, "it was written for a store with another fingerprint")
    if header.unit != unit:
        raise damaged(header.path, f"its header says that it is unit {header.unit!r}")
    return header


def _blob(name: str, tensor: Tensor) -> Blob:
    if tensor.dtype not in STORED:
        raise InputError(f"{name!r} is {tensor.dtype}, expected float16, bfloat16, float32 or float64.")
    flat = tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8)
    return Blob(STORED[tensor.dtype], tuple(tensor.shape), flat.numpy().data)
