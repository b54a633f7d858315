"""The grid of sites × probe types × strengths, by cross-validation over groups."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from jaxtyping import Float, Int, Shaped

from sonde.activations import Features
from sonde.base.errors import InputError, unknown_name
from sonde.base.progress import progress_bar
from sonde.probes.base import Probe
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
) -> Sweep:
    """Train every cell on all folds but one, and validate it on that one.

    Scaling, rotation and calibration are learnt inside the training folds. Probes without a strength have one cell a
    site. Undefined fold AUROCs (one class in a fold) are left out of the mean, counted and noted.

    Args:
        features: with labels; rows of one group stay in one fold.
        probes: probe types.
        l2: strengths, for the types that have one.
        folds: how many.
        seed: of the folds and the resampling.
        sites: some of the features' sites; None = all.
        parameters: per probe type further constructor parameters.
        resamples: bootstrap resamples for the intervals.

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
    y = features.y
    if y is None:
        raise InputError("These features have no labels, and a probe learns from labels: capture a labelled dataset.")
    chosen = _known_sites(features, sites)
    grid = _grid(probes, l2, parameters or {})
    fold = assign_folds(y, features.groups, folds, seed)
    weights = list(group_weights(len(y), features.groups, resamples, seed))
    rows: list[SweepRow] = []
    best, best_scores = 0, np.empty(0)
    with progress_bar(len(chosen) * folds * sum(len(cells) for _, _, cells in grid), "sweep", "probe") as bar:
        for site in chosen:
            X = np.asarray(as_array(features[site]), dtype=np.float64)
            check_finite(X, f" at {site}")
            for name, probe, cells in grid:
                scores = _out_of_fold(probe, X, y, fold, cells, bar)
                for strength, s in zip(cells, scores, strict=True):
                    rows.append(_row(site, name, strength, y, s, fold, weights))
                    if len(rows) == 1 or best_index([rows[best], rows[-1]]) == 1:
                        best, best_scores = len(rows) - 1, s
    kept = {name: {k: v for k, v in probe.get_params().items() if k != "l2"} for name, probe, _ in grid}
    return Sweep(tuple(rows), best_scores, fold, kept, features.groups is not None, seed, resamples)


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


def _out_of_fold(
    probe: Probe,
    X: Float[np.ndarray, "n d"],
    y: Shaped[np.ndarray, " n"],
    fold: Int[np.ndarray, " n"],
    strengths: Sequence[float | None],
    bar: Any,
) -> Float[np.ndarray, "k n"]:
    """Return the score of each row by the model that did not train on its fold, for each strength."""
    scores = np.empty((len(strengths), len(y)))
    for k in range(int(fold.max()) + 1):
        held_out = fold == k
        scores[:, held_out] = probe.held_out_scores(X[~held_out], y[~held_out], X[held_out], strengths)
        bar.update(len(strengths))
    return scores


def _row(
    site: str,
    probe: str,
    l2: float | None,
    y: Shaped[np.ndarray, " n"],
    s: Float[np.ndarray, " n"],
    fold: Int[np.ndarray, " n"],
    weights: Sequence[Float[np.ndarray, "b n"]],
) -> SweepRow:
    """Return one cell: the AUROC of each fold, their mean, and the interval of that mean over resampled groups."""
    members = [np.flatnonzero(fold == k) for k in range(int(fold.max()) + 1)]
    each = tuple(auroc(y[m], s[m]) for m in members)
    defined = [m for m, e in zip(members, each, strict=True) if e.defined]
    if not defined:
        return SweepRow(site, probe, l2, Estimate.undefined("every validation fold holds one class only"), each)
    note = f"{len(each) - len(defined)} of {len(each)} folds hold one class only" if len(defined) < len(each) else ""
    mean = Estimate(float(np.mean([e.value for e in each if e.value is not None])), note=note)
    draws = [_mean_of_folds(y, s, defined, w) for w in weights]
    return SweepRow(site, probe, l2, attach_interval(mean, np.concatenate(draws) if draws else np.empty(0)), each)


def _mean_of_folds(
    y: np.ndarray, s: np.ndarray, members: Sequence[np.ndarray], w: Float[np.ndarray, "b n"]
) -> Float[np.ndarray, " b"]:
    labels = y.astype(bool)
    return np.mean([auroc_kernel(labels[m], s[m])(w[:, m]) for m in members], axis=0)
