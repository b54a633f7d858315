"""The probe file: one safetensors file with a JSON manifest. Never a pickle; reading one runs nothing."""

from __future__ import annotations

import inspect
import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from sonde.base.errors import InputError, nearest
from sonde.base.files import hash_bytes, write_atomic
from sonde.probes.base import Probe
from sonde.probes.container import MAX_HEADER, Container, Unreadable, open_container, refuse
from sonde.probes.manifest import SCHEMA, Manifest, describe

_KEY = "sonde_probe"


def write_probe(probe: Probe, path: str | Path, *, force: bool = False) -> Path:
    """Write a fitted probe, atomically; the same probe gives the same bytes.

    Raises:
        InputError: the file exists and `force` is False, or its folder does not exist.
    """
    from safetensors.numpy import save
    from sklearn.utils.validation import check_is_fitted

    check_is_fitted(probe)
    path = Path(path)
    if not path.parent.is_dir():
        raise InputError(f"Folder {path.parent} does not exist, so {path.name} cannot be saved there: make it first.")
    if path.exists() and not force:
        raise InputError(f"{path} exists, and nothing is overwritten unasked: choose another name, or pass force=True.")
    arrays = {name: np.ascontiguousarray(a, dtype=np.float64) for name, a in sorted(probe.arrays().items())}
    manifest = describe(probe, hash_arrays(arrays)).model_dump(by_alias=True)
    text = json.dumps(manifest, sort_keys=True, ensure_ascii=False, allow_nan=False)
    if len(text.encode()) > MAX_HEADER // 2:
        raise InputError(f"The manifest of {path.name} takes more than {MAX_HEADER // 2:,} bytes: shorten its names.")
    return write_atomic(path, save(arrays, metadata={_KEY: text}))


def hash_arrays(arrays: Mapping[str, np.ndarray]) -> str:
    """Return the hash of all arrays, their names and shapes."""
    parts: list[bytes | str] = []
    for name, values in sorted(arrays.items()):
        parts += [name, str(values.shape), values.astype("<f8").tobytes()]
    return hash_bytes(*parts)


def read_manifest(path: str | Path) -> Manifest:
    """Return what a probe file says of itself, without making a probe.

    Raises:
        InputError: the file is missing, or not a probe file that can be used.
    """
    path = Path(path)
    try:
        return _manifest(open_container(path))
    except Unreadable as problem:
        raise refuse(path, str(problem)) from problem


def read_probe(path: str | Path, types: Mapping[str, type[Probe]]) -> Probe:
    """Return the probe in a file; `types` says which class each type's name stands for.

    Raises:
        InputError: the file is missing, or not a probe file that can be used.
    """
    path = Path(path)
    try:
        container = open_container(path)
        return _probe(_manifest(container), container, types)
    except Unreadable as problem:
        raise refuse(path, str(problem)) from problem


def _manifest(container: Container) -> Manifest:
    from pydantic import ValidationError

    if set(container.metadata) != {_KEY}:
        raise Unreadable("it is a safetensors file without a sonde probe's manifest")
    text = container.metadata[_KEY]
    try:
        return Manifest.model_validate_json(text)
    except ValidationError as error:
        problem = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in problem["loc"])[:80]
        if where == "schema":
            raise Unreadable(f"its schema is not {SCHEMA}, the one that this version reads") from error
        raise Unreadable(f"its manifest is wrong at {where or 'the top'} ({problem['msg'].lower()[:120]})") from error


def _probe(manifest: Manifest, container: Container, types: Mapping[str, type[Probe]]) -> Probe:
    if manifest.probe not in types:
        close = nearest(manifest.probe, types)
        hint = f", did you mean {close[0]!r}" if close else ""
        raise Unreadable(f"probe type {manifest.probe[:80]!r} is not one of {', '.join(types)}{hint}")
    kind = types[manifest.probe]
    known = list(inspect.signature(kind).parameters)
    if set(manifest.params) != set(known):
        raise Unreadable(
            f"its parameters are {', '.join(manifest.params)[:200] or 'none'}, expected {', '.join(known)}"
        )
    probe = kind(**manifest.parameters)
    try:
        probe.check_parameters()
    except InputError as error:
        raise Unreadable(str(error).rstrip(".")) from error
    probe.n_features_in_, probe.classes_ = manifest.n_features, _classes(manifest)
    arrays = _arrays(container, probe.array_shapes(), manifest.weights_sha256)
    try:
        probe.restore(arrays)
    except InputError as error:
        raise Unreadable(str(error)) from error
    fit = manifest.fit
    probe.n_rows_, probe.n_iter_, probe.gradient_norm_ = fit.rows, fit.iterations, fit.gradient_norm
    probe.origin_, probe.threshold_ = manifest.origin_value, manifest.threshold_value
    probe.audit_ = manifest.audit
    return probe


def _classes(manifest: Manifest) -> np.ndarray:
    negative, positive = manifest.classes
    if type(negative) is not type(positive) or not negative < positive:  # type: ignore[operator]
        raise Unreadable(f"its classes {negative!r} and {positive!r} are not two of a kind in sorted order")
    return np.array([negative, positive])


def _arrays(container: Container, shapes: Mapping[str, tuple[int, ...]], sha256: str) -> dict[str, np.ndarray]:
    if set(container.shapes) != set(shapes):
        held = ", ".join(sorted(container.shapes))[:200] or "none"
        raise Unreadable(f"its tensors are {held}, expected {', '.join(sorted(shapes))}")
    for name, shape in shapes.items():
        if container.shapes[name] != shape:
            raise Unreadable(f"tensor {name!r} has shape {list(container.shapes[name])}, expected {list(shape)}")
    arrays = {name: container.array(name) for name in shapes}
    for name, values in arrays.items():
        if not np.isfinite(values).all():
            raise Unreadable(f"tensor {name!r} holds NaN or infinity")
    if hash_arrays(arrays) != sha256:
        raise Unreadable("its numbers are not those that were saved (their hash differs)")
    return arrays
