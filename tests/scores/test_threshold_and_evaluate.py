"""The operating point and the test entry of run.json."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sonde.base.errors import InputError
from sonde.scores import auroc, bootstrap, clopper_pearson, evaluate, threshold_from_control


@given(st.integers(0, 10_000), st.integers(1, 400), st.sampled_from([0.01, 0.05, 0.29, 0.5]))
@settings(max_examples=80, deadline=None)
def test_no_smaller_threshold_keeps_the_rate(seed, n, fpr):
    scores = np.random.default_rng(seed).integers(30, size=n).astype(float)
    t = threshold_from_control(scores, fpr)
    assert (scores > t.value).sum() <= round(fpr * n + 1e-9, 9)
    assert (scores > np.nextafter(t.value, -np.inf)).sum() > fpr * n - 1e-9
    assert t.realised == (scores > t.value).mean()
    assert t.interval == clopper_pearson(int((scores > t.value).sum()), n)


def test_notes_grow_with_the_sample():
    rng = np.random.default_rng(0)
    small, middle, large = (threshold_from_control(rng.normal(size=n), 0.01, "chat") for n in (99, 100, 1000))
    assert "cannot resolve" in small.note
    assert small.realised == 0.0
    assert small.claim == "0 of 99 control rows flagged"
    assert middle.note.startswith("coarse")
    assert middle.claim == "1 % FPR (coarse)"
    assert (large.note, large.claim) == ("", "1 % FPR")
    assert large.interval == pytest.approx((0.0048, 0.0183), abs=1e-4)


def test_threshold_json_is_that_of_the_design():
    found = threshold_from_control(np.arange(1200.0), 0.01, "cretan:honest-chat").to_json()
    assert found == json.loads(json.dumps(found))
    assert set(found) >= {"value", "target_fpr", "control", "n", "realised"}
    assert found["realised"][0] < found["observed"] == 0.01 < found["realised"][1]


def test_an_empty_or_broken_control_is_refused():
    with pytest.raises(InputError, match="'chat' has no rows"):
        threshold_from_control(np.zeros(0), 0.01, "chat")
    with pytest.raises(InputError, match="control set 'chat' in row 1 is nan"):
        threshold_from_control(np.array([0.0, np.nan]), 0.01, "chat")


def test_evaluate_holds_every_number_of_the_design():
    rng = np.random.default_rng(1)
    y = rng.integers(2, size=600)
    s = y + rng.normal(size=600)
    groups = np.array([f"city {i // 3}" for i in range(600)])
    t = threshold_from_control(rng.normal(size=2000), 0.01, "chat")
    p = 1 / (1 + np.exp(-s))
    entry = evaluate(y, s, threshold=t, probabilities=p, groups=groups, resamples=200, seed=7)
    json.dumps(entry, allow_nan=False)
    assert entry["auroc"] == bootstrap(auroc, y, s, groups, 200, 7).to_json()
    assert entry["recall_at_fpr"]["0.01"]["note"].startswith("coarse")
    assert entry["recall_at_fpr"]["0.001"]["value"] is None
    assert "cannot resolve" in entry["recall_at_fpr"]["0.001"]["reason"]
    for name in ("balanced_accuracy", "brier", "ece", "realised_fpr", "recall"):
        assert entry[name]["low"] < entry[name]["value"] < entry[name]["high"]
    assert entry["recall"]["value"] == (s[y == 1] > t.value).mean()
    assert (entry["n_positive"], entry["n_negative"], entry["n_groups"]) == (y.sum(), 600 - y.sum(), 200)


def test_no_false_positive_is_not_certainty():
    y, s = np.repeat([0, 1], 200), np.repeat([0.0, 1.0], 200)
    entry = evaluate(y, s, threshold=0.5, resamples=50)
    assert entry["realised_fpr"]["value"] == 0.0
    assert entry["realised_fpr"]["high"] == pytest.approx(clopper_pearson(0, 200)[1])
    assert entry["brier"] == {"value": None, "low": None, "high": None, "reason": "no probabilities were given"}


def test_one_class_reports_what_it_can():
    entry = evaluate(np.zeros(50, int), np.arange(50.0), threshold=45.0, resamples=50)
    assert entry["auroc"]["reason"].startswith("one class only")
    assert entry["recall"]["reason"] == "no positive rows"
    assert entry["realised_fpr"]["value"] == 0.08
    assert evaluate(np.zeros(0, int), np.zeros(0), threshold=0.0)["auroc"]["reason"] == "no rows"
