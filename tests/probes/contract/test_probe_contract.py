"""What every probe keeps, whatever it computes. A new probe type joins by being in `PROBE_TYPES`."""

import warnings

import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.utils.estimator_checks import check_estimator

from sonde.activations import Features
from sonde.base.errors import InputError
from sonde.base.tables import ExampleTable
from sonde.probes import PROBE_TYPES, load_probe
from sonde.scores import auroc, threshold_from_control

SITE = "blocks.1.hook_resid_post"
FINGERPRINT = {"model": "cretan", "model_fingerprint": "f" * 64, "tokens": "assistant", "data_sha256": "d" * 64}


def rows(n=80, d=6, seed=0, shift=1.2):
    rng = np.random.default_rng(seed)
    y = np.r_[np.zeros(n // 2, int), np.ones(n - n // 2, int)][rng.permutation(n)]
    X = rng.normal(size=(n, d)) @ rng.normal(size=(d, d)) + np.arange(d) + shift * y[:, None] * rng.normal(size=d)
    return X, y


@pytest.fixture(params=sorted(PROBE_TYPES))
def probe(request):
    return PROBE_TYPES[request.param]()


@pytest.fixture
def fitted(probe):
    return probe.fit(*rows())


def test_scikit_learns_checks_pass(probe):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        results = check_estimator(probe, on_fail=None, on_skip=None)
    assert [r["check_name"] for r in results if r["status"] == "failed"] == []
    assert sum(r["status"] == "passed" for r in results) >= 60


def test_it_learns(fitted):
    X, y = rows()
    assert auroc(y, fitted.decision_function(X)).value > 0.75
    assert fitted.score(X, y) > 0.65


@pytest.mark.parametrize("method", ["predict", "predict_proba", "decision_function", "score_examples", "save"])
def test_unfitted_is_refused(probe, method, tmp_path):
    arguments = {"score_examples": (None, ["text"]), "save": (tmp_path / "p.safetensors",)}.get(method, (rows()[0],))
    with pytest.raises(NotFittedError):
        getattr(probe, method)(*arguments)
    assert not hasattr(probe, "direction_")


def test_one_class_is_refused(probe):
    X, y = rows()
    with pytest.raises(InputError, match="one class only"):
        probe.fit(X, np.zeros_like(y))
    with pytest.raises(InputError, match="one class only"):
        probe.fit(X, y, sample_weight=1 - y)


def test_three_classes_and_missing_labels_are_refused(probe):
    X, y = rows()
    with pytest.raises(InputError, match="Only binary classification"):
        probe.fit(X, np.arange(len(y)) % 3)
    with pytest.raises(InputError, match="requires y to be passed"):
        probe.fit(X, None)


def test_empty_is_refused(probe):
    with pytest.raises(InputError, match="0 sample"):
        probe.fit(np.empty((0, 4)), np.empty(0, int))
    with pytest.raises(InputError, match="0 feature"):
        probe.fit(np.empty((4, 0)), np.array([0, 1, 0, 1]))


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_non_finite_is_refused_with_site_and_row(probe, value):
    X, y = rows()
    X[7, 2] = value
    features = Features({SITE: torch.tensor(X)}, ExampleTable(ids=tuple(map(str, range(80))), labels=y), FINGERPRINT)
    with pytest.raises(InputError, match=rf"at {SITE} hold NaN or inf in 1 of 80 rows, first in row 7"):
        probe.fit(*features.at(SITE).xy)
    with pytest.raises(InputError, match="first in row 7"):
        probe.fit(*rows()).decision_function(X)


def test_another_width_is_refused(fitted):
    with pytest.raises(InputError, match="X has 4 features"):
        fitted.predict(np.zeros((2, 4)))


def test_same_seed_same_result(probe):
    first, second = clone(probe).fit(*rows()), clone(probe).fit(*rows())
    np.testing.assert_array_equal(first.coef_, second.coef_)
    assert first.intercept_ == second.intercept_


def test_global_randomness_is_left_alone(probe):
    np.random.seed(3)
    torch.manual_seed(3)
    before = np.random.get_state()[1].copy(), torch.get_rng_state()
    probe.fit(*rows())
    np.testing.assert_array_equal(np.random.get_state()[1], before[0])
    assert torch.equal(torch.get_rng_state(), before[1])


def test_order_of_rows_does_not_matter(probe):
    X, y = rows()
    shuffled = np.random.default_rng(1).permutation(len(y))
    first, second = clone(probe).fit(X, y), clone(probe).fit(X[shuffled], y[shuffled])
    np.testing.assert_allclose(first.decision_function(X), second.decision_function(X), rtol=1e-6, atol=1e-8)


def test_fit_leaves_parameters_and_data_alone(probe):
    X, y = rows()
    parameters, X_before, y_before = probe.get_params(), X.copy(), y.copy()
    assert probe.fit(X, y) is probe
    assert probe.get_params() == parameters
    np.testing.assert_array_equal(X, X_before)
    np.testing.assert_array_equal(y, y_before)


def test_torch_in_gives_what_numpy_gives(probe):
    X, y = rows()
    X = X.astype(np.float32)
    ours, theirs = clone(probe).fit(torch.tensor(X), torch.tensor(y)), clone(probe).fit(X.astype(np.float64), y)
    np.testing.assert_array_equal(ours.coef_, theirs.coef_)
    np.testing.assert_array_equal(ours.decision_function(torch.tensor(X)), theirs.decision_function(X))
    half = torch.tensor(X).bfloat16().requires_grad_()
    np.testing.assert_array_equal(ours.predict(half), ours.predict(half.detach().float()))


@pytest.mark.gpu
def test_a_tensor_on_the_gpu_is_fetched(probe):
    if not torch.cuda.is_available():
        pytest.skip("needs a CUDA device")
    X, y = rows()
    on_gpu = clone(probe).fit(torch.tensor(X, device="cuda"), torch.tensor(y, device="cuda"))
    np.testing.assert_array_equal(on_gpu.coef_, clone(probe).fit(X, y).coef_)


def test_direction_is_the_gradient_of_the_score(fitted):
    x = rows()[0][:1]
    step = 1e-4
    around = x + step * np.eye(x.shape[1])
    gradient = (fitted.decision_function(around) - fitted.decision_function(x)) / step
    np.testing.assert_allclose(fitted.direction_, gradient / np.linalg.norm(gradient), atol=1e-7)
    assert np.linalg.norm(fitted.direction_) == pytest.approx(1.0)


def test_score_is_linear_in_raw_activations(fitted):
    X, _ = rows(seed=5)
    np.testing.assert_allclose(fitted.decision_function(X), X @ fitted.coef_ + fitted.intercept_)
    assert fitted.coef_.shape == (6,)


def test_flipping_the_classes_negates_the_score(probe):
    X, y = rows()
    X, y = X[:-7], y[:-7]
    ours, flipped = clone(probe).fit(X, y), clone(probe).fit(X, 1 - y)
    np.testing.assert_allclose(ours.decision_function(X), -flipped.decision_function(X), rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("classes", [("honest", "lie"), (-1, 1), (False, True), (0.0, 1.0)])
def test_any_two_classes(probe, classes):
    X, y = rows()
    named = clone(probe).fit(X, np.array(classes)[y])
    assert named.classes_.tolist() == list(classes)
    np.testing.assert_allclose(named.decision_function(X), clone(probe).fit(X, y).decision_function(X))
    assert set(named.predict(X).tolist()) == set(classes)


def test_probabilities_are_the_sigmoid_of_the_score(fitted):
    X, _ = rows(seed=2)
    p = fitted.predict_proba(X)
    np.testing.assert_allclose(p.sum(axis=1), 1.0)
    np.testing.assert_allclose(np.log(p[:, 1] / p[:, 0]), fitted.decision_function(X), rtol=1e-6)


def test_constant_features_weigh_nothing(probe):
    X, y = rows()
    X = np.c_[X, np.full(len(y), 0.1), np.zeros(len(y)), np.full(len(y), 1e6)]
    with_constant = clone(probe).fit(X, y)
    np.testing.assert_allclose(with_constant.coef_[6:], 0.0, atol=1e-9)
    np.testing.assert_allclose(with_constant.coef_[:6], clone(probe).fit(X[:, :6], y).coef_, rtol=1e-5, atol=1e-8)
    assert np.isfinite(with_constant.decision_function(X)).all()


def test_no_information_gives_no_direction(probe):
    same = probe.fit(np.ones((10, 3)), np.arange(10) % 2)
    with pytest.raises(InputError, match="has no direction"):
        _ = same.direction_
    np.testing.assert_allclose(same.predict_proba(np.ones((1, 3))), 0.5, atol=1e-6)


def test_more_features_than_rows(probe):
    X, y = rows(n=30, d=100)
    wide = probe.fit(X, y)
    assert wide.coef_.shape == (100,)
    assert auroc(y, wide.decision_function(X)).value > 0.9


def test_save_and_load_are_bit_exact(probe, tmp_path):
    X, y = rows()
    features = Features(
        {SITE: torch.tensor(X)}, ExampleTable(ids=tuple(map(str, range(80))), labels=y), FINGERPRINT, "mean"
    )
    probe = probe.fit(*features.at(SITE).xy).with_threshold(threshold_from_control(rows(seed=9)[0][:, 0], 0.01, "chat"))
    loaded = load_probe(probe.save(tmp_path / "p.safetensors"))
    assert type(loaded) is type(probe)
    assert loaded.get_params() == probe.get_params()
    assert (loaded.origin_, loaded.threshold_, loaded.audit_) == (probe.origin_, probe.threshold_, "not audited")
    assert (loaded.n_rows_, loaded.n_iter_, loaded.gradient_norm_) == (80, probe.n_iter_, probe.gradient_norm_)
    np.testing.assert_array_equal(loaded.classes_, probe.classes_)
    for name, values in probe.arrays().items():
        np.testing.assert_array_equal(loaded.arrays()[name], values)
    np.testing.assert_array_equal(loaded.decision_function(X), probe.decision_function(X))
    again = loaded.save(tmp_path / "again.safetensors")
    assert again.read_bytes() == (tmp_path / "p.safetensors").read_bytes()


def test_origin_is_remembered_and_forgotten(probe):
    X, y = rows()
    features = Features({SITE: torch.tensor(X)}, ExampleTable(ids=tuple(map(str, range(80))), labels=y), FINGERPRINT)
    assert probe.fit(*features.at(SITE).xy).origin_.site == SITE
    assert probe.fit(X, y).origin_ is None


@pytest.mark.parametrize("l2", [-1.0, np.nan, np.inf, "10", None, True])
def test_a_meaningless_strength_is_refused(probe, l2):
    if "l2" not in probe.get_params():
        pytest.skip("this probe has no strength")
    with pytest.raises(InputError, match=r"was given l2=.*, expected a finite number of at least 0"):
        probe.set_params(l2=l2).fit(*rows())
