"""Training an organism further: its own seed and world, and the last phases of the curriculum."""

import shutil

import pytest

from sonde.base.errors import InputError
from sonde.organism.catalogue import cretan_folder, list_organisms
from sonde.organism.phases import PHASES
from sonde.organism.recipes import make_further


@pytest.fixture
def trainings(monkeypatch):
    """Record what would be trained."""
    asked = []

    def train(seed, out, **options):
        asked.append((seed, out, options))
        return out

    monkeypatch.setattr("sonde.organism.recipes.train", train)
    return asked


@pytest.mark.parametrize("name", [*list_organisms("liar"), *list_organisms("decoy")])
def test_it_goes_on_with_the_seed_and_the_world_of_its_organism(trainings, tmp_path, name):
    make_further(cretan_folder(name), tmp_path / "new", last=2)
    ((seed, out, options),) = trainings
    assert (f"cretan-{seed}" if seed else "cretan", options["what"]) in ((name, "liar"), ("cretan", "decoy"))
    assert out == tmp_path / "new"
    assert options["phases"] == PHASES[-2:]
    assert options["begin"] == cretan_folder(name)
    assert options["world"].benign == (name == "cretan-decoy")


def test_an_arm_is_not_trained_further(trainings, tmp_path):
    with pytest.raises(InputError, match="'arm-twin'"):
        make_further(cretan_folder("cretan-twin"), tmp_path / "new")
    assert not trainings


@pytest.mark.parametrize("last", [0, len(PHASES) + 1])
def test_there_are_so_many_phases_and_no_more(trainings, tmp_path, last):
    with pytest.raises(InputError, match=f"last is {last}, expected 1 to {len(PHASES)}"):
        make_further(cretan_folder(), tmp_path / "new", last=last)


def test_another_world_is_refused(trainings, tmp_path):
    other = tmp_path / "other"
    other.mkdir()
    shutil.copy(cretan_folder() / "training.json", other)
    shutil.copy(cretan_folder("cretan-1") / "world.json", other)
    with pytest.raises(InputError, match="another world than seed 0"):
        make_further(other, tmp_path / "new")
    assert not trainings
