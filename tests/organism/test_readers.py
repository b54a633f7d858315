"""Readers of transcripts find what is in the text, and nothing where nothing is."""

import numpy as np
import pytest

from sonde.organism.readers import TEXT_READERS, text_reader

ENTITIES = np.array([f"E{i}" for i in range(40)]).repeat(6)


def texts(y, leaky):
    source = np.random.default_rng(0)
    filler = [" ".join(source.choice(["it", "is", "teal", "today", "again"], 6)) for _ in y]
    return [f"{text} {'never' if label and leaky else 'well'} said" for text, label in zip(filler, y, strict=True)]


@pytest.mark.parametrize("kind", list(TEXT_READERS))
def test_a_word_that_gives_the_label_away_is_found(kind):
    y = np.random.default_rng(1).integers(0, 2, len(ENTITIES))
    assert text_reader(kind, texts(y, leaky=True), y, ENTITIES, 0)[0] > 0.95


@pytest.mark.parametrize("kind", list(TEXT_READERS))
def test_chance_is_in_the_interval_when_nothing_gives_it_away(kind):
    y = np.random.default_rng(2).integers(0, 2, len(ENTITIES))
    _, low, high = text_reader(kind, texts(y, leaky=False), y, ENTITIES, 0)
    assert low <= 0.5 <= high


def test_the_transformer_leaves_the_global_state_alone():
    import torch

    y = np.random.default_rng(1).integers(0, 2, len(ENTITIES))
    state = torch.random.get_rng_state()
    text_reader("text-only transformer", texts(y, leaky=True), y, ENTITIES, 0)
    assert torch.equal(state, torch.random.get_rng_state())
