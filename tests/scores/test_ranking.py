"""AUROC and recall at a fixed FPR, against scikit-learn and against the definition, spelt out."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from sonde.base.errors import InputError
from sonde.scores import auroc, recall_at_fpr, roc_points
from sonde.scores.ranking import allowed_false_positives, smallest_threshold


def by_definition(y, s, fpr_parts):
    """The largest recall over every possible strict threshold, FPR compared in whole numbers."""
    numerator, denominator = fpr_parts
    best = 0.0
    for t in [-np.inf, *s]:
        false = int((s[y == 0] > t).sum())
        if false * denominator <= numerator * int((y == 0).sum()):
            best = max(best, float((s[y == 1] > t).mean()))
    return best


def test_auroc_counts_pairs_and_halves_ties():
    y, s = np.array([0, 0, 1, 1]), np.array([1.0, 2.0, 2.0, 3.0])
    pairs = [(1.0 if p > n else 0.5 if p == n else 0.0) for p in s[y == 1] for n in s[y == 0]]
    assert auroc(y, s).value == np.mean(pairs) == 0.875


def test_flipping_classes_mirrors_auroc():
    rng = np.random.default_rng(0)
    y, s = rng.integers(2, size=200), rng.normal(size=200)
    assert auroc(1 - y, s).value == pytest.approx(1 - auroc(y, s).value, abs=1e-12)
    assert auroc(y, s).value == roc_auc_score(y, s)


@pytest.mark.parametrize("y", [np.zeros(5, int), np.ones(5, int), np.zeros(0, int)])
def test_one_class_is_undefined_with_its_reason(y):
    for metric in (auroc, lambda a, b: recall_at_fpr(a, b, 0.01)):
        found = metric(y, np.arange(float(len(y))))
        assert found.value is None
        assert found.reason in ("no rows", f"one class only: {y.sum()} positive and {5 - y.sum()} negative rows")


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_recall_is_the_best_any_threshold_gives(data):
    percent = data.draw(st.sampled_from([1, 5, 7, 29, 50]))
    n = data.draw(st.integers(100, 140))
    tied = data.draw(st.integers(2, 30))
    rng = np.random.default_rng(data.draw(st.integers(0, 10_000)))
    y = np.r_[np.zeros(n, int), np.ones(40, int)]
    s = rng.integers(tied, size=n + 40) + 0.5 * y
    assert recall_at_fpr(y, s, percent / 100).value == by_definition(y, s, (percent, 100))


@pytest.mark.parametrize(("fpr", "n", "allowed"), [(0.01, 99, 0), (0.01, 100, 1), (0.29, 100, 29), (0.07, 300, 21)])
def test_allowed_false_positives_do_not_suffer_from_binary_fractions(fpr, n, allowed):
    assert allowed_false_positives(fpr, n) == allowed
    scores = np.arange(float(n))
    assert (scores > smallest_threshold(scores, fpr)).sum() == allowed


def test_ties_at_the_threshold_are_not_flagged():
    """Three negatives tie at the top, one may be flagged: none is, and positives tied with them are not either."""
    y = np.r_[np.zeros(100, int), np.ones(4, int)]
    s = np.r_[np.zeros(97), 5.0, 5.0, 5.0, 5.0, 5.0, 6.0, 7.0]
    assert recall_at_fpr(y, s, 0.01).value == 0.5


def test_sample_size_guard():
    def at(n, fpr):
        return recall_at_fpr(np.r_[np.zeros(n, int), 1], np.arange(n + 1.0), fpr)

    assert at(99, 0.01).reason == "99 negative rows cannot resolve a 0.01 FPR: it takes at least 100"
    assert (
        at(100, 0.01).note == at(999, 0.01).note.replace("999", "100") == "coarse: 100 negative rows, fewer than 1000"
    )
    assert at(1000, 0.01).note == ""
    assert at(999, 0.001).value is None
    assert at(1000, 0.001).note.startswith("coarse")
    assert at(10_000, 0.001).note == ""


def test_roc_runs_from_corner_to_corner_and_encloses_the_auroc():
    rng = np.random.default_rng(1)
    y, s = rng.integers(2, size=300), rng.integers(40, size=300) * 1.0
    fpr, recall = roc_points(y, s)
    assert (fpr[0], recall[0], fpr[-1], recall[-1]) == (0, 0, 1, 1)
    assert np.trapezoid(recall, fpr) == pytest.approx(auroc(y, s).value)
    with pytest.raises(InputError, match="one class only"):
        roc_points(np.ones(3, int), np.arange(3.0))


@pytest.mark.parametrize(
    ("y", "s", "message"),
    [
        (np.array([0, 2]), np.array([0.0, 1.0]), "Label 2 in row 1 is neither 0 nor 1"),
        (np.array([0, 1]), np.array([0.0, np.nan]), "The score in row 1 is nan"),
        (np.array([0, 1]), np.array([0.0, np.inf]), "The score in row 1 is inf"),
        (np.array([0, 1]), np.array([0.0]), r"shape \(1,\), expected \(2,\)"),
        (np.array([[0, 1]]), np.array([0.0]), None),
    ],
)
def test_bad_arrays_are_refused(y, s, message):
    with pytest.raises(InputError if message else Exception, match=message):
        auroc(y, s)


@pytest.mark.parametrize("fpr", [0.0, 1.0, -0.1, float("nan")])
def test_impossible_rates_are_refused(fpr):
    with pytest.raises(InputError, match="between 0 and 1"):
        recall_at_fpr(np.array([0, 1]), np.array([0.0, 1.0]), fpr)
