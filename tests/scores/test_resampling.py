"""Weighted metrics against scikit-learn, resampling against a plain loop."""

from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from sonde.base.errors import InputError
from sonde.scores import (
    auroc,
    balanced_accuracy,
    bootstrap,
    bootstrap_difference,
    brier,
    ece,
    false_positive_rate,
    recall,
    recall_at_fpr,
)
from sonde.scores.resampling import group_weights, prepare

METRICS = [
    auroc,
    partial(recall_at_fpr, fpr=0.01),
    partial(recall_at_fpr, fpr=0.29),
    partial(balanced_accuracy, threshold=0.4),
    partial(recall, threshold=0.5),
    partial(false_positive_rate, threshold=0.5),
    brier,
    partial(ece, bins=7),
]


def data(n=160, seed=0, ties=12):
    rng = np.random.default_rng(seed)
    y = rng.integers(2, size=n)
    return y, np.clip(rng.integers(ties, size=n) / ties + 0.2 * y, 0, 1)


@given(st.integers(0, 10_000), st.integers(2, 50))
@settings(max_examples=30, deadline=None)
def test_weighted_auroc_is_scikit_learns(seed, ties):
    y, s = data(80, seed, ties)
    w = np.random.default_rng(seed).integers(1, 4, size=(3, 80)).astype(float)
    expected = [roc_auc_score(y, s, sample_weight=row) for row in w]
    np.testing.assert_allclose(prepare(auroc, y, s)(w), expected, atol=1e-12)


@pytest.mark.parametrize("metric", METRICS, ids=range(len(METRICS)))
def test_a_kernel_equals_the_metric_on_repeated_rows(metric):
    y, s = data(400)
    w = np.random.default_rng(1).integers(0, 4, size=(20, 400)).astype(float)
    expected = [metric(np.repeat(y, k), np.repeat(s, k)).value for k in w.astype(int)]
    np.testing.assert_allclose(prepare(metric, y, s)(w), expected, atol=1e-12)


def test_groups_are_drawn_whole_and_as_many_as_there_are():
    groups = np.array(["b", "a", "b", "c", "a", "b"])
    for w in group_weights(6, groups, 50, seed=3):
        np.testing.assert_array_equal(w[:, groups == "b"].min(1), w[:, groups == "b"].max(1))
        np.testing.assert_array_equal(w[:, 1], w[:, 4])
        np.testing.assert_array_equal(w[:, 0] + w[:, 1] + w[:, 3], 3)


def test_the_fast_path_equals_a_loop_over_rows():
    y, s = data(60)
    groups = np.arange(60) // 3
    fast = bootstrap(auroc, y, s, groups, resamples=50, seed=5)
    slow = bootstrap(lambda a, b: roc_auc_score(a, b), y, s, groups, resamples=50, seed=5)
    assert (fast.value, fast.low, fast.high) == pytest.approx((slow.value, slow.low, slow.high))


def test_batches_do_not_change_the_draws(monkeypatch):
    y, s = data(60)
    whole = bootstrap(auroc, y, s, resamples=40)
    monkeypatch.setattr("sonde.scores.resampling._CELLS", 180)
    assert bootstrap(auroc, y, s, resamples=40) == whole


def test_the_seed_decides():
    y, s = data(60)
    assert bootstrap(auroc, y, s, resamples=40, seed=1) == bootstrap(auroc, y, s, resamples=40, seed=1)
    assert bootstrap(auroc, y, s, resamples=40, seed=1) != bootstrap(auroc, y, s, resamples=40, seed=2)


def test_undefined_resamples_are_counted():
    y, s = np.array([1, 0, 0, 0, 0]), np.array([1.0, 0.0, 2.0, 0.0, 3.0])
    found = bootstrap(auroc, y, s, resamples=200)
    without = sum((w[:, 0] == 0).sum() + (w[:, 0] == 5).sum() for w in group_weights(5, None, 200, 0))
    assert found.note == f"undefined in {without} of 200 resamples"
    assert found.value == 0.5


def test_what_an_interval_cannot_show_is_noted():
    y, s = np.repeat([0, 1], 30), np.arange(60.0)
    assert "too narrow" in bootstrap(auroc, y, s, resamples=50).note
    one = bootstrap(auroc, y, s, np.zeros(60, int), resamples=50)
    assert (one.value, one.low, one.note) == (1.0, None, "no interval: it takes two groups or more")
    assert bootstrap(auroc, np.ones(4, int), np.arange(4.0)).reason.startswith("one class only")
    with pytest.raises(InputError, match="3 group names for 60 rows"):
        bootstrap(auroc, y, s, np.arange(3))


def test_paired_difference_uses_one_resample_for_both():
    y, s = data(100)
    rng = np.random.default_rng(2)
    noisy = s + 0.01 * rng.normal(size=100)
    paired = bootstrap_difference(auroc, y, s, noisy, resamples=300)
    assert paired.value == pytest.approx(auroc(y, s).value - auroc(y, noisy).value)
    single = bootstrap(auroc, y, s, resamples=300)
    assert paired.high - paired.low < 0.3 * (single.high - single.low)
    swapped = bootstrap_difference(auroc, y, noisy, s, resamples=300)
    assert (swapped.low, swapped.high) == pytest.approx((-paired.high, -paired.low))
    assert not bootstrap_difference(auroc, np.ones(100, int), s, noisy).defined


def test_shuffled_labels_give_chance():
    rng = np.random.default_rng(3)
    y, s = rng.permutation(np.repeat([0, 1], 500)), rng.normal(size=1000)
    found = bootstrap(auroc, y, s, resamples=300)
    assert found.low < 0.5 < found.high
    assert found.high - found.low == pytest.approx(4 * np.sqrt(1001 / (12 * 500 * 500)), rel=0.15)  # Mann-Whitney
