"""Reliability bins by counting, and against ECE and scikit-learn."""

import numpy as np
import pytest
from scipy.stats import binomtest
from sklearn.calibration import calibration_curve

from sonde.scores import ece, reliability


@pytest.fixture
def said():
    rng = np.random.default_rng(0)
    p = rng.beta(0.7, 1.1, 800)
    return (rng.random(800) < p**1.3).astype(int), p, rng.integers(0, 60, 800)


def test_bins_are_those_of_scikit_learn(said):
    y, p, _ = said
    share, mean = calibration_curve(y, p, n_bins=15)
    found = reliability(y, p, resamples=100)
    np.testing.assert_allclose([b["share"]["value"] for b in found], share)
    np.testing.assert_allclose([b["probability"] for b in found], mean)
    assert sum(b["n"] for b in found) == 800


def test_ece_is_the_mean_gap_of_the_bins(said):
    y, p, groups = said
    found = reliability(y, p, groups, resamples=100)
    gap = sum(b["n"] * abs(b["share"]["value"] - b["probability"]) for b in found) / 800
    assert gap == pytest.approx(ece(y, p).value)


def test_intervals_are_never_narrower_than_the_exact_binomial_one():
    y, p = np.repeat([0, 1], 30), np.repeat([0.1, 0.9], 30)
    low, high = reliability(y, p, resamples=100)
    exact = binomtest(0, 30).proportion_ci(method="exact")
    assert (low["share"]["low"], low["share"]["high"]) == pytest.approx((exact.low, exact.high))
    assert high["share"]["low"] == pytest.approx(1 - exact.high)


def test_rows_of_a_group_widen_the_interval(said):
    y, p = np.repeat([0, 1], 40), np.full(80, 0.5)
    alone = reliability(y, p, resamples=400)[0]["share"]
    together = reliability(y, p, np.repeat(np.arange(8), 10), resamples=400)[0]["share"]
    assert together["high"] - together["low"] > 1.5 * (alone["high"] - alone["low"])


def test_without_rows_there_are_no_bins():
    assert reliability(np.array([], dtype=int), np.array([])) == []
