"""The grid's results: one row a cell, and which cell to take. Only validation folds are known here."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from sonde.activations import Features
from sonde.base.display import Displayed
from sonde.base.errors import unknown_name
from sonde.probes.base import Probe
from sonde.probes.registry import probe_type
from sonde.scores import Estimate


@dataclass(frozen=True)
class SweepRow:
    """One cell of the grid.

    Attributes:
        site: where in the model.
        probe: the probe type.
        l2: the strength; None for a probe without one.
        auroc: mean of the folds' AUROCs, with its interval (see `Sweep.method`).
        folds: the AUROC of each fold, on its validation rows.
        gradient_norm: of the objective at the solutions, over the total weight: the largest of the folds; 0 for closed
            forms.
        converged: whether the models of all folds converged within their iterations.
    """

    site: str
    probe: str
    l2: float | None
    auroc: Estimate
    folds: tuple[Estimate, ...]
    gradient_norm: float = 0.0
    converged: bool = True

    def to_json(self) -> dict[str, Any]:
        """Return the row as `run.json` holds it."""
        folds = [fold.value for fold in self.folds]
        row = {"site": self.site, "probe": self.probe, "l2": self.l2, "auroc": self.auroc.to_json(), "folds": folds}
        return {**row, "gradient_norm": self.gradient_norm, "converged": self.converged}


@dataclass(frozen=True, eq=False)
class Sweep(Displayed):
    """What `sweep` found.

    Attributes:
        results: one row a cell: sites in order, probe types in order, strengths in order.
        out_of_fold: `[n]` scores of the best cell, in log-odds, each example by the model that did not train on it:
            for a threshold where there is no control.
        y: `[n]` labels.
        fold: `[n]` the validation fold of each example.
        parameters: per probe type the constructor parameters besides `l2`.
        grouped: whether folds kept groups together.
        seed: of the folds and the resampling.
        resamples: bootstrap resamples behind the intervals.
    """

    results: tuple[SweepRow, ...]
    out_of_fold: np.ndarray
    y: np.ndarray
    fold: np.ndarray
    parameters: dict[str, dict[str, Any]]
    grouped: bool
    seed: int
    resamples: int

    @property
    def method(self) -> str:
        """How the folds were made and the interval came about, for the record."""
        splits = "folds that no group crosses" if self.grouped else "folds by row, as no groups are known"
        units = "groups" if self.grouped else "rows"
        return (
            f"mean AUROC over {len(self.results[0].folds)} validation {splits}; 95 % interval from {self.resamples} "
            f"resamples of {units} with the fitted probes held fixed, the same for every cell"
        )

    @property
    def rows(self) -> list[dict[str, Any]]:
        """The cells as JSON-ready dicts: `site`, `probe`, `l2`, `auroc`, `folds`, `gradient_norm`, `converged`."""
        return [row.to_json() for row in self.results]

    def __len__(self) -> int:
        return len(self.results)

    def __iter__(self) -> Iterator[SweepRow]:
        return iter(self.results)

    def best(self) -> SweepRow:
        """Return the cell with the highest mean validation AUROC.

        Ties (equal to nine decimals) go to the stronger `l2`, then to the earlier site, then to the probe type named
        first.
        """
        return self.results[best_index(self.results)]

    def make_best(self) -> Probe:
        """Return the best cell's probe, not fitted."""
        row = self.best()
        strength = {} if row.l2 is None else {"l2": row.l2}
        return probe_type(row.probe)(**self.parameters[row.probe], **strength)

    def fit_best(self, features: Features) -> Probe:
        """Return the best cell's probe, fitted on all rows of `features` at its site.

        Raises:
            InputError: `features` has no such site, or no labels.
        """
        site = self.best().site
        if site not in features.sites:
            raise unknown_name("site", site, "these features", features.sites)
        return self.make_best().fit(*features.at(site).xy)

    def __repr__(self) -> str:
        best = self.best()
        strength = "" if best.l2 is None else f", l2={best.l2:g}"
        return f"Sweep({len(self)} cells; best: {best.probe} at {best.site}{strength}, AUROC {best.auroc})"


def best_index(rows: tuple[SweepRow, ...] | list[SweepRow]) -> int:
    """Return the number of the best row, by the rule of `Sweep.best`; undefined rows come last."""
    sites = list(dict.fromkeys(row.site for row in rows))
    types = list(dict.fromkeys(row.probe for row in rows))

    def key(i: int) -> tuple[float, float, int, int]:
        row = rows[i]
        value = -1.0 if row.auroc.value is None else row.auroc.value
        return (-round(value, 9), -(row.l2 or 0.0), sites.index(row.site), types.index(row.probe))

    return min(range(len(rows)), key=key)
