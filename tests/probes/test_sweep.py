"""Selection: folds that keep groups together, a grid against plain loops, ties, refusals."""

import json

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from tests.probes.helpers import SITES, features

from sonde.activations import Features
from sonde.base.errors import InputError
from sonde.base.tables import ExampleTable
from sonde.probes import LogisticProbe, MeanDifferenceProbe, SweepRow, sweep
from sonde.probes.folds import assign_folds
from sonde.probes.selection import best_index
from sonde.scores import Estimate


def test_groups_never_cross_folds_and_every_row_validates_once():
    f = features()
    fold = assign_folds(f.y, f.groups, 5, 0)
    assert set(fold) == set(range(5))
    for group in np.unique(f.groups):
        assert len(set(fold[f.groups == group])) == 1
    np.testing.assert_array_equal(fold, assign_folds(f.y, f.groups, 5, 0))
    assert (fold != assign_folds(f.y, f.groups, 5, 1)).any()


def test_a_cell_is_what_a_plain_loop_finds():
    f = features()
    found = sweep(f, l2=[10.0], sites=[SITES[1]])
    X, y = f[SITES[1]].numpy().astype(np.float64), f.y
    each = []
    for k in range(5):
        train = found.fold != k
        model = make_pipeline(StandardScaler(), LogisticRegression(C=0.1, tol=1e-10)).fit(X[train], y[train])
        scores = model.decision_function(X[~train])
        each.append(roc_auc_score(y[~train], scores))
        np.testing.assert_allclose(found.out_of_fold[~train], scores, atol=1e-4)
    assert [e.value for e in found.best().folds] == pytest.approx(each)
    assert found.best().auroc.value == pytest.approx(np.mean(each))
    assert found.best().auroc.low < np.mean(each) < found.best().auroc.high


def test_the_grid_and_its_record():
    found = sweep(features(), ["logistic", "ridge", "lda", "mean_difference"], l2=[1.0, 100.0])
    assert len(found) == 3 * (3 * 2 + 1)
    assert [r["l2"] for r in found.rows if r["probe"] == "mean_difference"] == [None] * 3
    assert set(found.rows[0]) == {"site", "probe", "l2", "auroc", "folds", "gradient_norm", "converged"}
    json.dumps(found.rows, allow_nan=False)
    assert found.best().site != SITES[0]
    assert "folds that no group crosses" in found.method
    assert repr(found).startswith("Sweep(21 cells; best: ")


def test_the_best_is_fitted_on_all_rows():
    f = features()
    found = sweep(f, ["logistic"], l2=[1.0, 30.0], parameters={"logistic": {"class_weight": "balanced"}})
    row, probe = found.best(), found.fit_best(f)
    expected = LogisticProbe(l2=row.l2, class_weight="balanced").fit(*f.at(row.site).xy)
    np.testing.assert_array_equal(probe.coef_, expected.coef_)
    assert probe.origin_.site == row.site
    only = sweep(f, "mean_difference", sites=[SITES[1]])
    np.testing.assert_array_equal(only.fit_best(f).coef_, MeanDifferenceProbe().fit(*f.at(SITES[1]).xy).coef_)
    with pytest.raises(InputError, match="Unknown site"):
        only.fit_best(Features({SITES[0]: f[SITES[0]]}, f.examples))


def test_out_of_fold_scores_belong_to_the_best_cell():
    f = features()
    found = sweep(f, ["mean_difference", "logistic"], l2=[1.0, 10.0])
    best = found.best()
    alone = sweep(f, [best.probe], l2=[best.l2 or 1.0], sites=[best.site])
    np.testing.assert_allclose(found.out_of_fold, alone.out_of_fold, atol=1e-6)


def test_ties_go_to_the_stronger_penalty_then_the_earlier_layer_then_the_first_type():
    def row(site, probe, l2, value):
        auroc = Estimate.undefined("none") if value is None else Estimate(value)
        return SweepRow(site, probe, l2, auroc, ())

    rows = [
        row("a", "mean_difference", None, 1.0),
        row("a", "logistic", 1.0, 1.0),
        row("a", "logistic", 10.0, 1.0 - 1e-12),
        row("b", "logistic", 10.0, 1.0),
        row("b", "ridge", 10.0, 0.999999),
        row("b", "ridge", 1e9, None),
    ]
    assert best_index(rows) == 2
    assert best_index(rows[3:]) == 0
    assert best_index([rows[1], rows[0]]) == 0
    assert best_index([rows[5], rows[4]]) == 1


def test_without_groups_the_result_says_so():
    found = sweep(features(groups=False), l2=[10.0])
    assert not found.grouped
    assert "folds by row, as no groups are known" in found.method


def test_a_fold_with_one_class_is_noted_not_guessed():
    y = np.r_[np.ones(100, int), np.zeros(20, int)]  # negatives fill two folds of five at most
    groups = np.array([f"p{i // 5}" if i < 100 else f"n{i // 10}" for i in range(120)])
    f = features(y=y)
    f = Features({s: f[s] for s in f.sites}, ExampleTable(f.examples.ids, y, groups), {}, "mean")
    best = sweep(f, l2=[10.0]).best()
    assert best.auroc.note.startswith("3 of 5 folds hold one class only")
    assert sum(not e.defined for e in best.folds) == 3


@pytest.mark.parametrize(
    ("change", "options", "message"),
    [
        ({"y": np.ones(120, int)}, {}, "one class only"),
        ({}, {"folds": 31}, "30 groups for 31 folds"),
        ({"groups": False}, {"folds": 61}, "60 rows of the smaller class for 61 folds"),
        ({}, {"folds": 1}, "expected at least 2"),
        ({}, {"sites": ["blocks.1.hook_resid_pst"]}, "did you mean 'blocks.1.hook_resid_post'"),
        ({}, {"sites": []}, "no sites"),
        ({}, {"probes": ["logistc"]}, "did you mean 'logistic'"),
        ({}, {"probes": []}, "no probe types"),
        ({}, {"l2": [1.0, -1.0]}, "l2=-1.0, expected a finite number"),
        ({}, {"parameters": {"logistic": {"l1": 3}}}, "Unknown parameter of the logistic probe 'l1'"),
    ],
)
def test_refusals_are_sentences(change, options, message):
    with pytest.raises(InputError, match=message):
        sweep(features(**change), **options)


def test_missing_labels_and_broken_activations_are_refused():
    f = features()
    with pytest.raises(InputError, match="no labels"):
        sweep(Features({SITES[0]: f[SITES[0]]}, ExampleTable(f.examples.ids)))
    broken = f[SITES[2]].clone()
    broken[5, 1] = float("nan")
    with pytest.raises(InputError, match=rf"at {SITES[2]} hold NaN or inf in 1 of 120 rows, first in row 5"):
        sweep(Features({SITES[0]: f[SITES[0]], SITES[2]: broken}, f.examples), l2=[10.0])


def test_a_class_in_one_fold_is_refused():
    y = np.r_[np.zeros(100, int), np.ones(20, int)]
    groups = np.array([f"n{i}" if i < 100 else "the positives" for i in range(120)])
    with pytest.raises(InputError, match="All rows of one class fall into one of 5 folds"):
        assign_folds(y, groups, 5, 0)


def test_shuffled_labels_stay_at_chance():
    found = sweep(features(n=400, strength=(0.0, 0.0, 0.0)), l2=[10.0, 1000.0])
    assert all(abs(row.auroc.value - 0.5) < 0.12 for row in found)
