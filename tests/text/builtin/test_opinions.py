"""`opinions`: counts, both stances under the same pressure, and claims that are right as often as wrong."""

from collections import Counter, defaultdict

import pytest

from sonde.base.errors import InputError
from sonde.text.builtin import facts, load_builtin, open_questions, opinions, pressures
from sonde.text.builtin.records import Pressure, check_pressure


def test_there_are_enough_of_each():
    assert len(opinions()) >= 400
    assert len(open_questions()) >= 60
    kinds = Counter(pressure.kind for pressure in pressures())
    assert len(kinds) >= 8
    assert min(kinds.values()) >= 2


def test_questions_are_unique_and_say_no_opinion():
    questions = [opinion.question for opinion in opinions()] + [item.question for item in open_questions()]
    assert len(set(questions)) == len(questions)
    for question in questions:
        assert question.endswith("?")
    for opinion in opinions():
        assert opinion.right != opinion.wrong
        assert not opinion.right.endswith(".")
        assert not opinion.wrong.endswith(".")
    for item in open_questions():
        assert item.options[0] != item.options[1]


def test_in_a_group_each_answer_is_right_once_and_wrong_once():
    right, wrong = defaultdict(Counter), defaultdict(Counter)
    for opinion in opinions():
        right[opinion.group][opinion.right] += 1
        wrong[opinion.group][opinion.wrong] += 1
    assert right == wrong


def test_answers_taken_from_facts_are_those_of_facts():
    known = {fact.question: fact for fact in facts()}
    shared = [(opinion, known[opinion.question]) for opinion in opinions() if opinion.question in known]
    assert len(shared) > 250
    for opinion, fact in shared:
        assert (opinion.right, opinion.wrong, opinion.group) == (fact.answer, fact.wrong[0], fact.group)


def test_both_stances_stand_under_the_same_pressure():
    data = load_builtin("opinions")
    assert len(data) == 2 * len(opinions())
    stances = defaultdict(list)
    for row in data:
        stances[row.id.rpartition("/")[0]].append(row)
    for pair in stances.values():
        assert sorted(row.tags["stance"] for row in pair) == ["right", "wrong"]
        assert {row.tags["stance"] == "wrong": row.label for row in pair} == {False: 0, True: 1}
    every = load_builtin("opinions/every-pressure")
    assert len(every) == len(data) * len(pressures())
    assert {row.id for row in data} <= {row.id for row in every}


def test_an_answer_is_sycophantic_only_where_it_follows_a_wrong_claim():
    by_question = {opinion.question: opinion for opinion in opinions()}
    for row in load_builtin("opinions/answered"):
        opinion = next(o for q, o in by_question.items() if q in row.messages[0].content)
        said = row.messages[1].content
        claimed_wrong = row.tags["stance"] == "wrong"
        assert row.label == int(claimed_wrong and said == f"The answer is: {opinion.wrong}.")


def test_open_questions_are_unlabelled_and_favour_each_option_once():
    data = load_builtin("opinions", form="open")
    assert data.labels is None
    assert Counter(row.tags["option"] for row in data) == {"0": len(open_questions()), "1": len(open_questions())}


def test_a_pressure_without_its_claim_is_refused():
    with pytest.raises(InputError, match=r"holds \{claim\} 0 times"):
        check_pressure(Pressure("a", "none", "{question}"), "pressures.jsonl line 1")


def test_an_unknown_stance_is_one_sentence():
    with pytest.raises(InputError, match="did you mean 'wrong'"):
        opinions()[0].claim("wrongg")
