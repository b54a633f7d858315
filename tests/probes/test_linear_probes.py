"""Each probe against an independent implementation, and calibration against held-out rows."""

from functools import partial

import numpy as np
import pytest
from scipy.special import expit
from sklearn.covariance import EmpiricalCovariance
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.preprocessing import StandardScaler

from sonde.base.errors import InputError
from sonde.probes import LDAProbe, LogisticProbe, MeanDifferenceProbe, Problem, RidgeProbe
from sonde.probes.classes import ClassMeans
from sonde.probes.lda import solve_lda
from sonde.probes.platt import platt_scaling
from sonde.probes.ridge import solve_ridge
from sonde.scores import brier, ece


def correlated(n=120, d=8, seed=0, shift=0.5):
    rng = np.random.default_rng(seed)
    y = rng.integers(2, size=n)
    return rng.normal(size=(n, d)) @ rng.normal(size=(d, d)) * 3 + 5 + shift * y[:, None] * rng.normal(size=d), y


@pytest.mark.parametrize("l2", [1e-2, 1.0, 10.0, 1e4])
@pytest.mark.parametrize(("n", "d"), [(120, 8), (40, 60)])
@pytest.mark.parametrize("intercept", [True, False])
def test_logistic_is_scikit_learns(l2, n, d, intercept):
    X, y = correlated(n, d)
    Z = StandardScaler().fit_transform(X)
    theirs = LogisticRegression(C=1 / l2, tol=1e-12, max_iter=20_000, fit_intercept=intercept).fit(Z, y)
    ours = LogisticProbe(l2=l2, fit_intercept=intercept).fit(X, y)
    np.testing.assert_allclose(ours.decision_function(X), theirs.decision_function(Z), atol=2e-4, rtol=1e-4)

    def loss(f, w):
        return 0.5 * l2 * w @ w + np.logaddexp(0, np.where(y == 1, -f, f)).sum()

    w = ours.coef_ * ours.scaler_scale_
    assert loss(ours.decision_function(X), w) <= loss(theirs.decision_function(Z), theirs.coef_[0]) * (1 + 1e-9)
    assert ours.gradient_norm_ < 1e-8


def test_raw_features_and_class_weights():
    X, y = correlated()
    for weight in ("balanced", {0: 0.3, 1: 2.0}):
        theirs = LogisticRegression(C=0.1, class_weight=weight, tol=1e-12, max_iter=20_000).fit(X, y)
        ours = LogisticProbe(l2=10.0, standardize=False, class_weight=weight).fit(X, y)
        np.testing.assert_allclose(ours.coef_, theirs.coef_[0], atol=1e-4)
    with pytest.raises(InputError, match="without weight"):
        LogisticProbe(class_weight={0: 0.0, 1: 1.0}).fit(X, y)


def test_too_few_steps_are_told():
    with pytest.warns(ConvergenceWarning, match=r"stopped after 2 iterations at a gradient norm of 0\.\d+, above tol"):
        LogisticProbe(l2=1e-6, max_iter=1).fit(*correlated())


@pytest.mark.parametrize("intercept", [True, False])
def test_ridge_direction_is_scikit_learns(intercept):
    X, y = correlated()
    Z = StandardScaler().fit_transform(X)
    theirs = Ridge(alpha=30.0, fit_intercept=intercept).fit(Z, np.where(y == 1, 1.0, -1.0))
    ours = RidgeProbe(l2=30.0, fit_intercept=intercept).fit(X, y)
    raw = theirs.coef_ / ours.scaler_scale_
    np.testing.assert_allclose(ours.direction_, raw / np.linalg.norm(raw), atol=1e-10)


def test_lda_before_scaling_is_scikit_learns():
    X, y = correlated()
    theirs = LinearDiscriminantAnalysis(solver="lsqr").fit(StandardScaler().fit_transform(X), y)
    problem = Problem.build(X, y.astype(bool), np.ones(len(y)), standardize=True)
    coef, constant, _ = solve_lda(problem, 0.0)
    Z = (X - problem.mean) / problem.scale
    np.testing.assert_allclose(problem.R @ coef + constant, theirs.decision_function(Z), rtol=1e-8)


def test_lda_shrinks_as_scikit_learns_covariance_estimator_does():
    X, y = correlated()
    problem = Problem.build(X, y.astype(bool), np.ones(len(y)), standardize=True)

    class Shrunk(EmpiricalCovariance):
        def fit(self, Z):
            self.covariance_ = np.cov(Z.T, bias=True) + 7.0 / len(y) * np.eye(Z.shape[1])
            return self

    theirs = LinearDiscriminantAnalysis(solver="lsqr", covariance_estimator=Shrunk()).fit(
        (X - problem.mean) / problem.scale, y
    )
    coef, constant, _ = solve_lda(problem, 7.0)
    np.testing.assert_allclose(
        problem.R @ coef + constant, theirs.decision_function((X - problem.mean) / problem.scale), rtol=1e-8
    )


def test_lda_probe_keeps_the_direction_of_bayes():
    X, y = correlated()
    theirs = LinearDiscriminantAnalysis(solver="lsqr").fit(X, y)
    np.testing.assert_allclose(LDAProbe(l2=0.0).fit(X, y).direction_, _unit(theirs.coef_[0]), atol=1e-8)


def test_lda_needs_a_penalty_with_fewer_rows_than_features():
    with pytest.raises(InputError, match=r"singular .* choose a larger l2"):
        LDAProbe(l2=0.0).fit(*correlated(20, 40))
    LDAProbe(l2=1.0).fit(*correlated(20, 40))


def test_mean_difference_by_hand():
    X, y = correlated()
    difference = X[y == 1].mean(0) - X[y == 0].mean(0)
    ours = MeanDifferenceProbe().fit(X, y)
    np.testing.assert_allclose(ours.direction_, difference / np.linalg.norm(difference))
    middle = (X[y == 1].mean(0) + X[y == 0].mean(0)) / 2
    assert ours.decision_function(middle[None])[0] == pytest.approx(0.0, abs=1e-9)
    scaled = MeanDifferenceProbe(standardize=True).fit(X, y)
    np.testing.assert_allclose(scaled.coef_ / np.linalg.norm(scaled.coef_), _unit(difference / X.var(0)), atol=1e-12)


def _unit(v):
    return v / np.linalg.norm(v)


def mean_scores(problem):
    m = ClassMeans.of(problem)
    n = len(problem.y)
    left_out = m.left_out_scores((m.residual**2).sum(1), m.residual @ m.delta, np.full(n, m.delta @ m.delta))
    return m.delta, -m.middle @ m.delta, left_out


@pytest.mark.parametrize(
    "solve",
    [partial(solve_ridge, l2=3.0, intercept=True), partial(solve_lda, l2=3.0), mean_scores],
    ids=["ridge", "lda", "mean_difference"],
)
@pytest.mark.parametrize("d", [4, 30])
def test_left_out_scores_are_those_of_refitting_without_the_row(solve, d):
    """The scaler and the axes stay those of all rows; only the probe is fitted again."""
    X, y = correlated(24, d)
    w = np.random.default_rng(3).integers(1, 4, size=24).astype(float)
    problem = Problem.build(X, y.astype(bool), w, standardize=True)
    left_out = solve(problem)[2]
    for i in range(24):
        less = w.copy()
        less[i] -= 1.0
        kept = less > 0
        centre = less @ problem.R / less.sum()  # a Problem's rows have weighted mean 0 and diagonal scatter
        Z = (problem.R - centre)[kept]
        lam, axes = np.linalg.eigh((Z.T * less[kept]) @ Z)
        # axes without variance are dropped, as `Problem.build` would
        axes, lam = axes[:, lam > 1e-9], lam[lam > 1e-9]
        zero, one = np.zeros(Z.shape[1]), np.ones(Z.shape[1])
        without = Problem(Z @ axes, problem.y[kept], less[kept], lam, axes, zero, one)
        coef, constant = solve(without)[:2]
        assert (problem.R[i] - centre) @ axes @ coef + constant == pytest.approx(left_out[i], rel=1e-6, abs=1e-8)


@pytest.mark.parametrize("probe", [LogisticProbe(), RidgeProbe(), LDAProbe()], ids=lambda p: p.kind)
def test_probabilities_hold_on_new_rows(probe):
    """Ninety features, three hundred rows, one positive in four: in-sample calibration would be far too sure."""
    rng = np.random.default_rng(5)
    d, n = 90, 300
    y = (rng.uniform(size=n + 4000) < 0.25).astype(int)
    X = rng.normal(size=(n + 4000, d)) + y[:, None] * np.r_[np.full(4, 0.9), np.zeros(d - 4)]
    p = probe.fit(X[:n], y[:n]).predict_proba(X[n:])[:, 1]
    assert ece(y[n:], p).value < 0.06
    assert brier(y[n:], p).value < 0.8 * 0.25 * 0.75
    assert p.mean() == pytest.approx(0.25, abs=0.06)


def test_platt_scaling_finds_the_log_odds():
    rng = np.random.default_rng(6)
    s = rng.normal(size=20_000)
    y = rng.uniform(size=20_000) < expit(3.0 * s - 1.0)
    assert platt_scaling(s, y, np.ones(20_000)) == pytest.approx((3.0, -1.0), abs=0.1)


def test_platt_scaling_never_turns_the_score_round():
    y = np.arange(40) % 2 == 1
    for offset in (True, False):
        a, b = platt_scaling(np.where(y, -1.0, 1.0), y, np.ones(40), offset=offset)
        assert a > 0
        assert np.isfinite(b)
    a, _ = platt_scaling(np.where(y, 1.0, -1.0), y, np.ones(40))
    assert 0 < a < 5  # separable, and finite all the same


def test_principal_axes_are_what_they_say():
    for n, d in ((50, 6), (6, 50)):
        X, y = correlated(n, d)
        y[:2] = 0, 1
        w = np.random.default_rng(1).uniform(0.5, 2, size=n)
        p = Problem.build(X, y.astype(bool), w, standardize=True)
        np.testing.assert_allclose((p.R.T * w) @ p.R, np.diag(p.lam), atol=1e-8 * p.lam.max())
        np.testing.assert_allclose(p.basis.T @ p.basis, np.eye(len(p.lam)), atol=1e-10)
        np.testing.assert_allclose(p.R @ p.basis.T, (X - p.mean) / p.scale, atol=1e-8)
        np.testing.assert_allclose(w @ p.R, 0.0, atol=1e-8)
