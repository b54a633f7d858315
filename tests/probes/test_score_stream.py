"""Scores token by token are those of the whole text; tokens of one example train and score together."""

import numpy as np
import pytest
import torch

from sonde.activations import Activations, RunningPool, pool_rows
from sonde.base.errors import InputError
from sonde.base.tables import ExampleTable
from sonde.probes import (
    PROBE_TYPES,
    AttentionProbe,
    LogisticProbe,
    MLPProbe,
    MultiMaxProbe,
    ScoreStream,
    example_rows,
    load_probe,
    sweep,
)

POOLINGS = [
    "mean",
    "last",
    "first",
    "max",
    "ema(0.5)",
    "ema(0.2)",
    "rolling_max(3)",
    "rolling_max(20)",
    "rolling_max(1)",
]
SITE = "blocks.0.hook_resid_post"


def texts(n=60, d=4, seed=0):
    """Texts of 1 to 9 tokens; one token of a positive text says so."""
    rng = np.random.default_rng(seed)
    counts = rng.integers(1, 10, size=n)
    offsets = np.r_[0, np.cumsum(counts)]
    y = np.arange(n) % 2
    X = rng.normal(size=(offsets[-1], d))
    for i in np.flatnonzero(y):
        X[rng.integers(offsets[i], offsets[i + 1]), 0] += 6.0
    examples = ExampleTable(ids=tuple(map(str, range(n))), labels=y)
    known = {"model": "toy", "model_fingerprint": "f" * 64}
    return Activations.of_rows({SITE: torch.tensor(X)}, offsets, examples, known)


@pytest.mark.parametrize("how", POOLINGS)
def test_a_running_pool_is_the_pool_of_the_tokens_so_far(how):
    X = np.random.default_rng(0).normal(size=(9, 3))
    pool = RunningPool(how)
    with pytest.raises(InputError, match="No token has come yet"):
        _ = pool.value
    for t in range(9):
        pool.update(X[t : t + 1])
        whole = pool_rows(torch.tensor(X[: t + 1]), np.array([0, t + 1]), how)[0]
        np.testing.assert_allclose(pool.value, whole, rtol=1e-12)


def test_no_pooling_has_no_running_row():
    with pytest.raises(InputError, match="has no pooled row"):
        RunningPool("none")


@pytest.mark.parametrize("how", POOLINGS)
@pytest.mark.parametrize("kind", [LogisticProbe, MLPProbe])
def test_a_vector_probes_stream_is_its_score_of_the_whole_text(kind, how):
    acts = texts()
    features = acts.pool(how)
    quick = {"max_epochs": 3} if kind is MLPProbe else {}
    probe = kind(**quick).fit(*features.at(SITE).xy)
    whole = probe.example_scores(features.at(SITE).X)
    np.testing.assert_allclose(whole, probe.decision_function(features[SITE]))
    for i in range(8):
        tokens = acts[SITE][acts.offsets[i] : acts.offsets[i + 1]]
        stream = ScoreStream(probe)
        alone = np.concatenate([stream.update(token[None]) for token in tokens])
        np.testing.assert_allclose(alone, probe.decision_function(tokens))
        assert stream.score == pytest.approx(whole[i], rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("kind", [LogisticProbe, AttentionProbe, MultiMaxProbe])
def test_a_token_probes_stream_is_its_score_of_the_whole_text(kind):
    acts = texts()
    features = acts.pool("none")
    quick = {} if kind is LogisticProbe else {"max_epochs": 5, "lr": 1e-2}
    probe = kind(**quick).fit(*features.at(SITE).xy)
    whole = probe.example_scores(features.at(SITE).X)
    assert whole.shape == (60,)
    for i in range(10):
        tokens = acts[SITE][acts.offsets[i] : acts.offsets[i + 1]]
        stream = ScoreStream(probe)
        for part in torch.split(tokens, 2):
            stream.update(part)
        assert stream.score == pytest.approx(whole[i], rel=1e-9, abs=1e-9)
        assert stream.tokens == len(tokens)
    with pytest.raises(InputError, match="No token has come yet"):
        _ = ScoreStream(probe).score


@pytest.mark.parametrize("kind", [AttentionProbe, MultiMaxProbe])
def test_sequence_probes_find_the_one_token_that_says_it(kind, tmp_path):
    acts, others = texts(160), texts(100, seed=1)
    X, y = acts.pool("none").at(SITE).xy
    probe = kind(lr=1e-2, max_epochs=60).fit(X, y)
    truth = others.examples.labels
    held_out = others.pool("none").at(SITE).X
    assert ((probe.example_scores(held_out) > 0) == truth).mean() > 0.9
    assert probe.n_rows_ == len(X)
    loaded = load_probe(probe.save(tmp_path / "p.safetensors"))
    np.testing.assert_array_equal(loaded.example_scores(held_out), probe.example_scores(held_out))
    assert loaded.origin_.pooling == "none"


def test_attention_and_maximum_by_hand():
    """Two tokens, weights of zero but for one head: the softmax and the maximum of known numbers."""
    for kind in (AttentionProbe, MultiMaxProbe):
        probe = kind(heads=1, width=2, max_epochs=1).fit(*texts().pool("none").at(SITE).xy)
        hidden = np.zeros((2, 4))
        hidden[0, 0] = hidden[1, 1] = 1.0
        probe.scaler_mean_, probe.scaler_scale_ = np.zeros(4), np.ones(4)
        probe.calibration_ = np.array([1.0, 0.0])
        probe.weights_ = {
            "hidden": hidden,
            "hidden_bias": np.zeros(2),
            "value": np.array([[1.0, 0.0]]),
            "query": np.array([[0.0, 1.0]]),
            "bias": np.array([0.5]),
        }
        if kind is MultiMaxProbe:
            del probe.weights_["query"]
        tokens = np.array([[2.0, 0.0, 9.0, 9.0], [5.0, np.log(3.0), 9.0, 9.0]])
        expected = (2.0 * 1 + 5.0 * 3) / 4 if kind is AttentionProbe else 5.0
        assert probe.example_scores(tokens, example=[0, 0])[0] == pytest.approx(expected + 0.5)
        np.testing.assert_allclose(probe.decision_function(tokens), [2.5, 5.5])


def test_a_sweep_over_tokens_counts_examples():
    features = texts(100).pool("none")
    quick = {"attention": {"max_epochs": 10, "lr": 1e-2}}
    found = sweep(features, ["logistic", "attention"], l2=[1.0, 10.0], folds=3, parameters=quick, resamples=20)
    assert found.out_of_fold.shape == found.fold.shape == (100,)
    assert len(found) == 3
    best = found.best()
    probe = found.fit_best(features)
    assert probe.kind == best.probe
    assert probe.example_scores(features.at(SITE).X).shape == (100,)
    # by hand: train token by token on two folds, score examples of the third by the mean of their tokens
    row = next(r for r in found if r.probe == "logistic" and r.l2 == 1.0)
    X, y = features.at(SITE).xy
    from sonde.scores import auroc

    for k in range(3):
        train = (found.fold != k)[features.example]
        each = LogisticProbe(l2=1.0).fit(X.numpy()[train], y[train]).decision_function(X.numpy()[~train])
        owner = features.example[~train]
        means = np.array([each[owner == i].mean() for i in np.unique(owner)])
        labels = np.array([y[~train][owner == i][0] for i in np.unique(owner)])
        assert row.folds[k].value == pytest.approx(auroc(labels, means).value)


def test_every_type_trains_on_tokens():
    features = texts(40).pool("none")
    X, y = features.at(SITE).xy
    for kind in set(PROBE_TYPES) - {"ccs"}:
        few = {"max_epochs": 2} if "max_epochs" in PROBE_TYPES[kind]().get_params() else {}
        assert PROBE_TYPES[kind](**few).fit(X, y).example_scores(X).shape == (40,)


def test_token_rows_are_indexed_by_example():
    features = texts(40).pool("none")
    tokens, y = example_rows(features.at(SITE)), texts(40).examples.labels
    assert len(tokens) == 40
    kept = np.arange(40) % 3 > 0
    np.testing.assert_array_equal(tokens[kept].X, features[SITE].numpy()[kept[features.example]])
    np.testing.assert_array_equal(tokens[[7, 2]][1].X, tokens[2].X)
    probe = AttentionProbe(max_epochs=3).fit(tokens, y)
    again = AttentionProbe(max_epochs=3).fit(*features.at(SITE).xy)
    np.testing.assert_array_equal(probe.decision_function(tokens), again.example_scores(features.at(SITE).X))
    np.testing.assert_array_equal(
        probe.predict_proba(tokens[kept])[:, 1] > 0.5, probe.decision_function(tokens[kept]) > 0
    )
    assert probe.origin_.site == SITE
    with pytest.raises(InputError, match="y has 3 entries for 40 examples"):
        probe.fit(tokens, [0, 1, 0])


def test_tokens_of_one_example_must_be_neighbours():
    with pytest.raises(InputError, match="not one after the other"):
        AttentionProbe().fit(np.zeros((4, 2)), [0, 1, 0, 1], example=[0, 1, 0, 1])
    with pytest.raises(InputError, match="example has 3 rows and X has 4"):
        AttentionProbe().fit(np.zeros((4, 2)), [0, 1, 0, 1], example=[0, 1, 0])
