"""The plan of a store: what it depends on, which units it will have, and which examples they are about.

`run.json` holds the plan and `examples.json` the example table. Both are written once, before the first unit, and never
change: there is no record of progress to keep consistent, because a valid unit is its own record.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from sonde.activations.unit import check_unit_name
from sonde.base.errors import InputError
from sonde.base.files import fsync_folder, hash_bytes, write_atomic
from sonde.base.tables import ExampleTable

SCHEMA = 1
KIND = "activations"


@dataclass(frozen=True)
class Plan:
    """A store's folder and what its `run.json` says.

    Attributes:
        folder: where the store is.
        manifest: `run.json`, as written.
        examples: the example table.
    """

    folder: Path
    manifest: Mapping[str, Any]
    examples: ExampleTable

    @property
    def units(self) -> tuple[str, ...]:
        """The ids of all units there will be."""
        return tuple(self.manifest["units"])

    @property
    def fingerprint(self) -> dict[str, str]:
        """What the values depend on."""
        return dict(self.manifest["fingerprint"])

    @property
    def id(self) -> str:
        """Hash of everything a unit must have been written for: fingerprint, units and examples."""
        bound = {key: self.manifest[key] for key in ("schema", "fingerprint", "units", "examples_sha256")}
        return hash_bytes(json.dumps(bound, sort_keys=True))


def make_plan(folder: Path, manifest: Mapping[str, Any], units: Sequence[str], examples: ExampleTable) -> Plan:
    """Check and complete a manifest.

    Raises:
        InputError: no fingerprint of strings, no unit, a unit named twice, or an id that cannot be a file name.
    """
    fingerprint = manifest.get("fingerprint")
    if not isinstance(fingerprint, Mapping) or not all(isinstance(v, str) for v in fingerprint.values()):
        raise InputError(
            f"The manifest of the store {folder} has no fingerprint: expected manifest['fingerprint'], a dict of "
            "strings that says what the activations depend on."
        )
    names = [check_unit_name(unit) for unit in units]
    if not names or len(set(names)) < len(names):
        raise InputError(f"The store {folder} was planned with {len(names)} units: expected one or more, each once.")
    said = {k: v for k, v in manifest.items() if k not in ("schema", "kind", "units", "examples_sha256")}
    made = {"schema": SCHEMA, "kind": KIND, **said, "units": names}
    made["examples_sha256"] = hash_bytes(_examples_json(examples))
    return Plan(folder, json.loads(json.dumps(made, allow_nan=False)), examples)


def write_plan(plan: Plan) -> None:
    """Write the plan into its folder, or check that the same plan stands there already.

    Raises:
        InputError: the folder holds something else, or a store with another plan.
    """
    folder = plan.folder
    if folder.exists() and not folder.is_dir():
        raise InputError(f"The store {folder} is a file, expected a folder: choose another --out.")
    folder.mkdir(parents=True, exist_ok=True)
    if (folder / "run.json").exists():
        _check_same(read_plan(folder), plan)
        return
    _refuse_other_contents(folder)
    (folder / "units").mkdir(exist_ok=True)
    fsync_folder(folder)
    _publish(folder / "examples.json", _examples_json(plan.examples))
    if (folder / "run.json").exists():
        _check_same(read_plan(folder), plan)
        return
    _publish(folder / "run.json", json.dumps(plan.manifest, indent=1, ensure_ascii=False) + "\n")


def read_plan(folder: Path) -> Plan:
    """Read the plan of the store in `folder`.

    Raises:
        InputError: there is no store, or its plan is damaged.
    """
    path = folder / "run.json"
    if not path.is_file():
        raise InputError(f"{folder} is not an activation store: it has no run.json; pass a folder made by capture.")
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
        if manifest["kind"] != KIND or manifest["schema"] != SCHEMA:
            raise ValueError(f"kind {manifest['kind']!r}, schema {manifest['schema']!r}")
        plan = Plan(folder, manifest, ExampleTable(()))
        for unit in plan.units:
            check_unit_name(unit)
        plan.id  # noqa: B018  (needs every entry)
    except (ValueError, KeyError, TypeError, InputError) as error:
        raise InputError(
            f"{path} is not the manifest of an activation store of schema {SCHEMA} ({type(error).__name__}: {error}): "
            "pass a folder made by capture."
        ) from error
    return Plan(folder, manifest, _read_examples(folder / "examples.json", manifest["examples_sha256"]))


def _check_same(found: Plan, wanted: Plan) -> None:
    old, new = found.fingerprint, wanted.fingerprint
    differ = [key for key in {**old, **new} if old.get(key) != new.get(key)]
    if differ:
        shown = "; ".join(f"{key}: {old.get(key, 'absent')!r} there, {new.get(key, 'absent')!r} now" for key in differ)
        raise InputError(
            f"The store {found.folder} was written for other activations ({shown}): choose another --out, or pass "
            "--force to replace it."
        )
    for key, what in (("units", "another plan of units"), ("examples_sha256", "other examples")):
        if found.manifest[key] != wanted.manifest[key]:
            raise InputError(
                f"The store {found.folder} was written for {what}: choose another --out, or pass --force to replace it."
            )


def _refuse_other_contents(folder: Path) -> None:
    """Remove what a crash before the first unit left behind, and refuse a folder that holds anything else."""
    ours = {"examples.json", "run.json", "units"}  # run.json: another rank was a moment faster
    left = [path for path in folder.iterdir() if path.name.endswith(".tmp") and path.name.startswith(_TEMPORARY)]
    other = sorted(path.name for path in folder.iterdir() if path.name not in ours and path not in left)
    if other:
        raise InputError(
            f"Output folder {folder} is not empty and holds no activation store (it has {other[0]!r}): "
            "choose another --out, or pass --force to replace its contents."
        )
    for path in left:
        path.unlink(missing_ok=True)


_TEMPORARY = (".examples.json.", ".run.json.")


def _publish(path: Path, text: str) -> None:
    """Write atomically; another rank that starts at the same moment writes the same bytes, and may clean up ours."""
    for _ in range(5):
        try:
            write_atomic(path, text)
            return
        except FileNotFoundError:
            if path.exists() and path.read_text(encoding="utf-8") == text:
                return
    raise InputError(f"{path} cannot be written: another process keeps removing it; start the capture again.")


def _examples_json(table: ExampleTable) -> str:
    value = {
        "positive": table.positive,
        "negative": table.negative,
        "ids": table.ids,
        "labels": None if table.labels is None else table.labels.tolist(),
        "groups": None if table.groups is None else table.groups.tolist(),
        "tags": dict(table.tags),
    }
    return json.dumps(value, ensure_ascii=True, allow_nan=False) + "\n"


def _read_examples(path: Path, sha256: str) -> ExampleTable:
    text = path.read_text(encoding="utf-8") if path.is_file() else ""
    if hash_bytes(text) != sha256:
        raise InputError(f"{path} is missing or does not match its checksum in run.json: capture into a new folder.")
    return _table(json.loads(text))


def _table(value: Mapping[str, Any]) -> ExampleTable:
    def column(values: Iterable[Any] | None) -> np.ndarray | None:
        return None if values is None else np.array(values)

    return ExampleTable(
        ids=tuple(value["ids"]),
        labels=None if value["labels"] is None else np.array(value["labels"], dtype=np.int64),
        groups=column(value["groups"]),
        tags={name: tuple(values) for name, values in value["tags"].items()},
        positive=value["positive"],
        negative=value["negative"],
    )
