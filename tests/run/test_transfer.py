"""The transfer matrix against fits written out by hand."""

from typing import ClassVar

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from sonde.run.transfer import Kind, kinds_of, transfer_matrix


class Reader(LogisticRegression):
    """Remembers the groups it was fitted on, which stand in the last column, and refuses to score them."""

    fitted: ClassVar[list] = []

    def fit(self, X, y):
        self.seen_ = set(X[:, -1].astype(int))
        Reader.fitted.append(self.seen_)
        return super().fit(X[:, :-1], y)

    def decision_function(self, X):
        assert not self.seen_ & set(X[:, -1].astype(int))
        return super().decision_function(X[:, :-1])


def kind(name, seed, groups, signal):
    """A kind whose last column is the number of the group."""
    rng = np.random.default_rng(seed)
    y = np.arange(120) % 2
    group = rng.choice(groups, 120)
    X = rng.normal(size=(120, 4)) + y[:, None] * signal
    return Kind(name, np.c_[X, group], y, np.array([f"g{g}" for g in group]))


A = kind("a", 0, range(20), np.array([2.0, 0, 0, 0]))
B = kind("b", 1, range(20, 40), np.array([0, 2.0, 0, 0]))
C = kind("c", 2, range(20, 40), np.array([1.5, 0, -2.0, 0]))


def test_kinds_without_a_common_group_are_trained_on_whole():
    found = transfer_matrix([A, B, C], Reader, resamples=100)
    reader = LogisticRegression().fit(A.X[:, :-1], A.y)
    for column, other in ((1, B), (2, C)):
        expected = roc_auc_score(other.y, reader.decision_function(other.X[:, :-1]))
        assert found["auroc"][0][column]["value"] == pytest.approx(expected)
    both = LogisticRegression().fit(np.r_[B.X, C.X][:, :-1], np.r_[B.y, C.y])
    assert found["left_out"][0]["value"] == pytest.approx(roc_auc_score(A.y, both.decision_function(A.X[:, :-1])))


def test_no_group_is_both_trained_and_tested_on_and_every_row_is_tested():
    Reader.fitted.clear()
    found = transfer_matrix([B, C], Reader, resamples=100)  # the reader itself looks at the groups
    assert len(Reader.fitted) == 2 * 5  # each kind without each fold, once for all that it is tested on
    assert found["auroc"][0][0]["value"] > 0.85
    assert found["n"] == [120, 120]


def test_the_worst_place_is_off_the_diagonal():
    found = transfer_matrix([A, B, C], Reader, resamples=100)
    values = np.array([[cell["value"] for cell in row] for row in found["auroc"]])
    np.fill_diagonal(values, 2.0)
    assert found["worst"] == list(np.unravel_index(values.argmin(), values.shape))


def test_a_set_of_several_reasons_is_cut_by_them_and_keeps_its_negatives():
    y = np.array([1, 1, 1, 0, 0])
    reasons = ["money", "fear", "money", None, "none"]
    cut = kinds_of("lies", np.arange(5.0)[:, None], y, np.array(list("abcde")), reasons)
    assert [k.name for k in cut] == ["lies: money", "lies: fear"]
    assert [k.X[:, 0].tolist() for k in cut] == [[0, 2, 3, 4], [1, 3, 4]]
    assert [k.name for k in kinds_of("one", np.zeros((5, 1)), y, np.array(list("abcde")), ["x"] * 5)] == ["one"]


def test_a_cell_without_two_classes_is_undefined():
    lonely = Kind("lonely", A.X[:6], np.array([1, 0, 0, 0, 0, 0]), np.array(["g0"] * 6))
    found = transfer_matrix([lonely, lonely], Reader, resamples=100)
    assert found["auroc"][0][0]["value"] is None
    assert "one class" in found["auroc"][0][0]["reason"]
    assert found["worst"] is None
