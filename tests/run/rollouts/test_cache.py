"""The memory of a rollout survives a kill at any byte."""

import json

import pytest

from sonde.run.rollouts.cache import Cache, key_of


def test_values_come_back_and_are_written_once(tmp_path):
    path = tmp_path / "new" / "answers.jsonl"
    cache = Cache(path, {"model": "m"})
    cache.put({"a": "one", "b": 2.5})
    cache.put({"a": "another", "c": "ü\n\ud800"})
    again = Cache(path, {})
    assert (again["a"], again["b"], again["c"]) == ("one", 2.5, "ü\n\ud800")
    assert "d" not in again
    lines = path.read_bytes().splitlines()
    assert json.loads(lines[0]) == {"about": {"model": "m"}}
    assert len(lines) == 4


@pytest.mark.parametrize("cut", range(1, 40, 3))
def test_a_line_that_was_cut_off_costs_itself_alone(tmp_path, cut):
    path = tmp_path / "c.jsonl"
    Cache(path, {}).put({"first": "x" * 10, "second": "y" * 10})
    path.write_bytes(path.read_bytes()[:-cut])
    resumed = Cache(path, {})
    assert "first" in resumed
    resumed.put({"second": "again", "third": "z"})
    whole = Cache(path, {})
    assert (whole["first"], whole["third"]) == ("x" * 10, "z")
    assert whole["second"] in ("again", "y" * 10)


def test_two_writers_may_append_to_one_file(tmp_path):
    path = tmp_path / "c.jsonl"
    one, two = Cache(path, {}), Cache(path, {})
    one.put({"a": 1})
    two.put({"b": 2})
    one.put({"c": 3})
    assert Cache(path, {}).values == {"a": 1, "b": 2, "c": 3}


def test_keys_follow_from_content():
    assert key_of("answer", [["user", "hi"]], 1.0) == key_of("answer", [["user", "hi"]], 1.0)
    assert key_of("answer", [["user", "hi"]], 1.0) != key_of("answer", [["user", "hi "]], 1.0)
    assert key_of("ab", "c") != key_of("a", "bc")
