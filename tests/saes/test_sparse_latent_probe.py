"""The probe on a few latents: the contract of scikit-learn, files, and what it reads."""

import warnings

import numpy as np
import pytest
import torch
from sklearn.metrics import roc_auc_score
from sklearn.utils.estimator_checks import check_estimator
from tests.saes.makers import planted, trained

from sonde.activations import Features
from sonde.base.errors import InputError
from sonde.base.tables import ExampleTable
from sonde.probes import load_probe, probe_type, sweep
from sonde.saes import SparseLatentProbe
from sonde.scores import auroc


def rows(n=400):
    """Planted rows, labelled by whether the third feature is there."""
    features, X = planted()
    y = ((X[:n] - X.mean(0)) @ features[2]).numpy() > 0.6
    return X[:n].numpy().astype(np.float64), y.astype(int)


@pytest.mark.slow
@pytest.mark.parametrize("selection", ["k_sparse", "l1"])
def test_scikit_learns_checks_pass(selection):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        results = check_estimator(SparseLatentProbe(selection=selection), on_fail=None, on_skip=None)
    assert [r["check_name"] for r in results if r["status"] == "failed"] == []


@pytest.mark.parametrize("selection", ["k_sparse", "l1"])
def test_one_latent_of_an_autoencoder_reads_its_feature(tmp_path, selection):
    sae = trained("batchtopk")
    folder = sae.save(tmp_path / "sae")
    X, y = rows()
    probe = SparseLatentProbe(sae=str(folder), k=2, selection=selection).fit(X[:300], y[:300])
    chosen = [int(i) for i in probe.latents_ if i >= 0]
    assert 1 <= len(chosen) <= 2
    cosines = torch.nn.functional.normalize(sae.W_dec[chosen], dim=1) @ planted()[0][2]
    assert float(cosines.max()) > 0.9
    Z = sae.encode(torch.tensor(X[300:], dtype=torch.float32)).to_dense().numpy()
    best = max(roc_auc_score(y[300:], z) for z in Z.T)
    assert auroc(y[300:], probe.decision_function(X[300:])).value > best - 0.05
    codes = trained("batchtopk").encode(torch.from_numpy(X).float())[:, chosen].double().numpy()
    expected = codes @ probe.coef_[: len(chosen)] + probe.intercept_
    np.testing.assert_allclose(probe.decision_function(X), expected, atol=2e-3)


def test_its_file_needs_no_autoencoder_beside_it(tmp_path):
    folder = trained("jumprelu").save(tmp_path / "sae")
    X, y = rows()
    probe = SparseLatentProbe(sae=str(folder), k=3).fit(X, y)
    path = probe.save(tmp_path / "probe.safetensors")
    for file in folder.iterdir():
        file.unlink()
    np.testing.assert_array_equal(load_probe(path).decision_function(X), probe.decision_function(X))


def test_the_sweep_chooses_its_strength_on_folds():
    X, y = rows()
    features = Features({"s": torch.from_numpy(X)}, ExampleTable(tuple(map(str, range(len(y)))), y))
    found = sweep(features, probes=["sparse_latents"], l2=[1.0, 100.0], folds=3, resamples=100)
    assert found.best().auroc.value > 0.8
    assert found.best().l2 in (1.0, 100.0)


def test_it_is_a_registered_type():
    assert probe_type("sparse_latents") is SparseLatentProbe


def test_what_it_cannot_read(tmp_path):
    X, y = rows(60)
    with pytest.raises(InputError, match="topk autoencoder cannot be read by a probe on a few latents"):
        SparseLatentProbe(sae=str(trained("topk").save(tmp_path / "topk"))).fit(X, y)
    with pytest.raises(InputError, match="reads rows of width 16, got 5"):
        SparseLatentProbe(sae=str(trained("jumprelu").save(tmp_path / "jump"))).fit(X[:, :5], y)
    with pytest.raises(InputError, match=r"k=0, expected a whole number of at least 1"):
        SparseLatentProbe(k=0).fit(X, y)
    with pytest.raises(InputError, match=r"selection='best', expected 'k_sparse' or 'l1'"):
        SparseLatentProbe(selection="best").fit(X, y)
