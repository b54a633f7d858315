"""Probe types are found by name, loaded late, and other rooms can bring their own."""

import subprocess
import sys

import pytest

from sonde.base.errors import InputError
from sonde.base.probe_types import PROBE_HOMES, register_probe_type
from sonde.probes import PROBE_TYPES, LogisticProbe, probe_type
from sonde.recipe.read import parse_recipe


def test_every_registered_type_is_the_class_of_its_name():
    assert {name: kind.kind for name, kind in PROBE_TYPES.items()} == {name: name for name in PROBE_HOMES}


def test_a_type_of_another_room_is_found_by_recipes_and_the_registry(monkeypatch):
    monkeypatch.setattr("sonde.base.probe_types._HOMES", {})
    monkeypatch.setattr("sonde.recipe.fields.PROBE_HOMES", {"own": ""})
    register_probe_type("own", "sonde.probes.logistic:LogisticProbe")
    register_probe_type("own", "sonde.probes.logistic:LogisticProbe")  # twice the same says nothing new
    assert probe_type("own") is LogisticProbe
    recipe = {"name": "a", "model": "cretan", "data": {"train": "a.csv"}, "probe": {"types": "own"}}
    assert parse_recipe(recipe).probe.types == ("own",)
    with pytest.raises(InputError, match=r"registered at sonde\.probes\.logistic:LogisticProbe already"):
        register_probe_type("own", "sonde.probes.ridge:RidgeProbe")
    with pytest.raises(InputError, match="expected 'module:Class'"):
        register_probe_type("other", "sonde.probes.ridge")


def test_an_unknown_type_names_the_nearest():
    with pytest.raises(InputError, match="did you mean 'logistic'"):
        probe_type("logistc")
    recipe = {"name": "a", "model": "cretan", "data": {"train": "a.csv"}, "probe": {"types": ["logistc"]}}
    with pytest.raises(InputError, match=r"'probe.types' .* is 'logistc', expected one of logistic, ridge"):
        parse_recipe(recipe)


def test_a_recipe_loads_no_probe():
    code = (
        "import sys; from sonde.recipe import read_recipe; import sonde.recipe.read as r; "
        "r.parse_recipe({'name': 'a', 'model': 'm', 'data': {'train': 'a'}}); "
        "assert not {'torch', 'sklearn', 'sonde.probes'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
