"""The grid of sites × probe types × strengths, by cross-validation over groups."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from jaxtyping import Float

from sonde.activations import Features
from sonde.base.errors import InputError, unknown_name
from sonde.base.progress import progress_bar
from sonde.probes.base import Probe
from sonde.probes.facts import Facts
from sonde.probes.fold_rows import FoldRows, FoldScores, refitted_scores
from sonde.probes.folds import assign_folds
from sonde.probes.inputs import as_array, check_finite
from sonde.probes.registry import probe_type
from sonde.probes.selection import Sweep, SweepRow, best_index
from sonde.scores import Estimate, auroc
from sonde.scores.resampling import attach_interval, group_weights
from sonde.scores.weighted import auroc_kernel


def sweep(
    features: Features,
    probes: Sequence[str] = ("logistic",),
    l2: Sequence[float | int] = (1e0, 1e1, 1e2, 1e3, 1e4),
    folds: int = 5,
    seed: int = 0,
    sites: Sequence[str] | None = None,
    *,
    parameters: Mapping[str, Mapping[str, Any]] | None = None,
    resamples: int = 200,
    device: Any = "cpu",
) -> Sweep:
    """Train every cell on all folds but one, and validate it on that one.

    Scaling and calibration are learnt inside the training folds. Probes without a strength have one cell a site.
    Undefined fold AUROCs (one class in a fold) are left out of the mean, counted and noted. Rows that are tokens (after
    `pool("none")`) train token by token; folds and AUROCs are of examples.

    Args:
        features: with labels; rows of one group stay in one fold, as do the tokens of one example.
        probes: probe types.
        l2: strengths, for the types that have one.
        folds: how many.
        seed: of the folds and the resampling.
        sites: some of the features' sites; None = all.
        parameters: per probe type further constructor parameters.
        resamples: bootstrap resamples for the intervals.
        device: where logistic probes are solved, such as "cuda".

    Raises:
        InputError: no labels, one class, fewer groups than folds, an unknown site or probe type, or NaN activations
            (the site and row are named).

    Example:
        >>> y = np.array([0, 1] * 20)
        >>> values = torch.randn(40, 3, generator=torch.Generator().manual_seed(0)) + 4.0 * torch.tensor(y)[:, None]
        >>> examples = ExampleTable(ids=tuple(map(str, range(40))), labels=y)
        >>> sweep(Features({"blocks.0.hook_resid_post": values}, examples), l2=[1.0, 10.0]).best().l2
        10.0
    """
    if features.y is None:
        raise InputError("These features have no labels, and a probe learns from labels: capture a labelled dataset.")
    chosen = _known_sites(features, sites)
    grid = _grid(probes, l2, parameters or {})
    rows = _Rows.of(features, folds, seed)
    weights = list(group_weights(len(rows.y), rows.groups, resamples, seed))
    results: list[SweepRow] = []
    best, winner = 0, _Winner(np.empty(0), True, None)
    with progress_bar(len(chosen) * sum(len(cells) for _, _, cells in grid), "sweep", "cell") as bar:
        for site in chosen:
            here = rows.at(features, site, device)
            for name, probe, cells in grid:
                found = probe.out_of_fold(here, cells)
                for i, strength in enumerate(cells):
                    results.append(_row(site, name, strength, rows, found, i, weights))
                    if len(results) == 1 or best_index([results[best], results[-1]]) == 1:
                        best, winner = len(results) - 1, _Winner(found.values[i], found.log_odds, here)
                bar.update(len(cells))
    kept = {name: {k: v for k, v in probe.get_params().items() if k != "l2"} for name, probe, _ in grid}
    found_rows = Sweep(tuple(results), winner.scores, rows.y, rows.fold, kept, rows.groups is not None, seed, resamples)
    return found_rows if winner.log_odds else replace(found_rows, out_of_fold=winner.refitted(found_rows))


@dataclass(frozen=True)
class _Rows:
    """The examples of a sweep and the feature rows behind each.

    Attributes:
        y, fold: `[n]` of the examples.
        groups: `[n]`, or None when unknown.
        labels: `[t]` of the feature rows.
        fold_of_row: `[t]`.
        facts: of the feature rows.
    """

    y: np.ndarray
    fold: np.ndarray
    groups: np.ndarray | None
    labels: np.ndarray
    fold_of_row: np.ndarray
    facts: Facts

    @staticmethod
    def of(features: Features, folds: int, seed: int) -> _Rows:
        labels = np.asarray(features.y)
        facts = Facts.of(features.at(features.sites[0]), len(features))
        offsets = facts.offsets(len(labels))
        first = offsets[:-1]
        groups = None if features.groups is None else features.groups[first]
        fold = assign_folds(labels[first], groups, folds, seed)
        return _Rows(labels[first], fold, groups, labels, np.repeat(fold, np.diff(offsets)), facts)

    def at(self, features: Features, site: str, device: Any) -> FoldRows:
        X = np.asarray(as_array(features[site]), dtype=np.float64)
        check_finite(X, f" at {site}")
        return FoldRows(X, self.labels.astype(bool), self.fold_of_row, self.facts, device)


@dataclass(frozen=True)
class _Winner:
    """Out-of-fold scores of the best cell so far."""

    scores: np.ndarray
    log_odds: bool
    rows: FoldRows | None

    def refitted(self, sweep: Sweep) -> np.ndarray:
        """Return the out-of-fold scores of the fitted probe itself, calibrated, where the sweep only ranked."""
        assert self.rows is not None
        return refitted_scores(sweep.make_best(), self.rows, [None]).values[0]


def _known_sites(features: Features, sites: Sequence[str] | None) -> tuple[str, ...]:
    for site in sites or ():
        if site not in features.sites:
            raise unknown_name("site", site, "these features", features.sites)
    chosen = features.sites if sites is None else tuple(sites)
    if not chosen:
        raise InputError("The sweep was given no sites: name some, or leave `sites` out to take all of them.")
    return chosen


def _grid(
    probes: Sequence[str], l2: Sequence[float | int], parameters: Mapping[str, Mapping[str, Any]]
) -> list[tuple[str, Probe, list[float | None]]]:
    """Return per probe type an unfitted probe and its strengths (a single None where it has none)."""
    names = [probes] if isinstance(probes, str) else list(dict.fromkeys(probes))
    strengths = list(dict.fromkeys(float(s) for s in l2))
    if not names or not strengths:
        raise InputError("The sweep was given no probe types or no strengths: name at least one of each.")
    grid: list[tuple[str, Probe, list[float | None]]] = []
    for name in names:
        kind = probe_type(name)
        given = dict(parameters.get(name, {}))
        for extra in given:
            if extra == "l2" or extra not in kind().get_params():
                raise unknown_name(
                    f"parameter of the {name} probe", extra, "the sweep", set(kind().get_params()) - {"l2"}
                )
        probe = kind(**given)
        cells: list[float | None] = [*strengths] if "l2" in probe.get_params() else [None]
        for strength in cells:
            (probe if strength is None else kind(**given, l2=strength)).check_parameters()
        grid.append((name, probe, cells))
    return grid


def _row(
    site: str,
    probe: str,
    l2: float | None,
    rows: _Rows,
    found: FoldScores,
    i: int,
    weights: Sequence[Float[np.ndarray, "b n"]],
) -> SweepRow:
    """Return one cell: the AUROC of each fold, their mean, and the interval of that mean over resampled groups."""
    y, s = rows.y, found.values[i]
    members = [np.flatnonzero(rows.fold == k) for k in range(int(rows.fold.max()) + 1)]
    each = tuple(auroc(y[m], s[m]) for m in members)
    solved: dict[str, Any] = {"gradient_norm": float(found.gradient_norm[i]), "converged": bool(found.converged[i])}
    defined = [m for m, e in zip(members, each, strict=True) if e.defined]
    if not defined:
        nothing = Estimate.undefined("every validation fold holds one class only")
        return SweepRow(site, probe, l2, nothing, each, **solved)
    note = f"{len(each) - len(defined)} of {len(each)} folds hold one class only" if len(defined) < len(each) else ""
    mean = Estimate(float(np.mean([e.value for e in each if e.value is not None])), note=note)
    draws = [_mean_of_folds(y, s, defined, w) for w in weights]
    interval = attach_interval(mean, np.concatenate(draws) if draws else np.empty(0))
    return SweepRow(site, probe, l2, interval, each, **solved)


def _mean_of_folds(
    y: np.ndarray, s: np.ndarray, members: Sequence[np.ndarray], w: Float[np.ndarray, "b n"]
) -> Float[np.ndarray, " b"]:
    labels = y.astype(bool)
    return np.mean([auroc_kernel(labels[m], s[m])(w[:, m]) for m in members], axis=0)
