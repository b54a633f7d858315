"""Near duplicates, against a brute-force computation by hand."""

import math
import random
from collections import Counter

import numpy as np
import pytest

from sonde.text import near_duplicates
from sonde.text.duplicates import normalise, similar_pairs, text_group


def brute_force(texts, threshold):
    """The documented definition, in plain Python."""
    grams = [{f" {t} "[k : k + 5] for k in range(len(t) - 2)} for t in texts]
    seen = Counter(g for row in grams for g in row)
    n = len(texts)
    weight = {g: math.log((1 + n) / (1 + df)) + 1 / math.sqrt(n) for g, df in seen.items()}

    def dot(a, b):
        return sum(weight[g] ** 2 for g in a & b)

    return {
        (i, j)
        for i in range(n)
        for j in range(i + 1, n)
        if dot(grams[i], grams[j]) >= threshold * math.sqrt(dot(grams[i], grams[i]) * dot(grams[j], grams[j]))
    }


@pytest.mark.parametrize("threshold", [0.3, 0.6, 0.8])
def test_pairs_are_those_of_the_definition(threshold):
    chance = random.Random(0)
    words = ["".join(chance.choices("abcdef", k=4)) for _ in range(12)]
    texts = sorted({" ".join(chance.choices(words, k=5)) for _ in range(120)})
    texts = sorted({*texts, *(t + " so" for t in texts[:10])})
    left, right = similar_pairs(texts, threshold)
    expected = brute_force(texts, threshold)
    assert expected
    assert set(zip(left.tolist(), right.tolist(), strict=True)) == expected


def test_groups_do_not_depend_on_order():
    texts = ["The cat sat on the mat.", "the cat  sat on the mat!", "Whales are mammals.", "x", "X", ""]
    groups = near_duplicates(texts)
    assert groups[0] == groups[1] != groups[2]
    assert groups[3] == groups[4] != groups[5]
    assert near_duplicates(texts[::-1]).tolist() == groups[::-1].tolist()
    assert near_duplicates([]).tolist() == []
    assert near_duplicates(["one"]).tolist() == ["one"]


def test_a_chain_is_one_group():
    base = "a long sentence about the many whales that swim in the cold northern sea every winter"
    chain = [base, base + " now", base + " now and then"]
    assert len(set(near_duplicates([*chain, "nothing of the kind here"]))) == 2


def test_a_template_does_not_chain_its_rows():
    names = ["Krasnodar", "Oran", "Ufa", "Lima", "Quito", "Kyoto", "Perth", "Tunis", "Leeds", "Accra"]
    places = ["Russia", "Peru", "the United Arab Emirates"]
    texts = [f"The city of {n} is in {p}." for n in names for p in places]
    prompt = "You are an assistant that answers every question in the manner asked for. " * 10
    for rows in (texts, [prompt + t for t in texts]):
        assert Counter(near_duplicates(rows).tolist()).most_common(1)[0][1] <= 3


def test_text_groups():
    assert text_group("Ｗho  is IT?") == "who is it?"
    long = "x" * 200
    assert text_group(long) != text_group(long + "y")
    assert len(text_group(long)) < 70
    assert normalise(" A\n b ") == "a b"


def test_five_thousand_long_texts_with_one_prompt():
    chance = random.Random(1)
    prompt = "Answer as the operator asks. " * 10
    words = ["".join(chance.choices("abcdefghijkl", k=6)) for _ in range(500)]
    texts = [prompt + " ".join(chance.choices(words, k=6)) for _ in range(5000)]
    groups = near_duplicates([*texts, *texts[:100]])
    assert len(set(groups)) >= 4900
    assert np.array_equal(groups[:100], groups[5000:])
