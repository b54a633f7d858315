"""What a probe file says of itself: a closed schema, checked before anything is believed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from typing import Annotated, Any, Final, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from sonde.activations import Origin
from sonde.probes.base import Probe
from sonde.scores import Threshold

SCHEMA: Final = 1

Whole = Annotated[int, Field(ge=-(2**63), lt=2**63)]
Label = bool | Whole | float | str
Rate = Annotated[float, Field(ge=0, le=1)]
Pairs = list[tuple[Label, float]]


class _Closed(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False, populate_by_name=True)


class OriginEntry(_Closed):
    """Where the training rows come from."""

    model: str
    fingerprint: str
    site: str
    tokens: str
    pooling: str
    data_sha256: str
    positive: str
    negative: str


class ThresholdEntry(_Closed):
    """The operating point and the control set behind it."""

    value: float
    target_fpr: Rate
    control: str
    n: Annotated[int, Field(ge=1)]
    realised: Rate
    interval: tuple[Rate, Rate]
    note: str


class FitEntry(_Closed):
    """How the fit went."""

    rows: Annotated[int, Field(ge=2)]
    iterations: Annotated[int, Field(ge=1)]
    gradient_norm: Annotated[float, Field(ge=0)]


class Manifest(_Closed):
    """The JSON in a probe file's header.

    Attributes:
        schema_version: written as `schema`; this sonde reads 1.
        probe: the probe type.
        params: constructor parameters; a weight for each class as `[class, weight]` pairs.
        classes: the two classes, the positive one second.
        n_features: `d`.
        origin: model, site, selector, pooling, data; None for a probe fitted on bare arrays.
        threshold: the operating point, or None.
        scaler: what the arrays `scaler_mean` and `scaler_scale` are; they are folded into the weights already.
        fit: rows, iterations, gradient norm.
        weights_sha256: of all arrays.
        versions: of the packages that wrote it.
        audit: the audit's verdict.
    """

    schema_version: Literal[1] = Field(alias="schema")
    probe: str
    params: dict[str, bool | Whole | float | str | Pairs | None]
    classes: tuple[Label, Label]
    n_features: Annotated[int, Field(ge=1, le=2**31)]
    origin: OriginEntry | None
    threshold: ThresholdEntry | None
    scaler: Literal["standard", "none"]
    fit: FitEntry
    weights_sha256: str
    versions: dict[str, str]
    audit: str

    @property
    def origin_value(self) -> Origin | None:
        """The origin as probes hold it."""
        return None if self.origin is None else Origin(**self.origin.model_dump())

    @property
    def threshold_value(self) -> Threshold | None:
        """The threshold as probes hold it."""
        return None if self.threshold is None else Threshold(**self.threshold.model_dump())

    @property
    def parameters(self) -> dict[str, Any]:
        """The constructor parameters as probes take them."""
        return {k: dict(v) if isinstance(v, list) else v for k, v in self.params.items()}


def describe(probe: Probe, weights_sha256: str) -> Manifest:
    """Return the manifest of a fitted probe."""
    return Manifest(
        schema=SCHEMA,
        probe=probe.kind,
        params={k: _plain(v) for k, v in probe.get_params().items()},
        classes=tuple(probe.classes_.tolist()),
        n_features=probe.n_features_in_,
        origin=None if probe.origin_ is None else OriginEntry(**asdict(probe.origin_)),
        threshold=None if probe.threshold_ is None else ThresholdEntry(**asdict(probe.threshold_)),
        scaler="standard" if probe.get_params().get("standardize") else "none",
        fit=FitEntry(rows=probe.n_rows_, iterations=probe.n_iter_, gradient_norm=probe.gradient_norm_),
        weights_sha256=weights_sha256,
        versions={name: _version(name) for name in ("sonde", "numpy", "scikit-learn", "safetensors")},
        audit=probe.audit_,
    )


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return [(_plain(k), float(v)) for k, v in value.items()]
    return value.item() if isinstance(value, np.generic) else value


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed as a package"
