"""Tokenizers of three kinds, as fixtures."""

import pytest
from tokenizer_makers import TEMPLATES, byte_level, sentencepiece_like, word_level


@pytest.fixture(scope="session")
def chat():
    """A byte-level tokenizer with the named template."""
    made = {}

    def make(name):
        if name not in made:
            made[name] = byte_level()
            made[name].chat_template = TEMPLATES[name]
        return made[name]

    return make


@pytest.fixture(scope="session")
def words():
    return word_level()


@pytest.fixture(scope="session", params=["byte", "byte_trimmed", "sentencepiece"])
def any_tokenizer(request):
    if request.param == "sentencepiece":
        return sentencepiece_like()
    return byte_level(trim_offsets=request.param == "byte_trimmed")
