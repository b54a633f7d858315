"""LAT, CCS, TTPD, the perceptron and ensembles against answers found another way."""

import numpy as np
import pytest
import torch
from sklearn.decomposition import PCA

from sonde.activations import Features
from sonde.base.errors import InputError
from sonde.base.tables import ExampleTable
from sonde.probes import (
    CCSProbe,
    EnsembleProbe,
    LATProbe,
    LogisticProbe,
    MeanDifferenceProbe,
    MLPProbe,
    TTPDProbe,
    load_probe,
    sweep,
)
from sonde.probes.ccs import ccs_loss
from sonde.probes.facts import Facts
from sonde.probes.pairs import contrast_pairs, difference_moment
from sonde.probes.ttpd import truth_direction
from sonde.scores import auroc


def unit(v):
    return v / np.linalg.norm(v)


def paired(m=60, d=6, shift=3.0, seed=0):
    """Pairs of rows of one topic, one true and one false, in random order."""
    rng = np.random.default_rng(seed)
    y = np.array([rng.permutation([0, 1]) for _ in range(m)]).ravel()
    pair = np.repeat(np.arange(m), 2)
    topic = 5 * rng.normal(size=(m, d))[pair]
    direction = unit(rng.normal(size=d))
    return topic + rng.normal(size=(2 * m, d)) + shift * np.outer(2 * y - 1, direction), y, pair, direction


def test_lat_is_the_first_component_of_all_differences():
    X, y, _, _ = paired(20)
    differences = (X[y == 1][:, None] - X[y == 0][None]).reshape(-1, 6)
    both = np.r_[differences, -differences]  # centred, as the paper's randomly signed differences are on average
    axis = PCA(1).fit(both).components_[0]
    assert abs(LATProbe().fit(X, y).direction_ @ axis) == pytest.approx(1.0)


def test_lat_within_pairs_ignores_what_the_topics_share():
    X, y, pair, direction = paired()
    assert LATProbe().fit(X, y, groups=pair).direction_ @ direction > 0.95
    assert abs(LATProbe().fit(X, y).direction_ @ direction) < 0.9
    differences = np.array([np.diff(X[pair == i], axis=0)[0] for i in np.unique(pair)])
    moment = differences.T @ differences / len(differences)
    np.testing.assert_allclose(difference_moment(X, y == 1, np.ones(len(y)), Facts(groups=pair)), moment)


def test_lat_with_weights_is_lat_of_repeated_rows():
    X, y, _, _ = paired(15)
    w = np.random.default_rng(1).integers(1, 4, size=30)
    ours = difference_moment(X, y == 1, w.astype(float), Facts())
    theirs = difference_moment(np.repeat(X, w, 0), np.repeat(y == 1, w), np.ones(w.sum()), Facts())
    np.testing.assert_allclose(ours, theirs)
    with pytest.raises(InputError, match="No group holds rows of both classes"):
        LATProbe().fit(X, y, groups=y)


def test_ccs_finds_the_truth_from_pairs_and_labels_only_turn_it():
    X, y, pair, _ = paired(100, shift=4.0)
    probe = CCSProbe(restarts=3).fit(X, y, groups=pair)
    assert auroc(y, probe.decision_function(X)).value > 0.8
    flipped = CCSProbe(restarts=3).fit(X, 1 - y, groups=pair)
    assert flipped.direction_ @ probe.direction_ == pytest.approx(-1.0)


def test_ccs_loss_by_hand():
    first, second = torch.tensor([[1.0, 0.0]]).double(), torch.tensor([[0.0, 2.0]]).double()
    theta = torch.tensor([1.0, -1.0, 0.5]).double()
    p1, p2 = 1 / (1 + np.exp(-1.5)), 1 / (1 + np.exp(1.5))
    expected = (p1 - (1 - p2)) ** 2 + min(p1, p2) ** 2 + 0.5 * 0.1 * 2
    assert float(ccs_loss(theta, first, second, torch.ones(1).double(), 0.1)) == pytest.approx(expected)


def test_ccs_says_what_pairs_it_wants():
    X, y, pair, _ = paired(10)
    with pytest.raises(InputError, match=r"CCSProbe learns from contrast pairs.*have no groups.*fit\(X, y, groups=…\)"):
        CCSProbe().fit(X, y)
    with pytest.raises(InputError, match=r"none of the 20 groups holds exactly two rows"):
        CCSProbe().fit(X, y, groups=np.arange(20))
    pairs = contrast_pairs(Facts(groups=np.r_[pair, [99, 99, 99]]), np.r_[y, 0, 1, 1] == 1, "CCSProbe")
    assert len(pairs) == 10
    assert (np.r_[y, 0, 1, 1][pairs].sum(1) == 1).all()


def statements(n=400, d=8, seed=0):
    """Truth is written along one direction in affirmative and against another one in negated statements."""
    rng = np.random.default_rng(seed)
    y, polarity = rng.integers(2, size=n), rng.integers(2, size=n)
    general, specific, negation = np.linalg.qr(rng.normal(size=(d, 3)))[0].T
    tau, p = 2 * y - 1, 2 * polarity - 1
    X = np.outer(tau, 2 * general) + np.outer(tau * p, 3 * specific) + np.outer(p, 4 * negation)
    return X + rng.normal(size=(n, d)), y, polarity, general


def test_ttpd_finds_the_truth_that_negation_does_not_turn():
    X, y, polarity, general = statements()
    tags = {"polarity": ["affirmative" if p else "negated" for p in polarity]}
    probe = TTPDProbe(polarity="polarity").fit(X, y, tags=tags)
    assert probe.direction_ @ general > 0.9
    affirmative = polarity == 1
    fooled = MeanDifferenceProbe().fit(X[affirmative], y[affirmative])
    assert auroc(y[~affirmative], probe.decision_function(X[~affirmative])).value > 0.9
    assert auroc(y[~affirmative], fooled.decision_function(X[~affirmative])).value < 0.5


def test_ttpd_least_squares_by_hand():
    X, y, polarity, _ = statements(50)
    tau, p = 2.0 * y - 1, 2.0 * polarity - 1
    design = np.c_[tau, tau * p]
    centred = X - X.mean(0)
    expected = np.linalg.solve(design.T @ design, design.T @ centred)[0]
    np.testing.assert_allclose(truth_direction(centred, tau, p, np.ones(50)), expected)


def test_ttpd_reads_tags_of_features_and_says_which_is_missing():
    X, y, polarity, _ = statements(60)
    tags = {"polarity": tuple("affirmative" if p else "negated" for p in polarity)}
    features = Features({"s": torch.tensor(X)}, ExampleTable(tuple(map(str, range(60))), y, tags=tags))
    probe = TTPDProbe(polarity="polarity").fit(*features.at("s").xy)
    np.testing.assert_array_equal(probe.coef_, TTPDProbe(polarity="polarity").fit(X, y, tags=tags).coef_)
    found = sweep(features, "ttpd", folds=3, parameters={"ttpd": {"polarity": "polarity"}}, resamples=0)
    assert found.best().auroc.value > 0.8
    with pytest.raises(InputError, match="reads the tag 'negated' and these rows have polarity"):
        TTPDProbe(polarity="negated").fit(*features.at("s").xy)


def test_a_perceptron_reads_what_no_line_can():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(600, 3))
    y = (X[:, 0] * X[:, 1] > 0).astype(int)
    probe = MLPProbe(lr=1e-2, width=32).fit(X[:400], y[:400])
    assert probe.score(X[400:], y[400:]) > 0.85
    assert LogisticProbe().fit(X[:400], y[:400]).score(X[400:], y[400:]) < 0.65
    assert probe.n_iter_ <= 200


def test_a_perceptrons_scores_by_hand():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(50, 3)), np.arange(50) % 2
    probe = MLPProbe(width=4, max_epochs=3).fit(X, y)
    w = probe.weights_
    hidden = np.maximum((X - X.mean(0)) / X.std(0) @ w["hidden"].T + w["hidden_bias"], 0)
    a, b = probe.calibration_
    np.testing.assert_allclose(probe.decision_function(X), a * (hidden @ w["out"] + w["out_bias"]) + b)


def test_early_stopping_holds_groups_out():
    from sonde.probes.network import Examples, Schedule, split_validation

    groups = np.repeat(np.arange(10), 5)
    data = Examples(torch.zeros(50, 1), np.arange(51), np.arange(50) % 2 == 1, np.ones(50), groups)
    learn, check = split_validation(data, Schedule(1e-3, 0.0, 5, 10, 8, 0.2, 0))
    assert not set(groups[learn]) & set(groups[check])
    assert len(check) == 10


def test_an_ensemble_is_the_mean_of_its_members_over_sites(tmp_path):
    rng = np.random.default_rng(0)
    y = np.arange(80) % 2
    values = {s: torch.tensor(rng.normal(size=(80, 3)) + k * y[:, None]) for s, k in (("a", 0.5), ("b", 1.0))}
    features = Features(values, ExampleTable(tuple(map(str, range(80))), y)).join()
    assert features.sites == ("a + b",)
    X, _ = features.at("a + b").xy
    probe = EnsembleProbe("logistic,mean_difference", blocks=2, l2=3.0).fit(X, y)
    votes = [
        member.fit(values[s].float(), y).decision_function(values[s].float())
        for s in values
        for member in (LogisticProbe(l2=3.0), MeanDifferenceProbe())
    ]
    np.testing.assert_allclose(probe.decision_function(X), np.mean(votes, axis=0))
    loaded = load_probe(probe.save(tmp_path / "p.safetensors"))
    np.testing.assert_array_equal(loaded.decision_function(X), probe.decision_function(X))
    assert loaded.origin_.site == "a + b"
    found = sweep(features, "ensemble", l2=[3.0], folds=3, parameters={"ensemble": {"blocks": 2}}, resamples=0)
    for k in range(3):
        train = found.fold != k
        again = found.make_best().fit(X.numpy()[train], y[train]).decision_function(X.numpy()[~train])
        np.testing.assert_allclose(found.out_of_fold[~train], again, rtol=1e-2, atol=1e-2)


def test_an_ensemble_refuses_what_it_cannot_split():
    X, y = np.random.default_rng(0).normal(size=(20, 3)), np.arange(20) % 2
    with pytest.raises(InputError, match=r"blocks=2 .* met 3 features"):
        EnsembleProbe(blocks=2).fit(X, y)
    with pytest.raises(InputError, match="did you mean 'logistic'"):
        EnsembleProbe("logistc").fit(X, y)
    with pytest.raises(InputError, match="members that are no ensembles"):
        EnsembleProbe("ensemble").fit(X, y)


def test_several_classes_are_read_one_against_the_rest_by_scikit_learn():
    from sklearn.linear_model import LogisticRegression
    from sklearn.multiclass import OneVsRestClassifier
    from sklearn.preprocessing import StandardScaler

    rng = np.random.default_rng(0)
    y = np.arange(90) % 3
    X = rng.normal(size=(90, 4)) + 2 * np.eye(3, 4)[y]
    ours = OneVsRestClassifier(LogisticProbe(l2=2.0)).fit(X, y)
    Z = StandardScaler().fit_transform(X)
    theirs = OneVsRestClassifier(LogisticRegression(C=0.5, tol=1e-10)).fit(Z, y)
    np.testing.assert_allclose(ours.predict_proba(X), theirs.predict_proba(Z), atol=1e-5)
