"""Every hand-written step against autograd through a dense definition of the same loss."""

import pytest
import torch

from sonde.saes import jumprelu, standard
from sonde.saes.config import make_config
from sonde.saes.parallel import Peers
from sonde.saes.registry import architecture_of
from sonde.saes.revival import revival_gradients
from sonde.saes.sparse import batch_top_k, top_k
from sonde.saes.weights import Weights, initial_weights

B, D, S, K = 24, 10, 64, 5


def weights_of(threshold=None, dtype=torch.float64):
    made = initial_weights(
        D, S, torch.randn(D, generator=torch.Generator().manual_seed(1)), seed=3, threshold=threshold
    )
    draw = torch.Generator().manual_seed(2)
    moved = {n: t + 0.1 * torch.randn(t.shape, generator=draw).abs() for n, t in made.tensors().items()}
    return Weights.of({n: t.to(dtype) for n, t in moved.items()})


def rows(dtype=torch.float64):
    return torch.randn(B, D, generator=torch.Generator().manual_seed(4), dtype=dtype)


def by_autograd(weights, X, loss_of):
    """Gradients of `loss_of(weights, X)`, a dense definition."""
    free = {n: t.clone().requires_grad_() for n, t in weights.tensors().items()}
    loss = loss_of(Weights.of(free), X)
    loss.backward()
    return {n: torch.zeros_like(t) if t.grad is None else t.grad for n, t in free.items()}


def pre(weights, X):
    return (X - weights.b_dec) @ weights.W_enc.T + weights.b_enc


def squared_error(weights, Z, X):
    return (Z @ weights.W_dec + weights.b_dec - X).square().sum() / len(X)


def compare(found, expected):
    assert found.keys() == expected.keys()
    for name, gradient in expected.items():
        torch.testing.assert_close(found[name], gradient, rtol=1e-9, atol=1e-11, msg=lambda m, n=name: f"{n}: {m}")


def step_of(name, weights, X, **options):
    architecture = architecture_of(make_config(architecture=name, d_sae=S, k=K, **options), steps=100)
    return architecture.step(weights, *weights.pre_activations(X), architecture.state, Peers())


def top_k_mask(H):
    return torch.zeros_like(H).scatter(1, H.topk(K, dim=1).indices, 1.0) * (H > 0)


def batch_mask(H):
    kept = torch.zeros(H.numel(), dtype=H.dtype)
    kept[H.flatten().topk(K * B).indices] = 1.0
    return kept.view_as(H) * (H > 0)


def test_top_k_gradients():
    weights, X = weights_of(), rows()
    expected = by_autograd(weights, X, lambda w, x: squared_error(w, pre(w, x) * top_k_mask(pre(w, x)), x))
    compare(step_of("topk", weights, X).gradients, expected)


def test_batch_top_k_gradients():
    weights, X = weights_of(), rows()
    expected = by_autograd(weights, X, lambda w, x: squared_error(w, pre(w, x) * batch_mask(pre(w, x)), x))
    compare(step_of("batchtopk", weights, X).gradients, expected)


def test_matryoshka_gradients():
    weights, X, widths = weights_of(), rows(), (6, 20, S)

    def loss(w, x):
        Z = pre(w, x) * batch_mask(pre(w, x))
        return sum(squared_error(w, Z * (torch.arange(S) < width), x) for width in widths)

    compare(step_of("matryoshka_batchtopk", weights, X, widths=widths).gradients, by_autograd(weights, X, loss))


@pytest.mark.parametrize("step", [standard.sparse_step, standard.dense_step])
def test_standard_gradients(step):
    weights, X = weights_of(), rows()

    def loss(w, x):
        Z = pre(w, x).relu()
        return squared_error(w, Z, x) + 0.3 * Z.sum() / len(x)

    compare(step(weights, *weights.pre_activations(X), 0.3).gradients, by_autograd(weights, X, loss))


class LensStep(torch.autograd.Function):
    """SAELens' straight-through estimators, restated: value times step, and the step alone."""

    @staticmethod
    def forward(ctx, H, theta, bandwidth, weighted):
        ctx.save_for_backward(H, theta)
        ctx.bandwidth, ctx.weighted = bandwidth, weighted
        return (H if weighted else torch.ones_like(H)) * (theta < H)

    @staticmethod
    def backward(ctx, upstream):
        H, theta = ctx.saved_tensors
        near = ((H - theta).abs() < ctx.bandwidth / 2).to(H)
        factor = theta if ctx.weighted else 1.0
        dtheta = -(near * upstream * factor / ctx.bandwidth).sum(0)
        return ((theta < H) * upstream if ctx.weighted else None), dtheta, None, None


@pytest.mark.parametrize("step", [jumprelu.sparse_step, jumprelu.dense_step])
def test_jumprelu_gradients(step):
    weights, X = weights_of(threshold=0.4), rows()

    def loss(w, x):
        Z = LensStep.apply(pre(w, x), w.threshold, 0.5, True)
        return squared_error(w, Z, x) + 0.2 * LensStep.apply(pre(w, x), w.threshold, 0.5, False).sum() / len(x)

    found = step(weights, *weights.pre_activations(X), 0.2, 0.5)
    compare(found.gradients, by_autograd(weights, X, loss))
    assert float(found.gradients["threshold"].abs().sum()) > 0


def test_revival_gradients_touch_dead_latents_alone():
    weights, X = weights_of(), rows()
    dead = torch.tensor([3, 7, 8, 40, 41, 42, 63])
    centred, H = weights.pre_activations(X)
    error = (H.relu() @ weights.W_dec) - centred

    def loss(w, x):
        hidden = (x - w.b_dec.detach()) @ w.W_enc.T + w.b_enc
        dead_only = torch.full_like(hidden, -torch.inf).index_copy(1, dead, hidden[:, dead])
        top = dead_only.topk(5, dim=1)
        Z = torch.zeros_like(hidden).scatter(1, top.indices, top.values)
        return 0.7 * min(1.0, 7 / 5) * (Z @ w.W_dec + error).square().sum() / len(x)

    expected = by_autograd(weights, X, loss)
    found = revival_gradients(dead, weights, centred, H, error, 0.7)
    for name, gradient in found.items():
        torch.testing.assert_close(gradient, expected[name][dead], rtol=1e-9, atol=1e-11)
        living = torch.ones(S, dtype=torch.bool).index_fill(0, dead, False)
        assert float(expected[name][living].abs().sum()) == 0


@pytest.mark.parametrize(("s", "k"), [(64, 3), (64, 7), (64, 8), (60, 5), (512, 32)])
def test_group_maxima_find_the_exact_top_k(s, k):
    H = torch.randn(40, s, generator=torch.Generator().manual_seed(s))
    H[:5] = H[:5].round()  # ties
    value, latent = top_k(H, k)
    assert torch.equal(value.sort(1).values, H.topk(k, dim=1).values.sort(1).values)
    assert torch.equal(H.gather(1, latent), value)


@pytest.mark.parametrize("guess", [0.0, 0.5, 50.0])
def test_batch_top_k_is_exact_whatever_the_guess(guess):
    H = torch.randn(30, 50, generator=torch.Generator().manual_seed(5))
    flat, value, smallest = batch_top_k(H, 200, guess)
    expected = H.flatten().topk(200).values
    assert torch.equal(value.sort().values, expected.sort().values)
    assert torch.equal(flat, flat.sort().values)
    assert smallest == float(expected.min())


def test_batch_top_k_keeps_only_what_is_positive():
    H = torch.tensor([[1.0, -2.0], [-3.0, 0.5]])
    flat, value, smallest = batch_top_k(H, 4)
    assert (flat.tolist(), value.tolist(), smallest) == ([0, 3], [1.0, 0.5], 0.5)


def test_a_batch_in_which_nothing_fires_has_no_weight_gradient():
    weights = weights_of()
    weights.b_enc.fill_(-100.0)
    step = step_of("standard", weights, rows(), coefficient=1.0)
    assert float(step.fired.sum()) == 0
    assert float(step.gradients["W_dec"].abs().sum()) == 0
