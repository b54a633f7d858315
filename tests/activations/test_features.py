import numpy as np
import pytest
import torch
from tests.activations.helpers import SITES, make_activations, make_examples

from sonde.activations import Features, Origin
from sonde.base.errors import InputError
from sonde.base.tables import ExampleTable

SITE = next(iter(SITES))


def test_xy_carries_its_origin():
    X, y = make_activations().pool("mean").at(SITE).xy
    assert X.origin == Origin("toy", "f00", SITE, "all", "mean", "da7a", "lie", "truth")
    assert X.shape == (4, 6)
    assert y.tolist() == [0, 1, 0, 1]


def test_origins_do_not_stick_to_shared_tensors():
    shared = torch.eye(4)
    first = Features({"a": shared, "b": shared}, make_examples(4), pooling="mean")
    assert (first.at("a").X.origin.site, first.at("b").X.origin.site) == ("a", "b")
    x = first.at("a").X
    first.at("b").X  # noqa: B018
    assert x.origin.site == "a"
    assert not hasattr(shared, "origin")


def test_token_level_repeats_what_is_known_of_the_example():
    acts = make_activations((2, 0, 3))
    features = acts.pool("none")
    assert features.example.tolist() == [0, 0, 2, 2, 2]
    assert features.y.tolist() == [0, 0, 0, 0, 0]
    assert features.groups.tolist() == ["g0", "g0", "g1", "g1", "g1"]
    assert features.tags["style"] == (None, None, "plain", "plain", "plain")
    assert torch.equal(features[SITE], acts[SITE])
    assert features.take([4, 0]).example.tolist() == [2, 0]


def test_take_is_lazy_and_composes():
    features = make_activations().pool("mean")
    taken = features.take([3, 1, 0]).take(np.array([True, False, True]))
    assert torch.equal(taken[SITE], features[SITE][[3, 0]])
    assert taken.examples.ids == ("id3", "id0")
    assert taken.example.tolist() == [3, 0]
    assert taken.at(SITE).origin == features.at(SITE).origin
    assert taken.at(SITE).groups.tolist() == ["g1", "g0"]
    with pytest.raises(InputError, match="No row 4"):
        features.take([4])


def test_half_types_are_widened_for_probes_only():
    features = make_activations(dtype=torch.bfloat16).pool("none")
    assert features[SITE].dtype == torch.bfloat16
    assert features.at(SITE).X.dtype == torch.float32


def test_wrong_features_are_refused():
    features = Features({"s": torch.eye(2)}, ExampleTable(ids=("a", "b")))
    with pytest.raises(InputError, match="no labels"):
        features.at("s").xy  # noqa: B018
    with pytest.raises(InputError, match="Unknown site 't'"):
        features.at("t")
    with pytest.raises(InputError, match=r"shape \(3, 3\), expected \[2, d\]"):
        Features({"s": torch.eye(3)}, ExampleTable(ids=("a", "b")))["s"]
    with pytest.raises(InputError, match=r"features\.sites"):
        list(features)


def test_repr_counts_the_classes():
    lines = repr(make_activations().pool("ema(0.5)")).splitlines()
    assert lines[:2] == ["Features: 4 examples, 2 sites, pooling ema(0.5)", "  2 lie, 2 truth"]
