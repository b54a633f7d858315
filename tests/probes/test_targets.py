"""Targets that are not two classes: numbers, and several classes; against scikit-learn."""

import warnings

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.multiclass import OneVsRestClassifier
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import check_estimator

from sonde.base.errors import InputError
from sonde.probes import LogisticProbe, OneVsRestProbe, RidgeRegressionProbe


def rows(n=120, d=6, seed=0):
    rng = np.random.default_rng(seed)
    return rng, rng.normal(size=(n, d)) @ rng.normal(size=(d, d)) * 3 + 7


@pytest.mark.parametrize("l2", [0.1, 10.0, 1e4])
@pytest.mark.parametrize("intercept", [True, False])
def test_numbers_are_regressed_as_scikit_learn_does(l2, intercept):
    rng, X = rows()
    y, w = X @ rng.normal(size=6) + rng.normal(size=120) + 40, rng.uniform(0.5, 2.0, size=120)
    scaler = StandardScaler().fit(X, sample_weight=w)
    theirs = Ridge(alpha=l2, fit_intercept=intercept).fit(scaler.transform(X), y, sample_weight=w)
    ours = RidgeRegressionProbe(l2=l2, fit_intercept=intercept).fit(torch.tensor(X), y, sample_weight=w)
    np.testing.assert_allclose(ours.predict(X), theirs.predict(scaler.transform(X)), rtol=1e-9)
    np.testing.assert_allclose(np.linalg.norm(ours.direction_), 1.0)


@pytest.mark.parametrize("classes", [2, 3, 5])
def test_several_classes_are_scikit_learns_one_against_the_rest(classes):
    rng, X = rows()
    y = np.array(["deal", "cover", "loyal", "honest", "fiction"])[rng.integers(classes, size=120)]
    Z = StandardScaler().fit_transform(X)
    theirs = OneVsRestClassifier(LogisticRegression(C=0.5, tol=1e-10, max_iter=5000)).fit(Z, y)
    ours = OneVsRestProbe(l2=2.0).fit(X, y)
    np.testing.assert_allclose(ours.predict_proba(X), theirs.predict_proba(Z), atol=1e-5)
    np.testing.assert_array_equal(ours.predict(X), theirs.predict(Z))
    assert ours.gradient_norm_ < 1e-7


def test_each_class_has_the_direction_of_its_own_probe():
    rng, X = rows()
    y = rng.integers(3, size=120)
    ours = OneVsRestProbe(l2=2.0).fit(X, y)
    for c in range(3):
        np.testing.assert_allclose(ours.directions_[c], LogisticProbe(l2=2.0).fit(X, y == c).direction_, atol=1e-6)


def test_refusals_are_sentences():
    _, X = rows()
    with pytest.raises(InputError, match="one class only"):
        OneVsRestProbe().fit(X, np.zeros(120))
    with pytest.raises(InputError, match="l2=-1"):
        RidgeRegressionProbe(l2=-1.0).fit(X, np.zeros(120))
    with pytest.raises(InputError, match="no direction"):
        _ = RidgeRegressionProbe().fit(X, np.ones(120)).direction_
    with pytest.raises(InputError, match="at least one non-zero"):
        RidgeRegressionProbe().fit(X, np.ones(120), sample_weight=np.zeros(120))


@pytest.mark.slow
@pytest.mark.parametrize("probe", [RidgeRegressionProbe(), OneVsRestProbe()])
def test_scikit_learns_checks_pass(probe):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        results = check_estimator(probe, on_fail=None, on_skip=None)
    assert [(r["check_name"], str(r["exception"])[:200]) for r in results if r["status"] == "failed"] == []
