"""The main job: capture, sweep, select on validation, threshold on the control, test, audit, report."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from pathlib import Path

from sonde.base.files import check_output_folder, prepare_output_folder, write_atomic, write_json
from sonde.recipe import Recipe
from sonde.run.audit import audit_run, plan_audit, with_verdict
from sonde.run.captured import capture_run
from sonde.run.content import recipe_text, run_content
from sonde.run.data import load_run_data
from sonde.run.evaluate import evaluate_run
from sonde.run.folder import Run, new_run_folder, write_scores
from sonde.run.names import load_model, load_recipe
from sonde.run.rollouts import with_rollout
from sonde.run.select import select_probe

log = logging.getLogger("sonde.run")


def train(
    recipe: Recipe | str | Path, *, settings: Sequence[str] = (), out: str | Path | None = None, force: bool = False
) -> Run:
    """Train, select, test and audit probes as `recipe` says, and write a run folder.

    Args:
        recipe: a `Recipe`, a recipe file, or the name of a built-in recipe.
        settings: `key=value` overrides, when `recipe` is a file or a name.
        out: the run folder; None = a new one under `runs/`.
        force: replace what `out` holds.

    Returns:
        The `Run`; its `content` is `run.json`.

    Raises:
        InputError: the recipe, the data, the model or the output folder cannot be used as given.
        SondeError: the run failed, for example because the model's self-check did.

    Example:
        >>> run = train("deception", settings=["data.limit=300", "resamples=100"], out=tmp / "run")
        >>> run.content["selected"]["chosen_on"]
        'validation'
    """
    recipe = load_recipe(recipe, settings)
    folder = check_output_folder(new_run_folder(recipe.name) if out is None else out, force=force)
    recipe = with_rollout(recipe)
    log.info("Reading the data of %s", recipe.name)
    data = load_run_data(recipe)
    model = load_model(recipe.model, dtype=recipe.capture.dtype, device=recipe.capture.device, revision=recipe.revision)
    plan = plan_audit(recipe, model, data)
    captured = capture_run(recipe, model, data, extra=plan.extra)
    log.info("Sweeping %d sites", len(captured.sites))
    chosen = select_probe(recipe, captured)
    log.info("Testing %s", chosen.description)
    evaluated = evaluate_run(recipe, model, data, captured, chosen)
    log.info("Auditing the claim")
    started = time.perf_counter()
    audit = audit_run(recipe, model, plan, captured, chosen.probe)
    seconds = time.perf_counter() - started
    run = Run(folder, run_content(recipe, model, data, captured, chosen, evaluated, audit, seconds))
    prepare_output_folder(folder, force=force)
    write_atomic(folder / "recipe.toml", recipe_text(recipe))
    with_verdict(chosen.probe, audit).save(run.probe_path)
    write_scores(folder / "scores.csv", evaluated.score_rows)
    run.write_report()
    write_json(folder / "run.json", run.content)
    for name in ("report.html", "run.json", "probe.safetensors", "scores.csv", "recipe.toml"):
        log.info("Wrote %s", folder / name)
    return run
