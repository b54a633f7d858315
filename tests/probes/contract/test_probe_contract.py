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
from sonde.probes import PROBE_TYPES, CCSProbe, LinearProbe, load_probe
from sonde.probes.networks import NetworkProbe
from sonde.scores import auroc, threshold_from_control

SITE = "blocks.1.hook_resid_post"
FINGERPRINT = {"model": "cretan", "model_fingerprint": "f" * 64, "tokens": "assistant", "data_sha256": "d" * 64}


def rows(n=80, d=6, seed=0, shift=1.2):
    rng = np.random.default_rng(seed)
    y = np.r_[np.zeros(n // 2, int), np.ones(n - n // 2, int)][rng.permutation(n)]
    X = rng.normal(size=(n, d)) @ rng.normal(size=(d, d)) + np.arange(d) + shift * y[:, None] * rng.normal(size=d)
    return X, y


def pairs_of(y):
    """Groups of two: the i-th row of one class and the i-th of the other."""
    y = np.asarray(y)
    if y.ndim != 1 or len(np.unique(y)) > 2:
        return None
    rank = np.empty(len(y), int)
    for c in np.unique(y):
        rank[y == c] = np.arange(np.sum(y == c))
    return rank


def fit(probe, X, y, sample_weight=None, **known):
    """Fit; `ccs` is given the pairs that it cannot do without."""
    if probe.kind == "ccs" and y is not None and "groups" not in known:
        known["groups"] = pairs_of(y)
    return probe.fit(X, y, sample_weight, **known)


def same_arrays(first, second):
    assert set(first.arrays()) == set(second.arrays())
    for name, values in first.arrays().items():
        np.testing.assert_array_equal(second.arrays()[name], values)


class PairedCCS(CCSProbe):
    """CCS that pairs rows by rank, for callers that know no groups."""

    def fit(self, X, y, sample_weight=None):
        labels = None if y is None else np.asarray(y)
        if labels is not None and labels.ndim == 2 and labels.shape[1] == 1:
            labels = labels[:, 0]
        known = {} if labels is None or labels.ndim != 1 else {"groups": pairs_of(labels)}
        return super().fit(X, y, sample_weight, **known)


#: What the types other than the deterministic linear ones do not promise, and why.
BATCHES = "they learn from mini-batches, so a weight of 2 is not two rows, and the order of rows counts"
EXPECTED = {
    "ccs": {"check_sample_weight_equivalence_on_dense_data": "pairs are made by rank, which repeated rows change"},
    "mlp": {"check_sample_weight_equivalence_on_dense_data": BATCHES},
    "attention": {"check_sample_weight_equivalence_on_dense_data": BATCHES},
    "multimax": {"check_sample_weight_equivalence_on_dense_data": BATCHES},
}
LINEAR = sorted(k for k, kind in PROBE_TYPES.items() if issubclass(kind, LinearProbe))
EXACT = sorted(set(PROBE_TYPES) - {"mlp", "attention", "multimax"})


def make(kind):
    """Return a probe that is quick to fit."""
    few = {"max_epochs": 60, "lr": 5e-3} if issubclass(PROBE_TYPES[kind], NetworkProbe) else {}
    return PROBE_TYPES[kind](**few, **({"restarts": 3} if kind == "ccs" else {}))


@pytest.fixture(params=sorted(PROBE_TYPES))
def probe(request):
    return make(request.param)


@pytest.fixture(params=LINEAR)
def linear(request):
    return make(request.param)


@pytest.fixture(params=EXACT)
def exact(request):
    return make(request.param)


@pytest.fixture
def fitted(probe):
    return fit(probe, *rows())


@pytest.fixture
def fitted_linear(linear):
    return fit(linear, *rows())


@pytest.mark.slow
def test_scikit_learns_checks_pass(probe):
    checked = PairedCCS(restarts=2) if probe.kind == "ccs" else probe
    if isinstance(probe, NetworkProbe):
        checked = probe.set_params(max_epochs=30)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        results = check_estimator(
            checked, on_fail=None, on_skip=None, expected_failed_checks=EXPECTED.get(probe.kind, {})
        )
    assert [(r["check_name"], str(r["exception"])[:200]) for r in results if r["status"] == "failed"] == []
    assert sum(r["status"] == "passed" for r in results) >= 58


#: Types that learn without labels (but for the sign) find a concept only where it is what varies most.
UNSUPERVISED = {"lat": 12.0, "ccs": 12.0}


def test_it_learns(probe):
    X, y = rows(shift=UNSUPERVISED.get(probe.kind, 1.2))
    fitted = fit(probe, X, y)
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
        fit(probe, X, np.zeros_like(y))
    with pytest.raises(InputError, match="one class only"):
        fit(probe, X, y, sample_weight=1 - y)


def test_three_classes_and_missing_labels_are_refused(probe):
    X, y = rows()
    with pytest.raises(InputError, match="Only binary classification"):
        fit(probe, X, np.arange(len(y)) % 3)
    with pytest.raises(InputError, match="requires y to be passed"):
        fit(probe, X, None)


def test_empty_is_refused(probe):
    with pytest.raises(InputError, match="0 sample"):
        fit(probe, np.empty((0, 4)), np.empty(0, int))
    with pytest.raises(InputError, match="0 feature"):
        fit(probe, np.empty((4, 0)), np.array([0, 1, 0, 1]))


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_non_finite_is_refused_with_site_and_row(probe, value):
    X, y = rows()
    X[7, 2] = value
    features = Features({SITE: torch.tensor(X)}, ExampleTable(ids=tuple(map(str, range(80))), labels=y), FINGERPRINT)
    with pytest.raises(InputError, match=rf"at {SITE} hold NaN or inf in 1 of 80 rows, first in row 7"):
        fit(probe, *features.at(SITE).xy)
    with pytest.raises(InputError, match="first in row 7"):
        fit(probe, *rows()).decision_function(X)


def test_another_width_is_refused(fitted):
    with pytest.raises(InputError, match="X has 4 features"):
        fitted.predict(np.zeros((2, 4)))


def test_same_seed_same_result(probe):
    first, second = fit(clone(probe), *rows()), fit(clone(probe), *rows())
    same_arrays(first, second)


def test_global_randomness_is_left_alone(probe):
    np.random.seed(3)
    torch.manual_seed(3)
    before = np.random.get_state()[1].copy(), torch.get_rng_state()
    fit(probe, *rows())
    np.testing.assert_array_equal(np.random.get_state()[1], before[0])
    assert torch.equal(torch.get_rng_state(), before[1])


def test_order_of_rows_does_not_matter(exact):
    if exact.kind == "ccs":
        pytest.skip("which side of a pair comes first is information")
    X, y = rows()
    shuffled = np.random.default_rng(1).permutation(len(y))
    first, second = fit(clone(exact), X, y), fit(clone(exact), X[shuffled], y[shuffled])
    np.testing.assert_allclose(first.decision_function(X), second.decision_function(X), rtol=1e-6, atol=1e-8)


def test_fit_leaves_parameters_and_data_alone(probe):
    X, y = rows()
    parameters, X_before, y_before = probe.get_params(), X.copy(), y.copy()
    assert fit(probe, X, y) is probe
    assert probe.get_params() == parameters
    np.testing.assert_array_equal(X, X_before)
    np.testing.assert_array_equal(y, y_before)


def test_torch_in_gives_what_numpy_gives(probe):
    X, y = rows()
    X = X.astype(np.float32)
    ours, theirs = fit(clone(probe), torch.tensor(X), torch.tensor(y)), fit(clone(probe), X.astype(np.float64), y)
    same_arrays(ours, theirs)
    np.testing.assert_array_equal(ours.decision_function(torch.tensor(X)), theirs.decision_function(X))
    half = torch.tensor(X).bfloat16().requires_grad_()
    np.testing.assert_array_equal(ours.predict(half), ours.predict(half.detach().float()))


@pytest.mark.gpu
def test_a_tensor_on_the_gpu_is_fetched(probe):
    if not torch.cuda.is_available():
        pytest.skip("needs a CUDA device")
    X, y = rows()
    on_gpu = fit(clone(probe), torch.tensor(X, device="cuda"), torch.tensor(y, device="cuda"))
    same_arrays(on_gpu, fit(clone(probe), X, y))


def test_direction_is_the_gradient_of_the_score(fitted_linear):
    x = rows()[0][:1]
    step = 1e-4
    around = x + step * np.eye(x.shape[1])
    gradient = (fitted_linear.decision_function(around) - fitted_linear.decision_function(x)) / step
    np.testing.assert_allclose(fitted_linear.direction_, gradient / np.linalg.norm(gradient), atol=1e-7)
    assert np.linalg.norm(fitted_linear.direction_) == pytest.approx(1.0)


def test_score_is_linear_in_raw_activations(fitted_linear):
    X, _ = rows(seed=5)
    np.testing.assert_allclose(fitted_linear.decision_function(X), X @ fitted_linear.coef_ + fitted_linear.intercept_)
    assert fitted_linear.coef_.shape == (6,)


def test_flipping_the_classes_negates_the_score(exact):
    X, y = rows()
    X, y = X[:-7], y[:-7]
    ours, flipped = fit(clone(exact), X, y), fit(clone(exact), X, 1 - y)
    np.testing.assert_allclose(ours.decision_function(X), -flipped.decision_function(X), rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("classes", [("honest", "lie"), (-1, 1), (False, True), (0.0, 1.0)])
def test_any_two_classes(probe, classes):
    X, y = rows()
    named = fit(clone(probe), X, np.array(classes)[y])
    assert named.classes_.tolist() == list(classes)
    np.testing.assert_allclose(named.decision_function(X), fit(clone(probe), X, y).decision_function(X))
    assert set(named.predict(X).tolist()) == set(classes)


def test_probabilities_are_the_sigmoid_of_the_score(fitted):
    X, _ = rows(seed=2)
    p = fitted.predict_proba(X)
    np.testing.assert_allclose(p.sum(axis=1), 1.0)
    np.testing.assert_allclose(np.log(p[:, 1] / p[:, 0]), fitted.decision_function(X), rtol=1e-6)


def test_constant_features_weigh_nothing(linear):
    X, y = rows()
    X = np.c_[X, np.full(len(y), 0.1), np.zeros(len(y)), np.full(len(y), 1e6)]
    with_constant = fit(clone(linear), X, y)
    np.testing.assert_allclose(with_constant.coef_[6:], 0.0, atol=1e-9)
    if linear.kind == "ccs":
        return  # its random starts depend on the number of features
    np.testing.assert_allclose(with_constant.coef_[:6], fit(clone(linear), X[:, :6], y).coef_, rtol=1e-5, atol=1e-8)
    assert np.isfinite(with_constant.decision_function(X)).all()


def test_no_information_gives_no_direction(linear):
    same = fit(linear, np.ones((10, 3)), np.arange(10) % 2)
    with pytest.raises(InputError, match="has no direction"):
        _ = same.direction_
    np.testing.assert_allclose(same.predict_proba(np.ones((1, 3))), 0.5, atol=1e-6)


def test_more_features_than_rows(probe):
    X, y = rows(n=30, d=100, shift=4 * UNSUPERVISED.get(probe.kind, 0.3))
    wide = fit(probe, X, y)
    assert wide.decision_function(X).shape == (30,)
    assert auroc(y, wide.decision_function(X)).value > 0.9


def test_save_and_load_are_bit_exact(probe, tmp_path):
    X, y = rows()
    features = Features(
        {SITE: torch.tensor(X)}, ExampleTable(ids=tuple(map(str, range(80))), labels=y), FINGERPRINT, "mean"
    )
    probe = fit(probe, *features.at(SITE).xy).with_threshold(
        threshold_from_control(rows(seed=9)[0][:, 0], 0.01, "chat")
    )
    loaded = load_probe(probe.save(tmp_path / "p.safetensors"))
    assert type(loaded) is type(probe)
    assert loaded.get_params() == probe.get_params()
    assert (loaded.origin_, loaded.threshold_, loaded.audit_) == (probe.origin_, probe.threshold_, "not audited")
    assert (loaded.n_rows_, loaded.n_iter_, loaded.gradient_norm_) == (80, probe.n_iter_, probe.gradient_norm_)
    np.testing.assert_array_equal(loaded.classes_, probe.classes_)
    same_arrays(probe, loaded)
    np.testing.assert_array_equal(loaded.decision_function(X), probe.decision_function(X))
    again = loaded.save(tmp_path / "again.safetensors")
    assert again.read_bytes() == (tmp_path / "p.safetensors").read_bytes()


def test_origin_is_remembered_and_forgotten(probe):
    X, y = rows()
    features = Features({SITE: torch.tensor(X)}, ExampleTable(ids=tuple(map(str, range(80))), labels=y), FINGERPRINT)
    assert fit(probe, *features.at(SITE).xy).origin_.site == SITE
    assert fit(probe, X, y).origin_ is None


@pytest.mark.parametrize("l2", [-1.0, np.nan, np.inf, "10", None, True])
def test_a_meaningless_strength_is_refused(probe, l2):
    if "l2" not in probe.get_params():
        pytest.skip("this probe has no strength")
    with pytest.raises(InputError, match=r"was given l2=.*, expected a finite number of at least 0"):
        probe.set_params(l2=l2).fit(*rows())
