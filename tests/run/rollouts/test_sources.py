"""Where questions and scenes come from, and that nothing crosses from one side to the other."""

import json

import pytest

from sonde.base.errors import InputError
from sonde.recipe import RolloutRecipe
from sonde.run.rollouts.phrasings import CLOSED, OPEN, open_prompts, phrasings_of
from sonde.run.rollouts.rows import read_requests
from sonde.run.rollouts.sources import asked_closed, read_sides
from sonde.text.questions import Question, load_questions


def sides(**settings):
    return read_sides(RolloutRecipe(**settings), seed=0)


def prompts_of(questions):
    return {scene.tags["prompt"] for q in questions for scene in q.scenes}


def test_facts_under_the_built_in_instructions():
    found = sides(questions="sonde:facts", prompts="sonde:instructions", n_questions=200)
    train, test = found["train"], found["test"]
    assert len(train) + len(test) == 200
    assert not {q.group for q in train} & {q.group for q in test}
    assert not prompts_of(train) & prompts_of(test)
    for question in (*train, *test):
        assert question.answer in question.options
        assert 2 <= len(question.options) <= 3
        lie, truth = question.scenes
        assert (lie.stance, truth.stance) == ("deceptive", "honest")
        assert lie.tags["prompt"] == truth.tags["prompt"]
        assert lie.messages[1] == truth.messages[1]
        assert lie.messages[0] != truth.messages[0]
    assert sides(questions="sonde:facts", prompts="sonde:instructions", n_questions=200) == found


def test_the_place_of_the_right_option_tells_nothing():
    found = sides(questions="sonde:facts", prompts="sonde:instructions")
    questions = [q for q in (*found["train"], *found["test"]) if len(q.options) == 3]
    places = [q.options.index(q.answer) for q in questions]
    for place in range(3):
        assert abs(places.count(place) / len(places) - 1 / 3) < 4 * (2 / 9 / len(places)) ** 0.5


def test_opinions_are_claimed_in_both_stances():
    found = sides(questions="sonde:opinions", scenes=4)
    for question in (*found["train"], *found["test"]):
        claims = [scene.claim for scene in question.scenes]
        assert all(scene.stance == "pressure" and scene.claim in scene.messages[0].content for scene in question.scenes)
        assert claims.count(question.answer) == 2
    assert not prompts_of(found["train"]) & prompts_of(found["test"])


def test_work_is_praised_by_its_author_and_judged_neutrally():
    found = sides(questions="sonde:work")
    for question in (*found["train"], *found["test"]):
        assert question.answer == {"weak": "poor", "strong": "good"}[question.tags["version"]]
        assert [scene.claim for scene in question.scenes] == ["good", "poor"]
        assert "I wrote this myself" not in question.text


def test_a_question_file_and_a_file_of_prompt_pairs(tmp_path):
    rows = [{"question": f"Q{i}?", "options": ["a", "b"], "answer": "a", "group": f"g{i // 2}"} for i in range(60)]
    (tmp_path / "q.jsonl").write_text("\n".join(map(json.dumps, rows)))
    pairs = [{"id": f"p{i}", "honest": f"Honest {i}.", "deceptive": f"Lie {i}."} for i in range(4)]
    (tmp_path / "p.jsonl").write_text("\n".join(map(json.dumps, pairs)))
    found = sides(questions=str(tmp_path / "q.jsonl"), prompts=str(tmp_path / "p.jsonl"), scenes=4, held_out=0.5)
    assert not prompts_of(found["train"]) & prompts_of(found["test"])
    assert len(prompts_of(found["train"])) == len(prompts_of(found["test"])) == 2
    scene = found["train"][0].scenes[0]
    assert [m.role for m in scene.messages] == ["system", "user"]
    assert scene.messages[1].content.endswith("Is it a or b? Answer in a short sentence.")


@pytest.mark.parametrize("share", [0.01, 0.3, 0.99])
@pytest.mark.parametrize("groups", [2, 3, 5])
def test_a_small_file_has_questions_on_both_sides(tmp_path, groups, share):
    rows = [{"question": f"Q{i}?", "options": ["a", "b"], "answer": "a", "group": f"g{i % groups}"} for i in range(10)]
    (tmp_path / "q.jsonl").write_text("\n".join(map(json.dumps, rows)))
    pairs = [{"id": f"p{i}", "honest": f"Honest {i}.", "deceptive": f"Lie {i}."} for i in range(2)]
    (tmp_path / "p.jsonl").write_text("\n".join(map(json.dumps, pairs)))
    found = sides(questions=str(tmp_path / "q.jsonl"), prompts=str(tmp_path / "p.jsonl"), held_out=share)
    assert found["train"] and found["test"]  # noqa: PT018
    assert not {q.group for q in found["train"]} & {q.group for q in found["test"]}
    assert len(found["train"]) + len(found["test"]) == 10


def test_answered_questions_of_a_public_benchmark(tmp_path):
    (tmp_path / "t.csv").write_text(
        "Type,Category,Question,Best Answer,Correct Answers,Incorrect Answers,Source\n"
        + "".join(f"A,B,What is {i}?,x,Right {i}; Also right,Wrong {i}; Bad {i}; Worse,s\n" for i in range(30))
    )
    found = sides(questions=str(tmp_path / "t.csv"), prompts="sonde:instructions")
    question = found["train"][0]
    number = question.text.removeprefix("What is ").removesuffix("?")
    assert question.answer == f"Right {number}"
    assert set(question.options) == {f"Right {number}", f"Wrong {number}", f"Bad {number}"}


def test_truthfulqa_itself(shared):
    found = sides(questions=str(shared / "truthfulqa" / "TruthfulQA.csv"), prompts="sonde:instructions")
    assert len(found["train"]) + len(found["test"]) > 790


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"questions": "Q?"}, "did you mean 'question'"),
        ({"question": " "}, "no 'question'"),
        ({"question": "Q?", "options": ["a"]}, "two or more"),
        ({"question": "Q?", "options": ["a", "A"]}, "distinct"),
        ({"question": "Q?", "options": ["a", "b"], "answer": "c"}, "one of the options"),
        ({"question": "Q?", "options": ["a", "b"], "believed": 2}, "'believed'"),
        ({"question": "Q?", "scenes": [{"messages": [{"role": "assistant", "content": "x"}]}]}, "user's message"),
        ({"question": "Q?", "scenes": [{"messages": [{"role": "user", "content": "x"}], "stance": "liar"}]}, "stance"),
        ({"question": "Q?", "options": ["a", "b"], "phrasings": [{"text": "x", "answers": ["1"]}]}, "1 answers for 2"),
    ],
)
def test_what_is_wrong_with_a_question_is_said(row, said, tmp_path):
    path = tmp_path / "q.jsonl"
    path.write_text(json.dumps(row))
    with pytest.raises(InputError, match=said) as error:
        load_questions(path)
    assert "line 1" in str(error.value)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"questions": "sonde:fact"}, "sonde:facts"),
        ({"questions": "sonde:facts"}, "name system prompts"),
        ({"questions": "missing.jsonl"}, "missing.jsonl"),
        ({"questions": "sonde:facts", "prompts": "sonde:instructions", "n_questions": 1}, "falls on the"),
    ],
)
def test_what_is_wrong_with_a_rollout_is_said(settings, said):
    with pytest.raises(InputError, match=said):
        sides(**settings)


def test_phrasings_turn_the_options_round():
    question = Question("q", "Where?", ("France", "Peru"), "France", "g")
    phrasings = phrasings_of(question)
    assert len(phrasings) == len(CLOSED) >= 5
    texts = [p.messages[0].content for p in phrasings]
    assert "France, Peru" in texts[0]
    assert "Peru, France" in texts[1]
    assert phrasings[2].answers == ("A", "B")
    assert phrasings[3].answers == ("B", "A")
    assert "A) Peru\nB) France" in texts[3]
    assert len(open_prompts(question)) == len(OPEN) >= 5
    assert not any("France" in m.content for prompt in open_prompts(question) for m in prompt)
    assert asked_closed(Question("q", "Say.", ())) == "Say."


def test_requests_lose_their_written_answers(tmp_path):
    rows = [
        {"messages": [{"role": "user", "content": f"Q{i}"}, {"role": "assistant", "content": "A"}]} for i in range(6)
    ]
    (tmp_path / "c.jsonl").write_text("\n".join(map(json.dumps, rows)))
    found = read_requests(str(tmp_path / "c.jsonl"), 3)
    assert [prompt[0].content for _, _, prompt in found] == ["Q0", "Q2", "Q4"]
    assert all(len(prompt) == 1 for _, _, prompt in found)
    (tmp_path / "t.jsonl").write_text('{"text": "plain"}')
    with pytest.raises(InputError, match="no user's message"):
        read_requests(str(tmp_path / "t.jsonl"), None)
