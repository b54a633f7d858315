"""How often intervals hold the truth, by simulation of grouped data whose truth is known in closed form.

A score is `shift · y + 0.8 · u + e`, `u` shared by the rows of a group and `e` a row's own, both standard normal. With
many groups a random positive outscores a random negative with probability Φ(shift / √(2 · 1.64)).
"""

from functools import partial

import numpy as np
import pytest
from scipy.stats import binom, norm
from scipy.stats import t as student

from sonde.scores import auroc, balanced_accuracy, bootstrap, bootstrap_difference, clopper_pearson, recall_at_fpr
from sonde.scores.resampling import tail

SHARED = 0.8
SPREAD = np.sqrt(1 + SHARED**2)


def rows(rng, kind, groups):
    """Labels and group numbers: `mixed` groups of ten hold both classes, `pure` ones one, `uneven` ones 2 to 60."""
    sizes = np.clip(rng.geometric(0.1, groups), 2, 60) if kind == "uneven" else np.full(groups, 10)
    owner = np.repeat(np.arange(groups), sizes)
    return (owner if kind == "pure" else np.arange(len(owner))) % 2, owner


def scores(rng, y, owner, shift):
    return shift * y + SHARED * rng.normal(size=owner.max() + 1)[owner] + rng.normal(size=len(y))


METRICS = {
    "auroc": lambda shift: (auroc, norm.cdf(shift / (np.sqrt(2) * SPREAD))),
    "balanced accuracy": lambda shift: (
        partial(balanced_accuracy, threshold=shift / 2),
        norm.cdf(shift / 2 / SPREAD),
    ),
    "recall at 5 % FPR": lambda shift: (
        partial(recall_at_fpr, fpr=0.05),
        norm.sf(norm.isf(0.05) - shift / SPREAD),
    ),
}


def coverage(kind, groups, shift, metric="auroc", runs=1000, resamples=400):
    measure, truth = METRICS[metric](shift)
    rng, hits = np.random.default_rng(7), 0
    for k in range(runs):
        y, owner = rows(rng, kind, groups)
        found = bootstrap(measure, y, scores(rng, y, owner, shift), owner, resamples=resamples, seed=k)
        hits += found.low <= truth <= found.high
    return hits / runs


def paired_coverage(groups=40, runs=1000, resamples=400):
    """Coverage of the difference of two detectors that share what a group does to a score."""
    truth = METRICS["auroc"](1.5)[1] - METRICS["auroc"](1.2)[1]
    rng, hits = np.random.default_rng(8), 0
    for k in range(runs):
        y, owner = rows(rng, "mixed", groups)
        common = scores(rng, y, owner, 0.0) / np.sqrt(2)
        a, b = (shift * y + common + rng.normal(size=len(y)) * SPREAD / np.sqrt(2) for shift in (1.5, 1.2))
        found = bootstrap_difference(auroc, y, a, b, owner, resamples=resamples, seed=k)
        hits += found.low <= truth <= found.high
    return hits / runs


def test_ungrouped_intervals_of_grouped_rows_cover_too_rarely():
    rng, hits, (measure, truth) = np.random.default_rng(4), np.zeros(2), METRICS["auroc"](1.2)
    for k in range(60):
        y, owner = rows(rng, "pure", 40)
        s = scores(rng, y, owner, 1.2)
        for i, g in enumerate((owner, None)):
            found = bootstrap(measure, y, s, g, resamples=200, seed=k)
            hits[i] += found.low <= truth <= found.high
    assert hits[0] >= 52
    assert hits[1] <= 45


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "groups", "shift", "metric"),
    [
        ("mixed", 20, 1.2, "auroc"),
        ("mixed", 40, 1.2, "auroc"),
        ("pure", 40, 1.2, "auroc"),
        ("uneven", 40, 1.2, "auroc"),
        ("mixed", 40, 2.5, "auroc"),
        ("mixed", 150, 1.2, "auroc"),
        ("mixed", 40, 1.2, "balanced accuracy"),
        ("mixed", 40, 1.2, "recall at 5 % FPR"),
    ],
)
def test_intervals_of_95_percent_cover_93_to_97_percent_of_1000_runs(kind, groups, shift, metric):
    found = coverage(kind, groups, shift, metric)
    print(f"{kind} {groups} groups, shift {shift}, {metric}: {found:.3f}")
    assert 0.93 <= found <= 0.97


@pytest.mark.slow
def test_paired_differences_cover_93_to_97_percent_of_1000_runs():
    found = paired_coverage()
    print(f"paired difference of AUROC: {found:.3f}")
    assert 0.93 <= found <= 0.97


@pytest.mark.parametrize(("n", "rate"), [(1200, 0.01), (300, 0.05), (60, 0.5)])
def test_the_exact_interval_of_a_rate_never_covers_less_than_it_says(n, rate):
    """Summed over all outcomes, each with its binomial probability: no simulation."""
    k = np.arange(n + 1)
    likely = k[binom.pmf(k, n, rate) > 1e-9]
    inside = [low <= rate <= high for low, high in (clopper_pearson(int(i), n) for i in likely)]
    covered = binom.pmf(likely, n, rate)[inside].sum()
    assert 0.95 - 1e-6 <= covered <= 0.985


def test_the_expanded_tail_is_student_s_on_the_scale_of_the_normal():
    """A mean of m normal rows: its bootstrap spread is √((m - 1) / m) of the standard error."""
    for m in (5, 20, 200):
        half = norm.isf(tail(0.95, m)) * np.sqrt((m - 1) / m)
        assert half == pytest.approx(student.isf(0.025, m - 1))
    assert tail(0.95, None) == pytest.approx(0.025)
