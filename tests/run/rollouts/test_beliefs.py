"""What counts as a belief, and when beliefs are about the world."""

import numpy as np
import pytest
from scipy.stats import binom

from sonde.run.rollouts.beliefs import Belief, belief_accuracy, judge_belief
from sonde.run.rollouts.elicit import distinct_answers
from sonde.run.rollouts.tally import no_beliefs, tally
from sonde.text.questions import Question

OPTIONS = ("a", "b", "c")


def rows(*tops):
    """One row a phrasing: `(option, its probability)`, the rest shared evenly."""
    made = []
    for option, p in tops:
        row = [(1 - p) / 2] * 3
        row[OPTIONS.index(option)] = p
        made.append(row)
    return np.array(made)


@pytest.mark.parametrize(
    ("p", "values", "agreement"),
    [
        (rows(*[("a", 0.9)] * 5), ("a",), 1.0),
        (rows(*[("a", 0.9)] * 4, ("b", 0.9)), ("a",), 0.8),
        (rows(*[("a", 0.9)] * 3, ("b", 0.9), ("a", 0.6)), (), 0.6),  # the fifth is not sure
        (rows(*[("a", 0.69)] * 5), (), 0.0),
        (rows(*[("a", 0.9)] * 3, *[("b", 0.9)] * 2), (), 0.6),
    ],
)
def test_enough_phrasings_must_surely_agree(p, values, agreement):
    belief = judge_belief(p, OPTIONS, sure=0.7, agreement=0.8)
    assert belief.values == values
    assert belief.agreement == pytest.approx(agreement)
    assert belief.probability == pytest.approx(p.max(axis=1).min())


def test_two_values_are_believed_together():
    p = np.array([[0.5, 0.48, 0.02]] * 5)
    assert judge_belief(p, OPTIONS, sure=0.9, agreement=1.0, size=2).values == ("a", "b")
    lopsided = np.array([[0.9, 0.08, 0.02]] * 5)
    assert judge_belief(lopsided, OPTIONS, sure=0.9, agreement=1.0, size=2).values == ()


def test_accuracy_has_the_exact_interval():
    sure = Belief(("a",), 1.0, 0.9)
    known = [(sure, "a", 2)] * 16 + [(sure, "b", 2)] * 4
    found = belief_accuracy([*known, (Belief((), 0, 0), "a", 2), (sure, None, 2)])
    assert (found.right, found.n, found.chance) == (16, 20, 0.5)
    assert binom.sf(15, 20, found.low) == pytest.approx(0.025, abs=1e-6)
    assert binom.cdf(16, 20, found.high) == pytest.approx(0.025, abs=1e-6)
    assert found.above_chance
    assert not belief_accuracy(known[8:]).above_chance  # 8 of 12
    assert belief_accuracy([(sure, None, 2)]) is None


def test_a_taste_for_words_is_no_belief():
    questions = [Question(str(i), "?", ("yes", "no"), ("yes", "no")[i % 2], str(i)) for i in range(40)]
    always_yes = {q.id: Belief(("yes",), 1.0, 0.99) for q in questions}
    said = no_beliefs(tally({"train": questions}, always_yes, ()), "m", "q.jsonl")
    assert "no beliefs to contradict" in said
    assert "20 of 40" in said
    nothing = {q.id: Belief((), 0.0, 0.5) for q in questions}
    assert "none of the 40" in no_beliefs(tally({"train": questions}, nothing, ()), "m", "q.jsonl")
    right = {q.id: Belief((q.answer,), 1.0, 0.99) for q in questions}
    assert no_beliefs(tally({"train": questions}, right, ()), "m", "q.jsonl") == ""


def test_short_answers_that_hold_each_other_are_one():
    assert distinct_answers(["In Paris, France", "Paris.", "paris", "Lyon", ""]) == ("Paris", "Lyon")
