"""Closed forms from sums that streamed by are those of the rows."""

import numpy as np
import pytest
import torch
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.linear_model import Ridge
from sklearn.preprocessing import StandardScaler
from tests.probes.helpers import SITES, features

from sonde.activations import Activations
from sonde.base.errors import InputError
from sonde.base.tables import ExampleTable
from sonde.probes import ClassSums, LDAProbe, MeanDifferenceProbe, RidgeProbe, load_probe, sweep
from sonde.probes.closed_form import shrunken_directions
from sonde.scores import auroc


def data(n=200, d=7, seed=0):
    rng = np.random.default_rng(seed)
    y = (rng.uniform(size=n) < 0.3).astype(int)
    return rng.normal(size=(n, d)) @ rng.normal(size=(d, d)) + 1e4 + y[:, None] * rng.normal(size=d), y


def unit(v):
    return v / np.linalg.norm(v)


def batches(X, y, size=33):
    for i in range(0, len(y), size):
        yield X[i : i + size], y[i : i + size]


@pytest.mark.parametrize("standardize", [True, False])
@pytest.mark.parametrize("kind", [RidgeProbe, LDAProbe, MeanDifferenceProbe])
def test_a_probe_from_streamed_sums_has_the_direction_of_the_fitted_one(kind, standardize, tmp_path):
    X, y = data()
    sums = ClassSums.of_batches(batches(X, y))
    streamed, fitted = kind.from_sums(sums, standardize=standardize), kind(standardize=standardize).fit(X, y)
    np.testing.assert_allclose(streamed.direction_, fitted.direction_, atol=1e-7)
    assert auroc(y, streamed.decision_function(X)).value == auroc(y, fitted.decision_function(X)).value
    assert streamed.score(X, y) > 0.6
    loaded = load_probe(streamed.save(tmp_path / "p.safetensors"))
    np.testing.assert_array_equal(loaded.decision_function(X), streamed.decision_function(X))
    assert loaded.n_rows_ == 200


def test_the_log_odds_are_those_of_two_gaussians():
    """One feature, so that the answer is known: (m1 - m0) / v for the slope, even odds where the densities cross."""
    rng = np.random.default_rng(1)
    y = np.r_[np.zeros(60_000, int), np.ones(30_000, int)]
    X = (rng.normal(size=90_000) * 2 + 3 * y)[:, None]
    probe = LDAProbe.from_sums(ClassSums.of(X, y), l2=0.0, standardize=False)
    assert probe.coef_[0] == pytest.approx(3 / 4, rel=0.02)
    assert probe.intercept_ == pytest.approx(np.log(0.5) - 0.75 * 1.5, rel=0.02)


def test_all_strengths_are_scikit_learns():
    X, y = data()
    Z = StandardScaler().fit_transform(X)
    sums, strengths = ClassSums.of(X, y), [1e-3, 1.0, 100.0]
    for l2, ours in zip(strengths, shrunken_directions(sums, strengths, standardize=True), strict=True):
        ridge = Ridge(alpha=l2).fit(Z, 2.0 * y - 1)
        np.testing.assert_allclose(ours * X.std(0), ridge.coef_, rtol=1e-6)
    raw = shrunken_directions(sums, [1.0], standardize=False, centre=False)[0]
    np.testing.assert_allclose(raw, Ridge(alpha=1.0, fit_intercept=False).fit(X, 2.0 * y - 1).coef_, rtol=1e-4)
    lda = LinearDiscriminantAnalysis(solver="lsqr").fit(X, y)
    ours = shrunken_directions(sums, [0.0], standardize=False)[0]
    np.testing.assert_allclose(unit(ours), unit(lda.coef_[0]), atol=1e-6)


def test_parts_join_whatever_their_origins_and_weights_count_rows():
    X, y = data()
    w = np.random.default_rng(2).integers(0, 3, size=200)
    whole = ClassSums.of(np.repeat(X, w, 0), np.repeat(y, w))
    parts = ClassSums.join([ClassSums.of(X[:90], y[:90], w[:90]), ClassSums.of(X[90:], y[90:], w[90:])])
    for ours, theirs in zip(parts.scatter(), whole.scatter(), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-6)
    np.testing.assert_allclose(parts.weight, whole.weight)


def test_balanced_sums_are_balanced_rows():
    X, y = data()
    ours = RidgeProbe.from_sums(ClassSums.of(X, y), class_weight="balanced")
    np.testing.assert_allclose(ours.direction_, RidgeProbe(class_weight="balanced").fit(X, y).direction_, atol=1e-7)


def test_torch_activations_stream_in(tmp_path):
    X, y = data()
    acts = Activations.of_rows({"s": torch.tensor(X, dtype=torch.float32)}, np.arange(201))
    sums = ClassSums.of_batches((acts["s"][i : i + 50], y[i : i + 50]) for i in range(0, 200, 50))
    assert sums.rows == 200
    np.testing.assert_allclose(sums.means()[1], acts["s"].double().numpy()[y == 1].mean(0))


def test_activations_are_added_up_some_examples_at_a_time():
    X, y = data(60)
    examples = ExampleTable(tuple(map(str, range(30))), labels=y[::2])
    acts = Activations.of_rows({"s": torch.tensor(X)}, np.arange(0, 61, 2), examples, {"model": "toy"})
    for how in ("mean", "none"):
        rows, labels = acts.pool(how).at("s").xy
        sums, whole = ClassSums.of_activations(acts, "s", how, examples=7), ClassSums.of(rows, labels)
        np.testing.assert_allclose(sums.scatter()[2], whole.scatter()[2], rtol=1e-8)
        probe = RidgeProbe.from_sums(sums)
        assert (probe.n_rows_, probe.origin_.pooling, probe.origin_.model) == (len(labels), how, "toy")


def test_refusals_are_sentences():
    X, y = data()
    sums = ClassSums.of(X, y)
    with pytest.raises(InputError, match="cannot join sums of width 7"):
        sums.update(X[:, :3], y)
    with pytest.raises(InputError, match="something other than 0 and 1"):
        sums.update(X, y + 1)
    with pytest.raises(InputError, match="NaN or inf"):
        sums.update(X * np.nan, y)
    with pytest.raises(InputError, match="one class only"):
        RidgeProbe.from_sums(ClassSums.of(X, np.zeros(200, int)))
    with pytest.raises(InputError, match="No rows came"):
        ClassSums.of_batches([])
    with pytest.raises(InputError, match="at least one row"):
        ClassSums.of(X[:0], y[:0])
    with pytest.raises(InputError, match="is singular"):
        LDAProbe.from_sums(ClassSums.of(X[:5], y[:5] * 0 + np.array([0, 1, 0, 1, 0])), l2=0.0)


@pytest.mark.parametrize("kind", ["ridge", "lda", "mean_difference"])
def test_the_sweep_ranks_as_a_refit_of_every_fold_does(kind):
    f = features(n=90)
    found = sweep(f, [kind], l2=[3.0], sites=[SITES[1]], resamples=0)
    probe = found.make_best()
    X, y = f.at(SITES[1]).xy
    for k in range(5):
        train = found.fold != k
        scores = probe.fit(X.numpy()[train], y[train]).decision_function(X.numpy()[~train])
        assert found.best().folds[k].value == auroc(y[~train], scores).value
        np.testing.assert_allclose(found.out_of_fold[~train], scores)
