"""`sonde audit`: a saved probe, with the data it is given or those of the run it lies in."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sonde.audit import Audit, Finding
from sonde.base.errors import InputError
from sonde.base.files import write_atomic
from sonde.capture import Model
from sonde.probes import Probe, load_probe
from sonde.recipe import Recipe, parse_recipe
from sonde.run.audit import audit_probe
from sonde.run.audit_data import CONTROL_ROWS, EVIDENCE_ROWS
from sonde.run.data import load_control, load_part, load_run_data, shown_names
from sonde.run.names import load_model, load_recipe
from sonde.text import Dataset


def audit_file(
    path: str | Path,
    *,
    data: Sequence[str] = (),
    train: str | None = None,
    control: str | None = None,
    second_control: str | None = None,
    evidence: Sequence[str] = (),
    scope: Sequence[str] = (),
    checks: str | Sequence[str] = "all",
    model: str | None = None,
    limit: int | None = None,
    sae: str | Path | None = None,
    html: str | Path | None = None,
    force: bool = False,
) -> Audit:
    """Audit the probe saved in `path` (a probe file, or a run folder).

    Args:
        path: the probe, or the folder of its run.
        data: labelled test data, by name or file; empty = those of the run the probe lies in.
        train, control, second_control, evidence, scope: as for `sonde.audit`, by name or file; what is left out is
            taken from the recipe of the run the probe lies in, where there is one.
        checks: `all`, `none`, or names.
        model: the model to read; None = the one the probe names.
        limit: at most this many rows of each data set.
        sae: folder of a sparse autoencoder of the probe's site, for the `sae_table`.
        html: a page to draw the findings into.
        force: replace that page.

    Raises:
        InputError: no data were named and none are recorded beside the probe; or something cannot be used as given.
    """
    path = Path(path)
    if html is not None and Path(html).exists() and not force:
        raise InputError(f"{html} exists, and nothing is overwritten unasked: pass --force or another --html.")
    file = path / "probe.safetensors" if path.is_dir() else path
    probe = load_probe(file)
    recipe = _recipe(file, limit)
    name = model or ("" if probe.origin_ is None else probe.origin_.model)
    if not name:
        raise InputError(f"Probe {file} names no model: pass the one it was trained on with --model.")
    if recipe is None and not data:
        raise InputError(
            f"Probe {file} lies in no run folder, so it is not known what to audit it on: name labelled data with "
            "--data, and better also --train and --control."
        )
    given = _given(recipe, probe, name, limit, data, train, control, second_control, evidence)
    kinds = tuple(scope) or (recipe.audit.scope if recipe is not None else ())
    loaded = load_model(name)
    plugged = {} if sae is None else {"sae_table": _sae_finding(sae, probe, loaded, given)}
    found = audit_probe(probe, loaded, scope=kinds, checks=checks, plugged=plugged, **given)
    if html is not None:
        from sonde.report import render_audit

        write_atomic(Path(html), render_audit(found.to_json(), title=f"Audit of {file}"))
    return found


def _sae_finding(sae: str | Path, probe: Probe, model: Model, given: dict[str, Any]) -> Finding:
    """Return the `sae_table`, on the training data where they are known, else on the first test data."""
    from sonde.run.sae_audit import sae_finding

    data = given["train"] or next(iter(given["data"].values()))
    return sae_finding(sae, probe, model, data, resamples=given.get("resamples", 1000), seed=given.get("seed", 0))


def _recipe(file: Path, limit: int | None) -> Recipe | None:
    """Return the recipe of the run that a probe lies in, or None."""
    beside = file.parent / "recipe.toml"
    if not beside.is_file():
        return None
    return load_recipe(beside, [] if limit is None else [f"data.limit={limit}"])


def _given(
    recipe: Recipe | None,
    probe: Probe,
    model: str,
    limit: int | None,
    data: Sequence[str],
    train: str | None,
    control: str | None,
    second: str | None,
    evidence: Sequence[str],
) -> dict[str, Any]:
    """Return the data sets of the audit: those named, else those of the run."""
    own: dict[str, Any] = {"data": {}, "train": None, "control": None, "evidence": {}, "second_control": None}
    if recipe is not None:
        recorded = load_run_data(recipe)
        own |= {"data": recorded.tests, "train": recorded.train, "control": recorded.control}
        evidence = evidence or recipe.audit.evidence
        second = second or recipe.audit.second_control or recipe.data.control
        own |= {"resamples": recipe.resamples, "seed": recipe.seed}
    reading = recipe or _reading(probe, model, limit)
    if data:
        own["data"] = _load(reading, data, "test")
    if train is not None:
        own["train"] = load_part(reading, train, "train")
    if control is not None:
        own["control"] = load_control(reading, control, "control", [])
    if second is not None:
        own["second_control"] = load_control(_at_most(reading, CONTROL_ROWS), second, "test", [])
    own["evidence"] = _load(_at_most(reading, EVIDENCE_ROWS), evidence, "test")
    return own


def _load(recipe: Recipe, names: Sequence[str], split: str) -> dict[str, Dataset]:
    return {shown: load_part(recipe, name, split) for shown, name in shown_names(names).items()}


def _reading(probe: Probe, model: str, limit: int | None) -> Recipe:
    """Return a recipe that reads data as the probe's own was read: the same name of the positive class."""
    positive = "positive" if probe.origin_ is None else probe.origin_.positive
    data: dict[str, Any] = {"train": "given"} | ({} if limit is None else {"limit": limit})
    return parse_recipe({"name": "audit", "positive": positive, "model": model, "data": data})


def _at_most(recipe: Recipe, rows: int) -> Recipe:
    sized = recipe.data.model_copy(update={"limit": min(rows, recipe.data.limit or rows)})
    return recipe.model_copy(update={"data": sized})
