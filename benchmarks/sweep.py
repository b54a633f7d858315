"""How long a sweep of probes takes, next to a scikit-learn loop that reaches the same objective.

All sites × 9 strengths (1e-4 … 1e4, scikit-learn's objective with C = 1 / l2) × 5 folds. scikit-learn gets, for each
strength, the loosest of its tolerances that comes within a relative objective gap of 1e-4, found beforehand and not
timed, and its rows scaled once a fold. Both sides run once a round, in alternating order, and are compared with the
other of the same round: `ratio` is scikit-learn's seconds / sonde's. Run it on a machine that does nothing else:

    python benchmarks/sweep.py                     # both sizes, about five minutes on one core
    python benchmarks/sweep.py --n 1600 --d 160 --sites 5
"""

from __future__ import annotations

import argparse
import statistics
import time
import warnings
from collections.abc import Callable

import numpy as np
import torch
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.preprocessing import StandardScaler

from sonde.probes import LDAProbe, LogisticProbe, MeanDifferenceProbe, RidgeProbe
from sonde.probes.fold_rows import FoldRows
from sonde.probes.logistic import SWEEP_GAP
from sonde.probes.solver import as_rows, solve_logistic

STRENGTHS = [10.0**e for e in range(4, -5, -1)]
FOLDS = 5
GAP = 1e-4
TOLERANCES = (1e-4, 1e-5, 1e-6, 1e-7, 1e-8, 1e-9)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--n", type=int, default=None, help="rows; left out: 2,000 and Cretan's 1,600")
    parser.add_argument("--d", type=int, default=768)
    parser.add_argument("--sites", type=int, default=1)
    parser.add_argument("--decay", type=float, default=1.0, help="eigenvalue i of the rows' covariance is i ** -decay")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--cpu", action="store_true", help="compare processor seconds, on a machine that is not idle")
    return parser.parse_args()


def make_site(n: int, d: int, decay: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Rows with a power-law spectrum, as activations have, and labels that a noisy direction gives."""
    random = np.random.default_rng(seed)
    spread = np.arange(1, d + 1) ** (-decay / 2)
    Z = random.normal(size=(n, d))
    w = random.normal(size=d) * spread
    y = random.uniform(size=n) < 1 / (1 + np.exp(-3 * Z @ w / np.linalg.norm(w)))
    return (Z * spread) @ np.linalg.qr(random.normal(size=(d, d)))[0], y


def objective(w: np.ndarray, f: np.ndarray, y: np.ndarray, l2: float) -> float:
    return float(0.5 * l2 * w @ w + np.logaddexp(0.0, np.where(y, -f, f)).sum())


def theirs(X: np.ndarray, y: np.ndarray, l2: float, tol: float) -> tuple[LogisticRegression, float]:
    model = LogisticRegression(C=1 / l2, tol=tol, max_iter=20_000).fit(X, y)
    return model, objective(model.coef_[0], model.decision_function(X), y, l2)


def training_folds(X: np.ndarray, y: np.ndarray, fold: np.ndarray) -> list[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    parts = []
    for k in range(FOLDS):
        scaler = StandardScaler().fit(X[fold != k])
        parts.append((scaler.transform(X[fold != k]), y[fold != k], scaler.transform(X[fold == k])))
    return parts


def loosest(X: np.ndarray, y: np.ndarray) -> dict[float, tuple[float, float]]:
    """Per strength scikit-learn's loosest tolerance within the gap, and the gap it has."""
    found = {}
    for l2 in STRENGTHS:
        best = theirs(X, y, l2, 1e-10)[1]
        for tol in TOLERANCES:
            gap = theirs(X, y, l2, tol)[1] / best - 1
            if gap <= GAP:
                break
        found[l2] = (tol, gap)
    return found


def sklearn_logistic(sites: list, fold: np.ndarray, tolerance: dict[float, tuple[float, float]]) -> None:
    for X, y in sites:
        for Z, labels, held_out in training_folds(X, y, fold):
            for l2 in STRENGTHS:
                theirs(Z, labels, l2, tolerance[l2][0])[0].decision_function(held_out)


def sonde_logistic(sites: list, fold: np.ndarray) -> None:
    for X, y in sites:
        LogisticProbe().out_of_fold(FoldRows(X, y, fold), STRENGTHS)


def sklearn_closed(sites: list, fold: np.ndarray) -> None:
    for X, y in sites:
        for Z, labels, held_out in training_folds(X, y, fold):
            for l2 in STRENGTHS:
                Ridge(alpha=l2).fit(Z, np.where(labels, 1.0, -1.0)).predict(held_out)
                shrunk = LinearDiscriminantAnalysis(solver="lsqr", shrinkage=l2 / (l2 + len(Z)))
                shrunk.fit(Z, labels).decision_function(held_out)
            _ = held_out @ (Z[labels].mean(0) - Z[~labels].mean(0))


def sonde_closed(sites: list, fold: np.ndarray) -> None:
    for X, y in sites:
        rows = FoldRows(X, y, fold)
        RidgeProbe().out_of_fold(rows, STRENGTHS)
        LDAProbe().out_of_fold(rows, STRENGTHS)
        MeanDifferenceProbe().out_of_fold(rows, [None])


def compare(
    name: str, rounds: int, clock: Callable[[], float], slow: Callable[[], None], fast: Callable[[], None]
) -> None:
    """Time both in turns and print the ratio's median and range."""
    fast()
    seconds: dict[str, list[float]] = {"slow": [], "fast": []}
    for i in range(rounds):
        for which in ("slow", "fast") if i % 2 == 0 else ("fast", "slow"):
            start = clock()
            (slow if which == "slow" else fast)()
            seconds[which].append(clock() - start)
    ratios = [s / f for s, f in zip(seconds["slow"], seconds["fast"], strict=True)]
    slow_s, fast_s = (statistics.median(seconds[which]) for which in ("slow", "fast"))
    print(
        f"{name}: scikit-learn {slow_s:.2f} s, sonde {fast_s:.3f} s, "
        f"ratio {statistics.median(ratios):.1f} [{min(ratios):.1f}, {max(ratios):.1f}] ({rounds} rounds)",
        flush=True,
    )


def gaps(X: np.ndarray, y: np.ndarray, fold: np.ndarray) -> dict[float, tuple[float, float]]:
    """Print, per strength, how far sonde's objective is above the best known; return scikit-learn's tolerances."""
    train = np.stack([fold != k for k in range(FOLDS)])
    targets = as_rows(np.broadcast_to(y, train.shape))
    ours = solve_logistic(as_rows(X), targets, as_rows(train), STRENGTHS, gap=SWEEP_GAP)
    exact = solve_logistic(as_rows(X), targets, as_rows(train), STRENGTHS, gap=1e-12)
    Z, labels, _ = training_folds(X, y, fold)[0]
    tolerance = loosest(Z, labels)
    print("  l2        gap sonde   steps  converged  gradient norm   tol scikit-learn  its gap   separated")
    for i, l2 in enumerate(STRENGTHS):
        mine = slice(i * FOLDS, (i + 1) * FOLDS)
        gap = float(((ours.objective[mine] - exact.objective[mine]) / exact.objective[mine]).max())
        apart = bool((ours.logits[i * FOLDS][train[0]] * torch.tensor(np.where(labels, 1, -1)) > 0).all())
        print(
            f"  {l2:<8g}  {gap:9.1e}  {int(ours.steps[mine].max()):6d}  {bool(ours.converged[mine].all())!s:>9}  "
            f"{float(ours.gradient_norm[mine].max()):13.1e}   {tolerance[l2][0]:16g}  {tolerance[l2][1]:7.1e}   "
            f"{apart}",
            flush=True,
        )
    return tolerance


def main() -> None:
    options = arguments()
    torch.set_num_threads(options.threads)
    warnings.simplefilter("ignore")
    clock = time.process_time if options.cpu else time.perf_counter
    sizes = [(2000, 768, 1), (1600, 160, 5)] if options.n is None else [(options.n, options.d, options.sites)]
    for n, d, count in sizes:
        print(
            f"n = {n}, d = {d}, {count} site(s), {len(STRENGTHS)} strengths, {FOLDS} folds, {options.threads} thread(s)"
        )
        sites = [make_site(n, d, options.decay, seed) for seed in range(count)]
        fold = np.random.default_rng(0).permutation(n) % FOLDS
        tolerance = gaps(*sites[0], fold)
        compare(
            "logistic",
            options.rounds,
            clock,
            lambda: sklearn_logistic(sites, fold, tolerance),  # noqa: B023
            lambda: sonde_logistic(sites, fold),  # noqa: B023
        )
        compare(
            "ridge, lda and mean difference",
            options.rounds,
            clock,
            lambda: sklearn_closed(sites, fold),  # noqa: B023
            lambda: sonde_closed(sites, fold),  # noqa: B023
        )


if __name__ == "__main__":
    main()
