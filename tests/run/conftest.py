"""Small tables on disk, and the run that tests share."""

import csv

import pytest

import sonde


@pytest.fixture
def small_table(tmp_path):
    """A CSV of 60 statements, half of them negated, in 30 groups."""
    path = tmp_path / "cities.csv"
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["statement", "label", "city"])
        for i in range(30):
            writer.writerow([f"Once there was a city named C{i} by the sea.", 0, f"c{i}"])
            writer.writerow([f"There was not a city named C{i} by the sea.", 1, f"c{i}"])
    return path


@pytest.fixture(scope="session")
def demo_run(trained):
    """The deception recipe on Cretan, small."""
    return sonde.open_run(trained)
