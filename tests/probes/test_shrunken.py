"""Closed forms of all folds at once, against a factorisation of each fold and against scikit-learn."""

import numpy as np
import pytest
from sklearn.linear_model import Ridge
from sklearn.preprocessing import StandardScaler

from sonde.base.errors import InputError
from sonde.probes import ClassSums
from sonde.probes.closed_form import shrunken_directions
from sonde.probes.fold_rows import FoldRows
from sonde.probes.shrunken import shrunken_folds

STRENGTHS = (1e4, 1e2, 1.0, 1e-4)


def rows(n=200, d=30, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, d)) @ rng.normal(size=(d, d)) * 10 + 50
    y = (X - X.mean(0)) @ rng.normal(size=d) + 30 * rng.normal(size=n) > 0
    return FoldRows(X, y, rng.permutation(n) % 4)


@pytest.mark.parametrize("standardize", [True, False])
@pytest.mark.parametrize(("n", "d"), [(200, 30), (60, 40), (40, 50)])
def test_every_fold_and_strength_is_what_it_is_alone(n, d, standardize):
    given = rows(n, d)
    found = shrunken_folds(given.training_sums, STRENGTHS, standardize=standardize)
    for fold, directions in enumerate(found):
        kept = given.fold != fold
        alone = shrunken_directions(ClassSums.of(given.X[kept], given.y[kept]), STRENGTHS, standardize=standardize)
        error = np.linalg.norm(directions - alone, axis=1) / np.linalg.norm(alone, axis=1)
        assert error.max() < 1e-4


def test_directions_are_scikit_learns():
    given = rows()
    for fold, directions in enumerate(shrunken_folds(given.training_sums, STRENGTHS, standardize=True)):
        kept = given.fold != fold
        scaler = StandardScaler().fit(given.X[kept])
        for l2, direction in zip(STRENGTHS, directions, strict=True):
            theirs = Ridge(alpha=l2).fit(scaler.transform(given.X[kept]), np.where(given.y[kept], 1.0, -1.0))
            raw = theirs.coef_ / scaler.scale_
            assert direction @ raw / np.linalg.norm(direction) / np.linalg.norm(raw) > 1 - 1e-8


def test_what_conjugate_gradients_leave_is_factorised(monkeypatch):
    given = rows()
    expected = shrunken_folds(given.training_sums, STRENGTHS, standardize=True)
    monkeypatch.setattr("sonde.probes.shrunken.STEPS", 1)
    for mine, theirs in zip(shrunken_folds(given.training_sums, STRENGTHS, standardize=True), expected, strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-3, atol=1e-6 * np.abs(theirs).max())


def test_a_singular_scatter_without_a_penalty_is_refused():
    given = rows(40, 50)
    with pytest.raises(InputError, match="choose a larger l2"):
        shrunken_folds(given.training_sums, [0.0], standardize=True)


def test_sums_without_a_part_are_those_of_the_rest():
    given = rows()
    kept = given.fold != 1
    expected = ClassSums.of(given.X[kept], given.y[kept])
    for mine, theirs in zip(given.training_sums[1].scatter(), expected.scatter(), strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-9, atol=1e-6)
    assert given.training_sums[1].rows == kept.sum()
