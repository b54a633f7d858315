"""A recipe names built-in sets, and its parts share no group."""

from sonde.recipe import parse_recipe
from sonde.run.data import load_run_data


def test_a_recipe_trains_on_facts_and_tests_on_their_negations():
    content = {
        "name": "truth",
        "model": "cretan",
        "positive": "true",
        "data": {"train": "sonde:facts", "test": ["sonde:facts/negation"], "control": "sonde:chat", "limit": 200},
    }
    data = load_run_data(parse_recipe(content, where="test"))
    (test,) = data.tests.values()
    assert len(data.train) == len(test) == 200
    assert 90 <= data.train.labels.sum() <= 110
    assert not set(data.train.groups.tolist()) & set(test.groups.tolist())
    assert not data.control.labels.any()
