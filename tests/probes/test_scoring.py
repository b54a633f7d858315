"""A probe on a model: a stand-in model whose activations are known by hand."""

import numpy as np
import pytest
import torch

from sonde.activations import Activations, Features
from sonde.base.errors import InputError
from sonde.base.tables import ExampleTable
from sonde.probes import MeanDifferenceProbe
from sonde.scores import threshold_from_control

SITE = "blocks.0.hook_resid_post"


class Model:
    """Each character is a token; its activation is (its code, 1)."""

    name, fingerprint = "toy", "1" * 64

    def capture(self, data, *, sites, tokens="all", pool=None):
        counts = np.cumsum([0, *(len(text) for text in data)])
        values = torch.tensor([[float(ord(c)), 1.0] for text in data for c in text])
        examples = ExampleTable(ids=tuple(f"text {i}" for i in range(len(data))))
        acts = Activations.of_rows({site: values for site in sites}, counts, examples, {"model": "toy"})
        acts = acts if tokens == "all" else acts.select(tokens)
        return acts if pool is None else acts.pool(pool)


class Upper:
    """A selector: capital letters, known by their activation's place in the text."""

    def mask(self, table):
        return table.position < 2

    def __str__(self):
        return "first(2)"


@pytest.fixture(autouse=True)
def parser(monkeypatch):
    monkeypatch.setattr("sonde.base.selector_parser._parser", lambda text: Upper())


def fitted(pooling="mean", tokens="all", fingerprint=Model.fingerprint):
    known = {"model": "toy", "model_fingerprint": fingerprint, "tokens": tokens}
    examples = ExampleTable(ids=("a", "b", "c", "d"), labels=np.array([0, 0, 1, 1]), positive="late")
    values = torch.tensor([[97.0, 1.0], [98.0, 1.0], [121.0, 1.0], [122.0, 1.0]])
    return MeanDifferenceProbe().fit(*Features({SITE: values}, examples, known, pooling).at(SITE).xy)


def line(probe, code):
    return probe.decision_function(np.array([[code, 1.0]]))[0]


def test_token_scores_and_the_examples_own():
    probe = fitted().with_threshold(threshold_from_control(np.zeros(1000), 0.01, "chat"))
    scores = probe.score_tokens(Model(), ["az", "b"])
    np.testing.assert_allclose(scores.values, [line(probe, ord(c)) for c in "azb"])
    assert scores.positive == "late"
    assert scores.threshold == probe.threshold_
    assert len(scores.tokens) == 3
    own = probe.score_examples(Model(), ["az", "b"])
    np.testing.assert_allclose(own.values, [line(probe, (97 + 122) / 2), line(probe, 98)])
    np.testing.assert_allclose(scores.per_example().values, own.values)
    assert own.source == f"mean_difference probe at {SITE} of toy"
    np.testing.assert_array_equal(scores.flagged, own.values > 0)


def test_a_text_alone_is_one_example():
    assert len(fitted().score_tokens(Model(), "abc").values) == 3
    assert len(fitted().score_examples(Model(), "abc")) == 1


def test_after_training_on_tokens_an_example_is_the_mean_of_its_tokens():
    probe = fitted(pooling="none", tokens="first(2)")
    expected = (line(probe, ord("a")) + line(probe, ord("b"))) / 2
    assert probe.score_examples(Model(), ["abz"]).values[0] == pytest.approx(expected)
    scores = probe.score_tokens(Model(), ["abz"])
    assert scores.per_example().values[0] == pytest.approx(expected)
    assert len(scores.values) == 3


def test_an_example_without_the_probes_tokens_keeps_its_token_scores():
    probe = fitted(tokens="first(2)")
    scores = probe.score_tokens(Model(), ["ab", ""])
    assert len(scores.values) == 2
    with pytest.raises(InputError, match=r"'text 1' has no token that this probe reads \(first\(2\)\)"):
        scores.per_example()
    with pytest.raises(InputError):
        fitted(tokens="first(2)", pooling="none").score_examples(Model(), ["ab", ""])


def test_another_models_probe_is_refused():
    with pytest.raises(InputError, match=r"was made for model toy \(222222222222\), got toy \(111111111111\)"):
        fitted(fingerprint="2" * 64).score_tokens(Model(), ["a"])


def test_a_probe_of_bare_arrays_cannot_meet_a_model():
    probe = MeanDifferenceProbe().fit(np.array([[0.0], [1.0]]), [0, 1])
    with pytest.raises(InputError, match=r"fit it with `probe.fit\(\*features.at\(site\).xy\)`"):
        probe.score_examples(Model(), ["a"])


def test_long_inputs_are_scored_in_parts(monkeypatch):
    monkeypatch.setattr("sonde.probes.scoring._ROWS", 2)
    probe = fitted()
    np.testing.assert_allclose(probe.score_tokens(Model(), ["abcde"]).values, [line(probe, ord(c)) for c in "abcde"])
