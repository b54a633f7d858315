"""The batched solver against scikit-learn, and against itself one problem at a time."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from sonde.probes.coordinates import gram_axes
from sonde.probes.lbfgs import Point, minimise
from sonde.probes.logistic_batch import LogisticBatch
from sonde.probes.shared_rows import SharedRows
from sonde.probes.solver import as_rows, solve_logistic
from sonde.probes.training_sets import TrainingSets

STRENGTHS = (1e4, 1e2, 1.0, 1e-2, 1e-4)


def data(n=150, d=12, seed=0, noise=1.0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, d)) @ rng.normal(size=(d, d)) * 3 + rng.normal(size=d) * 20
    y = ((X - X.mean(0)) @ rng.normal(size=d) / 10 + noise * rng.normal(size=n) > 0).astype(float)
    return X, y


def folds(n, k=3, seed=0):
    fold = np.random.default_rng(seed).permutation(n) % k
    return fold, np.stack([fold != j for j in range(k)]).astype(float)


def objective(w, f, y, l2, weights):
    return 0.5 * l2 * w @ w + weights @ (np.logaddexp(0.0, f) - y * f)


@pytest.mark.parametrize(
    ("n", "d", "noise", "standardize"),
    [(150, 12, 1.0, True), (150, 12, 1.0, False), (90, 60, 0.0, True), (40, 100, 1.0, True)],
)
def test_every_fold_and_strength_is_scikit_learns(n, d, noise, standardize):
    """Noise 0 is separable; so is d > n. The weak strengths then have optima far out."""
    X, y = data(n, d, noise=noise)
    _, train = folds(n)
    weights = train * np.random.default_rng(1).uniform(0.5, 2.0, size=n)
    targets = as_rows(np.broadcast_to(y, train.shape))
    found = solve_logistic(as_rows(X), targets, as_rows(weights), STRENGTHS, standardize=standardize, gap=1e-15)
    assert found.converged.view(len(STRENGTHS), 3)[:4].all()  # at 1e-4 d > n may take more than a thousand steps
    raw, constant = found.rows.unfold(found.coef, found.constant, found.sets)
    np.testing.assert_allclose(found.logits, raw @ as_rows(X).T + constant[:, None], rtol=1e-6, atol=1e-6)
    for i, l2 in enumerate(STRENGTHS):
        for j, w in enumerate(weights):
            seen = w > 0
            scaler = StandardScaler(with_std=standardize).fit(X[seen], sample_weight=w[seen])
            theirs = LogisticRegression(C=1 / l2, tol=1e-10, max_iter=50_000)
            theirs.fit(scaler.transform(X)[seen], y[seen], sample_weight=w[seen])
            f = theirs.decision_function(scaler.transform(X))
            best = objective(theirs.coef_[0], f, y, l2, w)
            ours = float(found.objective[i * len(weights) + j])
            assert ours <= best * (1 + 1e-5)
            assert ours == pytest.approx(
                objective(found.coef[i * 3 + j].numpy(), found.logits[i * 3 + j].numpy(), y, l2, w)
            )
            if l2 >= 1:
                np.testing.assert_allclose(found.coef[i * 3 + j], theirs.coef_[0], rtol=1e-3, atol=1e-5)
                np.testing.assert_allclose(found.logits[i * 3 + j], f, rtol=1e-3, atol=1e-4)
            assert float(found.gradient_norm[i * 3 + j]) < (1e-7 if standardize else 1e-6)  # features of about 30


def test_the_batch_is_what_each_problem_alone_is():
    X, y = data()
    _, train = folds(len(y))
    targets = np.broadcast_to(y, train.shape)
    together = solve_logistic(as_rows(X), as_rows(targets), as_rows(train), STRENGTHS, gap=1e-13)
    for j in range(3):
        for i, l2 in enumerate(STRENGTHS):
            alone = solve_logistic(as_rows(X), as_rows(y[None]), as_rows(train[j : j + 1]), [l2], gap=1e-13)
            assert float(alone.objective[0]) == pytest.approx(float(together.objective[i * 3 + j]), rel=1e-9)


def test_a_sweeps_tolerance_keeps_the_gap_it_says():
    X, y = data(300, 80, noise=0.5)
    _, train = folds(300)
    targets = as_rows(np.broadcast_to(y, train.shape))
    loose, exact = (solve_logistic(as_rows(X), targets, as_rows(train), STRENGTHS, gap=g) for g in (1e-5, 1e-12))
    above = ((loose.objective - exact.objective) / exact.objective).view(len(STRENGTHS), -1).amax(1)
    assert above[:-1].max() < 1e-4
    assert above[-1] < 1e-3  # separated, at an objective of 0.03 for 200 rows
    assert loose.steps.sum() < exact.steps.sum()


def test_problems_too_many_for_one_batch_start_where_the_path_leads(monkeypatch):
    X, y = data()
    _, train = folds(len(y))
    targets = as_rows(np.broadcast_to(y, train.shape))
    shuffled = (1.0, 1e-4, 1e4, 1e-2, 1e2)
    whole = solve_logistic(as_rows(X), targets, as_rows(train), shuffled, gap=1e-12)
    monkeypatch.setattr("sonde.probes.solver.AT_ONCE", 7)
    parts = solve_logistic(as_rows(X), targets, as_rows(train), shuffled, gap=1e-12)
    np.testing.assert_allclose(parts.objective, whole.objective, rtol=1e-8)


def test_a_budget_too_small_is_said():
    X, y = data(noise=0.0)
    found = solve_logistic(as_rows(X), as_rows(y[None]), as_rows(np.ones((1, len(y)))), [1e4, 1e-6], max_iter=5)
    assert found.converged.tolist() == [True, False]
    assert found.gradient_norm[1] > 1e-6


def test_the_same_bytes_twice():
    X, y = data()
    _, train = folds(len(y))
    targets = as_rows(np.broadcast_to(y, train.shape))
    first, second = (solve_logistic(as_rows(X), targets, as_rows(train), STRENGTHS) for _ in range(2))
    assert torch.equal(first.coef, second.coef)


def test_each_set_is_standardised_by_its_own_rows():
    X, _ = data(60, 5)
    X[:, 2] = 7.0
    X[:20, 3], X[20:, 3] = np.arange(20), 4.0  # constant outside the first twenty rows
    weights = np.stack([np.ones(60), np.r_[np.zeros(20), np.linspace(1, 2, 40)]])
    rows = SharedRows.of(as_rows(X), as_rows(weights), standardize=True, centre=True)
    for j, w in enumerate(weights):
        scaler = StandardScaler().fit(X, sample_weight=w)
        ours = rows.X * rows.ratio[j] - rows.shift[j]
        np.testing.assert_allclose(ours.numpy()[w > 0], scaler.transform(X)[w > 0], atol=1e-9)
        mean, scale = rows.own_scaler(j)
        alive = scaler.var_ > 1e-9
        np.testing.assert_allclose(mean[alive], scaler.mean_[alive])
        np.testing.assert_allclose(scale, scaler.scale_)


def some_problems(n, d, targets, weights, l2, *, intercept=True):
    """Return a batch, its coordinates, and what the solver made them of."""
    X, _ = data(n, d)
    problems = TrainingSets.of(as_rows(X), as_rows(targets), as_rows(weights), standardize=True, intercept=intercept)
    return *problems.at(l2), problems


@pytest.mark.parametrize(("n", "d"), [(30, 8), (8, 30)])
def test_coordinates_make_the_origin_round(n, d):
    batch, _, problems = some_problems(n, d, np.zeros((1, n)), np.ones((1, n)), [0.1, 10.0])
    here = replace(problems, axes=gram_axes(problems.X[:, :-1])).at([0.1, 10.0])[1]  # float64 axes
    u = torch.as_tensor(np.random.default_rng(0).normal(size=(2, d + 1)))
    bent = here.theta(u)
    hessian = (bent @ problems.X.T) @ problems.X / 4 + batch.penalty * bent
    np.testing.assert_allclose(here.back(hessian), u, atol=1e-6)


def test_coordinates_carry_slopes_as_they_carry_points():
    """`back` is the transpose of `theta`, also where a constant follows from the weights and a weight stays 0."""
    X, y = data(20, 4)
    X[5:, 2] = 7.0  # constant where the weights are
    weights = (np.arange(20) >= 5).astype(float)[None]
    problems = TrainingSets.of(as_rows(X), as_rows(y[None]), as_rows(weights), standardize=True, intercept=False)
    here = problems.at([2.0])[1]
    u, slope = (as_rows(np.random.default_rng(i).normal(size=(1, 5))) for i in (0, 1))
    theta = here.theta(u)
    assert float(theta[0, 2]) == 0.0
    assert float((theta * slope).sum()) == pytest.approx(float((u * here.back(slope)).sum()))
    centre = problems.X[5:].mean(0)
    assert float(theta @ centre) == pytest.approx(0.0, abs=1e-12)


def test_the_gradient_is_the_slope_of_the_objective():
    rng = np.random.default_rng(0)
    y = rng.integers(2, size=(1, 20))
    batch, _, _ = some_problems(20, 4, y.astype(float), rng.uniform(size=(1, 20)), [2.0])
    theta = as_rows(rng.normal(size=(1, 5))).requires_grad_()
    margins = batch.margins(theta)
    batch.objective(margins, theta).sum().backward()
    np.testing.assert_allclose(batch.gradient(torch.sigmoid(-margins), theta).detach(), theta.grad)


def test_float32_keeps_the_loss_of_rows_that_are_told_apart():
    """A margin of 30 costs 9e-14; one minus a rounded probability would make it 0."""
    one = torch.ones(1, 1)
    batch = LogisticBatch(one, -one, one, 0 * one)
    margins = batch.margins(torch.tensor([[-30.0]]))
    assert float(batch.objective(margins, 0 * one)) == pytest.approx(np.exp(-30.0), rel=1e-6)
    assert float(batch.gradient(torch.sigmoid(-margins), 0 * one)) == pytest.approx(np.exp(-30.0), rel=1e-6)


def test_what_float32_cannot_end_is_ended_in_float64(monkeypatch):
    """The steps in float32 are cut off after two; nothing finer is asked for than they could give."""
    X, y = data(noise=0.0)
    targets, weights = as_rows(y[None]), as_rows(np.ones((1, len(y))))
    expected = solve_logistic(as_rows(X), targets, weights, [1e-3], gap=1e-12)
    used = []

    def cut_off(batch, *rest, gap, max_iter):
        used.append(batch.X.dtype)
        return minimise(batch, *rest, gap=gap, max_iter=2 if batch.X.dtype == torch.float32 else max_iter)

    monkeypatch.setattr("sonde.probes.solver.minimise", cut_off)
    found = solve_logistic(as_rows(X), targets, weights, [1e-3], gap=1e-5)
    assert used == [torch.float32, torch.float64]
    assert found.converged.all()
    assert float(found.objective[0]) == pytest.approx(float(expected.objective[0]), rel=1e-4)


def test_an_objective_that_is_no_number_is_not_the_end():
    batch, here, _ = some_problems(20, 4, np.arange(20)[None] % 2.0, np.ones((1, 20)), [2.0])
    lost = Point(torch.full_like(batch.penalty, torch.nan), torch.full_like(batch.signs, torch.nan))
    assert not minimise(batch, here, lost, gap=1e-5, max_iter=5)[2].any()


@pytest.mark.gpu
def test_a_gpu_finds_the_same():
    if not torch.cuda.is_available():
        pytest.skip("needs a CUDA device")
    X, y = data()
    _, train = folds(len(y))
    targets = np.broadcast_to(y, train.shape)
    here, there = (
        solve_logistic(as_rows(X, on), as_rows(targets, on), as_rows(train, on), STRENGTHS, gap=1e-12)
        for on in ("cpu", "cuda")
    )
    np.testing.assert_allclose(there.objective.cpu(), here.objective, rtol=1e-8)
