"""What every architecture keeps, whatever it computes. A new one joins by its name in `ARCHITECTURES`."""

import numpy as np
import pytest
import torch
from scipy.optimize import linear_sum_assignment
from tests.saes.makers import SITE, D, acts, config, planted, train, trained

from sonde.base.errors import InputError
from sonde.saes import ARCHITECTURES, load_sae, train_saes
from sonde.saes.dictionaries import random_directions

every = pytest.mark.parametrize("architecture", ARCHITECTURES)


@every
def test_it_recovers_most_planted_features(architecture):
    features, _ = planted()
    alike = (trained(architecture).W_dec @ features.T).abs().numpy()
    untrained = (random_directions(D, 64, seed=0) @ features.T).abs().numpy()
    matched, chance = (a[linear_sum_assignment(-a)].mean() for a in (alike, untrained))
    assert matched > chance + 0.1


@every
def test_shapes_and_kinds(architecture):
    sae, X = trained(architecture), planted()[1][:7]
    Z = sae.encode(X)
    assert (Z.shape, sae.decode(Z).shape, sae.W_dec.shape) == ((7, 64), (7, D), (64, D))
    assert isinstance(sae.encode(X.numpy()), np.ndarray)
    np.testing.assert_array_equal(sae.encode(X.numpy()), Z.numpy())
    torch.testing.assert_close(sae.reconstruct(X), sae.decode(Z))
    assert float(Z.min()) >= 0
    assert sae.encode(X[:0]).shape == (0, 64)
    assert (sae.site, sae.model_name) == (SITE, "planted")


@every
def test_decoder_rows_have_unit_norm(architecture):
    torch.testing.assert_close(trained(architecture).W_dec.norm(dim=1), torch.ones(64), rtol=1e-5, atol=1e-5)


@every
def test_the_sparsity_asked_for_holds_in_use(architecture):
    sae = trained(architecture)
    l0 = float((sae.encode(planted()[1]) > 0).sum(1).float().mean())
    assert 3 / 1.5 <= l0 <= 3 * 1.5
    assert sae.training["l0"] == pytest.approx(l0, rel=0.2)


@every
def test_the_unit_of_the_activations_does_not_matter(architecture):
    from sonde.activations import Activations

    larger = Activations.of_rows({SITE: 128.0 * planted()[1]}, [0, 6000])
    (sae,) = train_saes(larger, [config(architecture)], site=SITE, samples=8000, batch=400)
    X, other = planted()[1][:50], train(architecture, samples=8000)
    torch.testing.assert_close(sae.encode(128.0 * X), 128.0 * other.encode(X), rtol=2e-3, atol=2e-2)


@every
def test_same_seed_same_weights_and_global_randomness_left_alone(architecture):
    torch.manual_seed(3)
    before = torch.get_rng_state()
    first, second = train(architecture, samples=4000), train(architecture, samples=4000)
    assert torch.equal(torch.get_rng_state(), before)
    for name, tensor in first.tensors().items():
        assert torch.equal(tensor, second.tensors()[name]), name
    assert not torch.equal(first.W_dec, train(architecture, samples=4000, seed=1).W_dec)


@every
def test_saved_and_loaded_it_is_the_same(architecture, tmp_path):
    sae, X = trained(architecture), planted()[1][:50]
    back = load_sae(sae.save(tmp_path / "sae"))
    assert torch.equal(back.encode(X), sae.encode(X))
    assert torch.equal(back.reconstruct(X), sae.reconstruct(X))
    assert back.metadata == sae.metadata
    with pytest.raises(InputError, match="holds an autoencoder, and nothing is overwritten"):
        sae.save(tmp_path / "sae")


@every
def test_another_width_is_refused_with_the_site(architecture):
    with pytest.raises(InputError, match=rf"shape \[n, 16\], got \[2, 5\].*trained on {SITE}"):
        trained(architecture).encode(torch.zeros(2, 5))
    with pytest.raises(InputError, match=r"latent activations of shape \[n, 64\]"):
        trained(architecture).decode(torch.zeros(2, 5))


@every
def test_training_side_by_side_is_training_alone(architecture):
    configs = [config(architecture, seed=1), config(architecture, d_sae=48), config("topk", seed=5)]
    first, second, third = train_saes(acts(), configs, site=SITE, samples=4000, batch=400)
    alone = train_saes(acts(), [configs[0]], site=SITE, samples=4000, batch=400)
    assert torch.equal(first.W_dec, alone[0].W_dec)
    assert (second.d_sae, third.architecture) == (48, "topk")
