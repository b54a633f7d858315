"""Decisions and probabilities, by hand and against scikit-learn."""

import numpy as np
import pytest
from scipy.stats import beta
from sklearn.metrics import balanced_accuracy_score, brier_score_loss

from sonde.base.errors import InputError
from sonde.scores import (
    Estimate,
    balanced_accuracy,
    brier,
    clopper_pearson,
    ece,
    false_positive_rate,
    grouped_rate_interval,
    recall,
)

Y = np.array([0, 0, 0, 1, 1])
S = np.array([-1.0, 0.0, 2.0, 0.0, 3.0])


def test_rates_at_a_threshold_by_hand():
    assert recall(Y, S, 0.0).value == 0.5
    assert false_positive_rate(Y, S, 0.0).value == pytest.approx(1 / 3)
    assert balanced_accuracy(Y, S, 0.0).value == pytest.approx((1 / 2 + 2 / 3) / 2)
    assert balanced_accuracy(Y, S).value == balanced_accuracy_score(Y, S > 0)


def test_a_score_equal_to_the_threshold_is_not_flagged():
    assert recall(np.array([1]), np.array([2.0]), 2.0).value == 0.0
    assert recall(np.array([1]), np.array([2.0]), np.nextafter(2.0, 0)).value == 1.0


def test_each_rate_needs_its_own_class():
    only = np.zeros(3, int)
    assert recall(only, np.zeros(3)).reason == "no positive rows"
    assert false_positive_rate(1 - only, np.zeros(3)).reason == "no negative rows"
    assert false_positive_rate(only, np.zeros(3)).value == 0.0
    assert not balanced_accuracy(only, np.zeros(3)).defined


def test_brier_and_ece_by_hand():
    p = np.array([0.1, 0.1, 0.9, 0.9, 1.0])
    assert brier(Y, p).value == pytest.approx((0.01 + 0.01 + 0.81 + 0.01 + 0) / 5) == brier_score_loss(Y, p)
    # bins of a tenth: (0.1, 0.1) holds no positive; (0.9, 0.9, 1.0) holds two, mean probability 2.8 / 3
    assert ece(Y, p, 10).value == pytest.approx(0.4 * 0.1 + 0.6 * (2.8 / 3 - 2 / 3))
    assert ece(Y, Y.astype(float)).value == brier(Y, Y.astype(float)).value == 0.0
    assert ece(Y, 1.0 - Y).value == 1.0


def test_calibrated_probabilities_have_a_small_ece():
    rng = np.random.default_rng(0)
    p = rng.uniform(size=50_000)
    assert ece((rng.uniform(size=50_000) < p).astype(int), p).value < 0.01


@pytest.mark.parametrize("metric", [brier, ece])
def test_scores_are_not_probabilities(metric):
    with pytest.raises(InputError, match=r"probability in row 2 is 2.0, expected 0 to 1"):
        metric(np.array([0, 1, 1]), np.array([0.0, 1.0, 2.0]))
    assert metric(np.zeros(0, int), np.zeros(0)).reason == "no rows"


def test_rows_of_one_group_count_as_alike():
    """By simulation: rates of 40 groups of ten spread around 0.2 as a beta does (intraclass correlation 1 / 6)."""
    rng = np.random.default_rng(0)
    groups = np.repeat(np.arange(40), 10)
    inside = {"grouped": 0, "by row": 0}
    for _ in range(400):
        hit = rng.random(400) < np.repeat(rng.beta(1, 4, size=40), 10)
        low, high = grouped_rate_interval(hit, groups)
        inside["grouped"] += low <= 0.2 <= high
        low, high = clopper_pearson(int(hit.sum()), 400)
        inside["by row"] += low <= 0.2 <= high
    assert 0.93 <= inside["grouped"] / 400 <= 0.995
    assert inside["by row"] / 400 < 0.9


def test_rows_that_are_their_own_group_have_clopper_and_pearsons_interval():
    hit = np.arange(200) < 11
    np.testing.assert_allclose(grouped_rate_interval(hit, np.arange(200)), clopper_pearson(11, 200), rtol=0.01)
    assert grouped_rate_interval(hit & False, np.zeros(200)) == clopper_pearson(0, 200)
    assert grouped_rate_interval(hit, np.zeros(200)) == (0.0, 1.0)
    with pytest.raises(InputError, match="0 of 0 rows"):
        grouped_rate_interval(hit[:0], np.zeros(0))


def test_clopper_pearson_is_the_beta_quantile():
    low, high = clopper_pearson(7, 50)
    assert low == pytest.approx(beta.ppf(0.025, 7, 44))
    assert high == pytest.approx(beta.ppf(0.975, 8, 43))
    assert clopper_pearson(0, 200)[0] == 0.0
    assert clopper_pearson(200, 200)[1] == 1.0
    with pytest.raises(InputError, match="5 of 4 rows"):
        clopper_pearson(5, 4)


def test_an_estimate_is_a_value_or_a_reason():
    assert float(Estimate(0.5, 0.4, 0.6)) == 0.5
    assert str(Estimate(0.5, 0.4, 0.6)) == "0.500 [0.400, 0.600]"
    assert Estimate(0.5, note="coarse").to_json() == {"value": 0.5, "low": None, "high": None, "note": "coarse"}
    assert str(Estimate.undefined("no rows")) == "undefined (no rows)"
    with pytest.raises(InputError, match="undefined"):
        float(Estimate.undefined("no rows"))
    for value, reason in ((None, ""), (0.5, "why")):
        with pytest.raises(ValueError, match="never both"):
            Estimate(value, reason=reason)
