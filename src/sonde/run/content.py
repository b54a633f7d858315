"""`run.json`: every number in the report, under the names that DESIGN fixes."""

from __future__ import annotations

import platform
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

import tomli_w

from sonde import __version__
from sonde.audit import Audit
from sonde.base.devices import dtype_name
from sonde.capture import Model, layer_of
from sonde.recipe import Recipe
from sonde.run.captured import Captured
from sonde.run.data import RunData
from sonde.run.evaluate import Evaluated
from sonde.run.folder import SCHEMA
from sonde.run.select import Chosen
from sonde.text import Dataset


def run_content(
    recipe: Recipe,
    model: Model,
    data: RunData,
    captured: Captured,
    chosen: Chosen,
    evaluated: Evaluated,
    audit: Audit,
    audit_seconds: float,
) -> dict[str, Any]:
    """Return the content of `run.json`."""
    return {
        "schema": SCHEMA,
        "name": recipe.name,
        "positive": data.train.positive,
        "negative": data.train.negative,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "model": {
            "name": model.name,
            "fingerprint": model.fingerprint,
            "device": str(model.device),
            "dtype": dtype_name(model.dtype),
            "backend": model.backend,
            "self_check": captured.self_check,
        },
        "selected": {
            "site": chosen.row.site,
            "probe": chosen.row.probe,
            "l2": chosen.row.l2,
            "tokens": recipe.capture.tokens,
            "pool": recipe.capture.pool,
            "chosen_on": "validation",
            "validation_auroc": chosen.row.auroc.to_json(),
        },
        "threshold": chosen.threshold.to_json(),
        "test": evaluated.test,
        "baselines": evaluated.baselines,
        "audit": audit.to_json(),
        "cost": {
            **captured.cost,
            "sweep_seconds": round(chosen.seconds, 4),
            "test_seconds": round(evaluated.seconds, 4),
            "audit_seconds": round(audit_seconds, 4),
        },
        "sweep": [{"layer": layer_of(row["site"]), **row} for row in chosen.sweep.rows],
        "sweep_method": chosen.sweep.method,
        "train": _train_entry(data.train),
        "data": [_data_entry(role, dataset) for role, dataset in data.parts()],
        "warnings": list(data.notes),
        "examples": evaluated.examples,
        "transfer": evaluated.transfer,
        "versions": versions(),
        "recipe_text": recipe_text(recipe),
    }


def recipe_text(recipe: Recipe) -> str:
    """Return the recipe as run, in TOML."""
    return tomli_w.dumps(recipe.model_dump(mode="json", exclude_none=True))


def versions() -> dict[str, str]:
    """Return the versions that a result depends on."""
    packages = ("torch", "transformers", "scikit-learn", "numpy", "safetensors")
    return {"sonde": __version__, "python": platform.python_version(), **{p: version(p) for p in packages}}


def _train_entry(dataset: Dataset) -> dict[str, Any]:
    counts = dataset.counts()
    return {
        "name": dataset.name,
        "n_positive": counts["positive"],
        "n_negative": counts["negative"],
        "groups": counts["groups"],
    }


def _data_entry(role: str, dataset: Dataset) -> dict[str, Any]:
    provenance = dataset.provenance
    return {
        "role": role.split(" ")[0],
        "n": len(dataset),
        "name": dataset.name,
        "source": provenance.source,
        "licence": provenance.licence,
        "policy": provenance.policy,
        "sha256": dataset.sha256,
        "notes": list(provenance.notes),
        "counts": dataset.counts(),
    }
