"""Ranking by a concept: figures against independent ones, and what is refused."""

import numpy as np
import pytest
import scipy.sparse as sp
import torch
from sklearn.metrics import roc_auc_score

from sonde.activations import Activations
from sonde.base.errors import InputError
from sonde.base.tables import ExampleTable
from sonde.saes import LinearSAE, absorption, neuron_sae, pw_mcc, random_sae, rank_latents, sae_table
from sonde.saes.activation import ReLU
from sonde.saes.codes import pool_codes
from sonde.saes.latent_auroc import separation
from sonde.saes.matching import match
from sonde.saes.probing import k_sparse, split_groups
from sonde.saes.stability import neighbours


def sparse_codes(n=300, s=20, seed=0):
    random = np.random.default_rng(seed)
    Z = random.random((n, s)) * (random.random((n, s)) < np.linspace(0.02, 0.9, s))
    Z[:, 3] = 0.0
    return np.round(Z, 1)  # ties


def test_aurocs_of_all_latents_are_scikit_learns():
    Z, y = sparse_codes(), np.arange(300) % 3 == 0
    found = separation(sp.csr_matrix(Z), y)
    np.testing.assert_allclose(found.auroc, [roc_auc_score(y, z) for z in Z.T])
    np.testing.assert_allclose(found.density, (Z > 0).mean(0))
    assert (found.auroc[3], found.z[3]) == (0.5, 0.0)


def test_z_is_scipys_mann_whitney_with_the_correction_for_ties():
    from scipy.stats import mannwhitneyu, norm

    Z, y = sparse_codes(seed=1), np.arange(300) % 3 == 0
    found = separation(sp.csr_matrix(Z), y)
    for j in (0, 5, 19):
        p = mannwhitneyu(Z[y, j], Z[~y, j], use_continuity=False, method="asymptotic").pvalue
        assert abs(found.z[j]) == pytest.approx(norm.isf(p / 2), rel=1e-6)


def test_the_correction_prefers_a_rare_pure_latent_to_a_dense_noisy_one():
    random, n = np.random.default_rng(0), 4000
    y = np.arange(n) % 2 == 0
    rare = (y & (random.random(n) < 0.1)).astype(float)
    dense = np.abs(random.normal(size=n) + 0.2 * y) + 0.01
    found = separation(sp.csr_matrix(np.stack([rare, dense], 1)), y)
    assert found.order()[0] == 0


def test_pooling_of_codes():
    Z = sp.csr_matrix(np.array([[1.0, 0.0], [3.0, 0.0], [0.0, 2.0]]))
    offsets = np.array([0, 2, 3])
    assert pool_codes(Z, offsets, "max").toarray().tolist() == [[3.0, 0.0], [0.0, 2.0]]
    assert pool_codes(Z, offsets, "mean").toarray().tolist() == [[2.0, 0.0], [0.0, 2.0]]
    assert pool_codes(Z, offsets, "last").toarray().tolist() == [[3.0, 0.0], [0.0, 2.0]]
    with pytest.raises(InputError, match="Example number 1 has no token"):
        pool_codes(Z, np.array([0, 3, 3]), "max")


def concept(n=240, d=6, shift=3.0, seed=0):
    """Rows whose first coordinate tells the class, in 60 groups."""
    y, groups = np.arange(n) % 2, np.repeat(np.arange(n // 4), 4)
    X = torch.randn(n, d, generator=torch.Generator().manual_seed(seed))
    X[:, 0] += torch.tensor(shift * y)
    return X, y, groups


def test_the_latent_of_the_concept_is_found_and_the_table_is_complete():
    X, y, groups = concept()
    sae = neuron_sae(X)
    ranking = rank_latents(sae, (X, y, groups), others=[sae], resamples=100)
    content = ranking.content
    assert ranking.best in (0, 6)  # the coordinate's upper end, or its lower end, silent in positives
    assert content["latents"][0]["test"]["value"] > 0.9
    assert content["latents"][0]["stability"] == pytest.approx(1.0)
    assert content["pw_mcc"] == pytest.approx(1.0)
    assert set(content["k_sparse"]) == {"1", "2", "5", "16"}
    detectors = [row["detector"] for row in sae_table(ranking)["rows"]]
    assert detectors[0] == "best latent"
    assert {"dense logistic", "mean difference", "random sae, 16 latents", "neurons, 16 latents"} <= set(detectors)
    assert content["reconstruction"]["reconstruction"]["test"]["value"] > 0.9
    assert content["reconstruction"]["residual"]["test"]["value"] == pytest.approx(0.5, abs=0.25)


def test_the_sentence_says_when_the_dense_probe_wins():
    X, y, groups = concept(n=1200)
    blind = LinearSAE(torch.eye(6)[:, 1:], torch.zeros(5), torch.eye(6)[1:], torch.zeros(6), ReLU())
    ranking = rank_latents(blind, (X, y, groups), resamples=200)
    assert ranking.content["sentence"].startswith("The dense probe beats the SAE: best latent")


def test_selection_never_sees_test_rows():
    X, y, groups = concept(shift=0.0)
    parts = split_groups(y == 1, groups, seed=0)
    Z = sp.csr_matrix(np.maximum(X.numpy(), 0).astype(float))
    before = k_sparse(Z, y == 1, parts, groups, ks=(2,), resamples=100)[2]
    spoiled = Z.toarray()
    spoiled[parts[2], 3] = 10.0 * y[parts[2]]
    after = k_sparse(sp.csr_matrix(spoiled), y == 1, parts, groups, ks=(2,), resamples=100)[2]
    assert before.latents == after.latents
    owners = [set(groups[parts[i]]) for i in range(3)]
    assert not owners[0] & owners[1] | owners[1] & owners[2] | owners[0] & owners[2]


def test_activations_are_pooled_over_tokens():
    X, y, groups = concept()
    examples = ExampleTable(tuple(map(str, range(120))), y[:120], groups[:120], positive="lie")
    acts = Activations.of_rows({"site": X}, np.arange(0, 241, 2), examples)
    sae = neuron_sae(X).with_metadata({"hook_name": "site"})
    assert rank_latents(sae, acts, resamples=100).content["positive"] == "lie"
    elsewhere = neuron_sae(X).with_metadata({"hook_name": "other"})
    with pytest.raises(InputError, match="This SAE reads other, the data has site"):
        rank_latents(elsewhere, acts)


def test_data_that_cannot_rank():
    X, y, groups = concept()
    with pytest.raises(InputError, match="one class only"):
        rank_latents(neuron_sae(X), (X, np.zeros(240), groups))
    with pytest.raises(InputError, match="has no labels"):
        rank_latents(neuron_sae(X), (X, None, groups))
    with pytest.raises(InputError, match="cannot be ranked on a str"):
        rank_latents(neuron_sae(X), "data")
    with pytest.raises(InputError, match="2 groups cannot be shared"):
        rank_latents(neuron_sae(X), (X, y, np.arange(240) % 2))


def test_absorption_by_hand():
    """Latent 0 misses rows 2 and 3: on row 2 latent 1, aligned with the concept, writes all of it; on row 3 nobody."""
    Z = sp.csr_matrix(np.array([[1.0, 0, 0], [1.0, 0, 0], [0, 2.0, 1.0], [0, 0, 1.0], [0, 1.0, 0]]))
    W = torch.tensor([[1.0, 0], [0.9, 0.1], [0, 1.0]])
    found = absorption(Z, np.array([True, True, True, True, False]), 0, W, torch.tensor([1.0, 0.0]))
    assert found == {"positives": 4, "missed": 0.5, "absorbed": 0.5, "by": [(1, 1)]}


def test_stability_and_neighbours():
    W = torch.eye(4)
    assert pw_mcc([W, W[[2, 0, 1, 3]]]) == pytest.approx(1.0)
    assert pw_mcc([W]) is None
    tilted = torch.tensor([[1.0, 0], [0.6, 0.8], [0, 1.0]])
    first, last = neighbours(tilted, [0, 2], 2)
    assert first == [(1, pytest.approx(0.6)), (2, pytest.approx(0.0))]
    assert last == [(1, pytest.approx(0.8)), (0, pytest.approx(0.0))]
    assert neighbours(tilted, [1], 9) == [[(2, pytest.approx(0.8)), (0, pytest.approx(0.6))]]


def test_matching_finds_the_latent_of_each_variable():
    random = np.random.default_rng(0)
    V = random.random((400, 3)) < 0.4
    Z = np.zeros((400, 6))
    Z[:, 4], Z[:, 1] = V[:, 0] * 2.0, V[:, 1] * random.random(400)
    Z[:, 2] = V[:, 2] * (random.random(400) < 0.3)  # a splinter of the third
    Z[:, 5] = random.random(400)
    found = match(sp.csr_matrix(Z), V, np.arange(400) < 200)
    assert found.best.tolist()[:2] == [4, 1]
    np.testing.assert_allclose(found.matched_f1[:2], 1.0)
    assert found.coverage == pytest.approx(2 / 3)
    assert found.splinters.tolist()[2] == 1


def test_an_untrained_sae_is_as_sparse_as_asked():
    X = torch.randn(2000, 8, generator=torch.Generator().manual_seed(0))
    Z = random_sae(X, 64, 5, seed=0).encode(X)
    assert float((Z > 0).sum(1).float().mean()) == pytest.approx(5, rel=0.1)
