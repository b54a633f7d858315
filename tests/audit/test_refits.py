import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.preprocessing import StandardScaler

from sonde.audit.refits import refit_columns
from sonde.probes import LDAProbe, LogisticProbe, MeanDifferenceProbe, RidgeProbe
from sonde.scores import permuted_labels


@pytest.fixture(scope="module")
def rows():
    rng = np.random.default_rng(0)
    y = np.tile([0, 1], 150)
    X = rng.normal(size=(300, 20)) @ rng.normal(size=(20, 20)) + 3.0
    X[:, 0] += y
    return X, y, np.vstack([y.astype(bool), permuted_labels(y, None, k=300, seed=1)])


def cosine(a, b):
    return float(a @ b / np.linalg.norm(a) / np.linalg.norm(b))


@pytest.mark.parametrize(
    "probe",
    [LogisticProbe(l2=10.0), LogisticProbe(l2=0.1), RidgeProbe(l2=10.0), MeanDifferenceProbe(), LDAProbe(l2=10.0)],
)
def test_every_column_is_what_the_probe_itself_learns(rows, probe):
    X, _, labels = rows
    weights, note = refit_columns(probe, X, labels)
    assert weights.shape == (20, len(labels))
    assert note == ""
    for k in (0, 1, 270):
        own = type(probe)(**probe.get_params()).fit(X, labels[k].astype(int))
        assert cosine(weights[:, k], own.coef_) > 0.999


def test_columns_agree_with_scikit_learn(rows):
    X, _, labels = rows
    scaler = StandardScaler().fit(X)
    Z = scaler.transform(X)
    logistic = LogisticRegression(C=1 / 10.0, max_iter=5000, tol=1e-8).fit(Z, labels[3])
    ridge = Ridge(alpha=10.0).fit(Z, 2.0 * labels[3] - 1)
    for probe, theirs in ((LogisticProbe(l2=10.0), logistic.coef_[0]), (RidgeProbe(l2=10.0), ridge.coef_)):
        mine = refit_columns(probe, X, labels[3:4])[0][:, 0] * scaler.scale_
        assert cosine(mine, theirs) > 0.999


def test_another_type_is_stood_in_for_and_said_so(rows):
    class Odd(RidgeProbe):
        kind = "odd"

    X, _, labels = rows
    weights, note = refit_columns(Odd(), X, labels[:2])
    assert "ridge probe stood in for the odd probe" in note
    np.testing.assert_allclose(weights, refit_columns(RidgeProbe(l2=10.0), X, labels[:2])[0])
