import numpy as np
import pytest
from scipy.stats import false_discovery_control, kstest, permutation_test
from sklearn.linear_model import LinearRegression
from sklearn.metrics import roc_auc_score
from sklearn.preprocessing import PolynomialFeatures

from sonde.base.errors import InputError
from sonde.scores import (
    auroc,
    auroc_columns,
    bootstrap,
    comparable,
    holm,
    partial_out,
    permutation_p,
    permuted_labels,
    stratified_auroc,
)


def test_groups_of_one_class_stay_of_one_class_and_change_places():
    y, groups = np.repeat([0, 1, 1, 0, 0], 3), np.repeat(list("abcde"), 3)
    made = permuted_labels(y, groups, k=400, seed=1).reshape(400, 5, 3)
    assert (made == made[:, :, :1]).all()
    np.testing.assert_allclose(made[:, :, 0].mean(axis=0), 0.4, atol=0.08)


def test_rows_of_mixed_groups_exchange_labels_too():
    y, groups = np.array([0, 1, 0, 1, 0, 1]), np.repeat(list("abc"), 2)
    made = permuted_labels(y, groups, k=400, seed=1).reshape(400, 3, 2)
    assert (made.sum(axis=2) == 1).all()
    np.testing.assert_allclose(made.mean(axis=0), 0.5, atol=0.08)


def test_without_groups_every_permutation_keeps_the_class_sizes():
    y = np.repeat([0, 1], [30, 10])
    made = permuted_labels(y, None, k=50)
    assert (made.sum(axis=1) == 10).all()
    assert len(np.unique(made, axis=0)) == 50
    with pytest.raises(InputError, match="group names"):
        permuted_labels(y, np.arange(3))


def test_the_p_value_agrees_with_scipy():
    rng = np.random.default_rng(0)
    y, s = np.repeat([0, 1], 20), rng.normal(size=40) + np.repeat([0, 0.5], 20)
    null = np.array([roc_auc_score(p, s) for p in permuted_labels(y, None, k=999, seed=3)])
    mine = permutation_p(float(auroc(y, s)), null)
    theirs = permutation_test(
        (s[y == 1], s[y == 0]), lambda a, b: np.mean(a) - np.mean(b), alternative="greater", n_resamples=4999, rng=1
    ).pvalue
    assert mine == pytest.approx(theirs, abs=0.05)
    assert permutation_p(2.0, np.zeros(999)) == 0.001


def test_p_values_are_uniform_under_the_null_with_grouped_rows():
    rng, found = np.random.default_rng(5), []
    for i in range(300):
        groups = np.repeat(np.arange(30), 4)
        y = np.repeat(rng.permutation(np.repeat([0, 1], 15)), 4)
        s = np.repeat(rng.normal(size=30), 4) + 0.3 * rng.normal(size=120)
        null = auroc_columns_of(permuted_labels(y, groups, k=99, seed=i), s)
        found.append(permutation_p(float(auroc(y, s)), null))
    assert kstest(found, "uniform").pvalue > 0.01
    assert np.mean(np.array(found) <= 0.05) < 0.1


def auroc_columns_of(labels, s):
    ranks, positive = np.argsort(np.argsort(s)) + 1.0, labels.sum(axis=1)
    return (labels @ ranks - positive * (positive + 1) / 2) / (positive * (labels.shape[1] - positive))


def test_holm_by_hand_and_between_bonferroni_and_uncorrected():
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.5, 0.9]).tolist() == [1.0, 1.0]
    p = np.random.default_rng(0).uniform(size=40) ** 2
    assert (holm(p) <= np.minimum(1, p * 40) + 1e-12).all()
    assert (holm(p) >= false_discovery_control(p) - 1e-12).all()
    with pytest.raises(InputError, match="p-value"):
        holm([1.5])


def test_partialling_out_is_least_squares_on_quadratic_terms():
    rng = np.random.default_rng(2)
    Z, s = rng.normal(size=(200, 2)), rng.normal(size=200)
    design = PolynomialFeatures(2).fit_transform(Z)
    expected = s - LinearRegression().fit(design, s).predict(design)
    np.testing.assert_allclose(partial_out(s, Z), expected, atol=1e-9)
    np.testing.assert_allclose(partial_out(s, np.ones((200, 1))), s - s.mean())


def test_a_score_that_reads_the_stratum_has_half():
    rng = np.random.default_rng(3)
    strata = rng.integers(4, size=2000)
    y = (rng.uniform(size=2000) < strata / 5 + 0.1).astype(int)
    noise = rng.normal(size=2000)
    assert float(auroc(y, strata + 0.01 * noise)) > 0.6
    assert float(stratified_auroc(y, strata + 0.01 * noise, strata)) == pytest.approx(0.5, abs=0.04)
    assert stratified_auroc(y, noise, y).reason == "no stratum holds both classes"
    assert comparable(np.array([0, 1, 0]), np.array(["a", "a", "b"])).tolist() == [True, True, False]


def test_the_stratified_auroc_is_the_weighted_mean_over_strata_and_so_is_its_bootstrap():
    rng = np.random.default_rng(4)
    y, s, strata = rng.integers(2, size=90), rng.normal(size=90).round(1), np.repeat(["a", "b", "c"], 30)
    pairs = {k: y[strata == k].sum() * (1 - y[strata == k]).sum() for k in "abc"}
    expected = sum(pairs[k] * roc_auc_score(y[strata == k], s[strata == k]) for k in "abc") / sum(pairs.values())
    assert float(stratified_auroc(y, s, strata)) == pytest.approx(expected)
    from functools import partial

    whole = bootstrap(partial(stratified_auroc, strata=np.zeros(90)), y, s, resamples=300)
    plain = bootstrap(auroc, y, s, resamples=300)
    assert (whole.value, whole.low, whole.high) == pytest.approx((plain.value, plain.low, plain.high))


def test_columns_agree_with_scikit_learn():
    rng = np.random.default_rng(6)
    y, S = rng.integers(2, size=60), rng.normal(size=(60, 5)).round(1)
    np.testing.assert_allclose(auroc_columns(y, S), [roc_auc_score(y, c) for c in S.T])
    assert np.isnan(auroc_columns(np.ones(3), np.ones((3, 2)))).all()
