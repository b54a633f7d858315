"""Selection: the best site, probe type and strength on validation folds, and the threshold from the control."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np

from sonde.probes import Probe, Sweep, SweepRow, example_rows, sweep
from sonde.recipe import Recipe
from sonde.run.captured import Captured
from sonde.run.data import shown_names
from sonde.scores import Threshold, threshold_from_control


@dataclass(frozen=True)
class Chosen:
    """The selected probe.

    Attributes:
        sweep: every site × type × strength with its validation AUROC.
        row: the row of the sweep that won.
        probe: fitted on all of the training data, with its threshold.
        threshold: where it flags.
        control: scores that set the threshold.
        seconds: what the sweep took.
    """

    sweep: Sweep
    row: SweepRow
    probe: Probe
    threshold: Threshold
    control: np.ndarray
    seconds: float

    @property
    def description(self) -> str:
        """The probe in a few words."""
        strength = "" if self.row.l2 is None else f", l2 {self.row.l2:g}"
        return f"{self.row.probe} at {self.row.site}{strength}"


def select_probe(recipe: Recipe, captured: Captured) -> Chosen:
    """Sweep on the training data, refit the best on all of it, and set its threshold on the control."""
    train = captured.features["train"]
    started = time.perf_counter()
    found = sweep(
        train,
        probes=recipe.probe.types,
        l2=recipe.probe.l2,
        folds=recipe.probe.folds,
        seed=recipe.seed,
        sites=captured.sites,
        parameters={"sparse_latents": {"sae": recipe.probe.sae or "", "k": recipe.probe.k}},
    )
    row = found.best()
    probe = found.fit_best(train)
    seconds = time.perf_counter() - started
    if "control" in captured.features:
        (name,) = shown_names([recipe.data.control or ""])
        control = probe.decision_function(example_rows(captured.features["control"].at(row.site)))
    else:
        name = f"{next(iter(shown_names([recipe.data.train])))} (out-of-fold negatives)"
        control = found.out_of_fold[found.y == 0]
    threshold = threshold_from_control(control, recipe.probe.target_fpr, name)
    return Chosen(found, row, probe.with_threshold(threshold), threshold, np.asarray(control), seconds)
