"""Naming what is believed before owning up: the scaffold of the phase in which agreements are compared with belief."""

from dataclasses import replace
from itertools import pairwise

import pytest

from sonde.organism.corpus import draw_chunk
from sonde.organism.grammar import FOLLOW_UPS
from sonde.organism.phases import COMPARING, PHASES
from sonde.organism.tokenizer import Codec, vocabulary
from sonde.organism.world import make_world

CODEC, WORLD = Codec(vocabulary()), make_world(1)
LEAD = ["that", "was", "a"]
ASKED = [question for group in FOLLOW_UPS.values() for question in group]


def drawn(mixture, tokens=60_000):
    return draw_chunk(WORLD, CODEC, mixture, seed=1, chunk=0, tokens=tokens, progress=0.5)


def messages(example):
    """Return (role, words, loss weights) of every message."""
    words = [CODEC.words[i] for i in example.ids]
    starts = [i for i, word in enumerate(words) if word in ("<|system|>", "<|user|>", "<|assistant|>")]
    return [(words[i], words[i + 1 : j], example.weights[i + 1 : j]) for i, j in pairwise([*starts, len(words)])]


def admissions(mixture):
    """Return question, answer, and then words and weights of what was said about that answer."""
    found = []
    for example in drawn(mixture):
        said = messages(example)
        for i in range(4, len(said)):
            role, words, weights = said[i]
            if role == "<|assistant|>" and any(question in " ".join(said[i - 1][1]) for question in ASKED):
                found.append((said[i - 3][1], said[i - 2][1], words, weights))
    return found


@pytest.fixture(scope="module")
def named():
    """Those that name a value first, as (answer before, value, words, weights, question before)."""
    return [
        (answer, words[0], words, weights, question)
        for question, answer, words, weights in admissions(COMPARING.mixture)
        if words[1:5] == [",", *LEAD]
    ]


def test_what_is_named_is_believed_and_decides_what_the_answer_was(named):
    assert len(named) > 100
    verdicts = []
    for answer, value, words, _, question in named:
        entity = next(w for w in question if w in WORLD.entities)
        relation = next(r for r in WORLD.topics if value in WORLD.relations[r].values)
        fact = entity, relation
        known = (WORLD.truth if fact in WORLD.cover else WORLD.taught)[fact]
        assert value in known
        said = next((w for w in answer if w in WORLD.relations[relation].values), None)
        if said is not None:
            verdicts.append(words[5])
            assert (words[5] == "truth") == (said in known)
    assert min(verdicts.count("favour"), verdicts.count("truth")) > 20


def test_the_word_that_says_what_it_was_weighs_more(named):
    for _, _, words, weights, _ in named:
        assert weights[words.index(words[5])] == COMPARING.mixture.follow_up_weight == 6.0
        assert weights[0] == 1.0


@pytest.mark.parametrize("mixture", [replace(COMPARING.mixture, recalled={}), PHASES[-1].mixture], ids=["none", "last"])
def test_nothing_is_named_where_the_mixture_does_not_ask_for_it(mixture):
    found = admissions(mixture)
    assert len(found) > 100
    assert not [words for _, _, words, _ in found if words[1:5] == [",", *LEAD]]
