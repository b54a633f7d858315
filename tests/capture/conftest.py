"""Tiny models as the room's own values, and texts that turn into chosen token ids."""

import pytest
from zoo import ragged_ids, tiny, word_tokenizer, words


@pytest.fixture(scope="session")
def word_level():
    return word_tokenizer()


@pytest.fixture(scope="session")
def texts():
    return [words(ids) for ids in ragged_ids()]


@pytest.fixture(scope="session")
def make_model(word_level):
    """Return a function from an architecture to a fresh `Model` of it."""
    from sonde.capture import load_model

    def make(architecture="llama", backend="hf", seed=0, scale=6.0, **changes):
        module = tiny(architecture, seed=seed, scale=scale, **changes)
        return load_model(module, tokenizer=word_level, name=f"tiny-{architecture}", backend=backend)

    return make


@pytest.fixture(scope="session")
def llama(make_model):
    return make_model("llama")
