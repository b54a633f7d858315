"""The figures of the cards come from `benchmarks/data_balance.py`, and the files from their tables."""

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest

from sonde.text import Dataset
from sonde.text.builtin import card, load_builtin
from sonde.text.builtin.reading import FOLDER

ROOT = Path(__file__).resolve().parents[3]


def load(path, monkeypatch):
    monkeypatch.syspath_prepend(str(path.parent))
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, path.stem, module)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def balance(monkeypatch):
    return load(ROOT / "benchmarks" / "data_balance.py", monkeypatch)


def test_words_that_tell_the_label_are_found(balance):
    texts = [f"item {i} is {'good' if i % 2 else 'bad'}" for i in range(60)]
    data = Dataset.from_texts(texts, labels=[i % 2 for i in range(60)], groups=[f"g{i // 2}" for i in range(60)])
    found = balance.balance(data, repeats=1)
    assert found["bag of words"] == 1.0
    assert found["characters"] > 0.9


@pytest.mark.parametrize("name", ["opinions/claim", "facts/statement"])
def test_text_alone_tells_nothing(balance, name):
    data = load_builtin(name)
    first = sorted(set(data.groups.tolist()))[:120]
    found = balance.balance(data[np.isin(data.groups, first)], repeats=1)
    for reader in balance.READERS:
        assert abs(found[reader] - 0.5) <= balance.TOLERANCE, (reader, found)


@pytest.mark.parametrize("script", ["make_facts", "make_opinions"])
def test_the_same_tables_give_the_same_bytes(script, monkeypatch, tmp_path):
    module = load(ROOT / "tools" / "builtin" / f"{script}.py", monkeypatch)
    module.main(tmp_path)
    made = sorted(tmp_path.iterdir())
    assert made
    for path in made:
        assert path.read_bytes() == (FOLDER / path.name).read_bytes(), path.name


@pytest.mark.parametrize(("name", "counts"), [("facts", "fact_counts"), ("opinions", "opinion_counts")])
def test_the_counts_in_the_cards_are_those_of_the_data(name, counts, monkeypatch):
    module = load(ROOT / "tools" / "builtin" / "make_counts.py", monkeypatch)
    assert module.with_counts(card(name), getattr(module, counts)()) == card(name)
