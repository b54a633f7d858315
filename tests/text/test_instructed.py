"""Instructed pairs: who says what, and that neither prompts nor items cross the split."""

import json

import pytest

from sonde.base.errors import InputError
from sonde.text import (
    Dataset,
    PromptPair,
    Target,
    check_disjoint,
    instructed_pairs,
    load_dataset,
    load_prompt_pairs,
)

PROMPTS = [PromptPair(f"Be honest {i}.", f"Lie {i}.") for i in range(4)]
QA = [{"question": f"Question {i}?", "true_answer": f"yes {i}", "false_answer": f"no {i}"} for i in range(10)]


def test_question_answer_pairs():
    data = instructed_pairs(QA, PROMPTS)
    assert len(data) == 20
    assert (data.positive, data.negative, data.provenance.policy) == ("deceptive", "honest", "instructed")
    for dialogue in data:
        system, user, assistant = (m.content for m in dialogue.messages)
        number = user.removeprefix("Question ").removesuffix("?")
        prompt = PROMPTS[int(dialogue.tags["prompt"])]
        assert [m.role for m in dialogue.messages] == ["system", "user", "assistant"]
        assert system == (prompt.deceptive if dialogue.label else prompt.honest)
        assert assistant == (f"no {number}" if dialogue.label else f"yes {number}")
        assert dialogue.target == Target(2)


def test_neither_prompts_nor_items_cross():
    train, test = (instructed_pairs(QA, PROMPTS, split=side, seed=3) for side in ("train", "test"))
    assert not set(train.tags["prompt"]) & set(test.tags["prompt"])
    check_disjoint(train, test)
    both = instructed_pairs(QA, PROMPTS, seed=3)
    assert {d.id for d in both} == {d.id for d in (*train, *test)}
    assert [d.tags["split"] for d in both].count("test") == len(test) == 10
    assert instructed_pairs(QA, PROMPTS, seed=3) == both
    assert instructed_pairs(QA, PROMPTS, seed=4) != both


def test_statements():
    texts = [f"{w * 5} is so" for w in "abcdefgh"]
    source = Dataset.from_texts(texts, labels=[1, 0] * 4, groups=[i // 2 for i in range(8)], positive="true")
    data = instructed_pairs(source, PROMPTS, held_out=0.25, request="Say something.")
    assert len(data) == 8
    by_id = {d.id.split("/")[0]: d for d in data}
    for statement in source:
        dialogue = by_id[statement.id]
        assert dialogue.label == 1 - statement.label
        assert (dialogue.messages[1].content, dialogue.messages[2].content) == ("Say something.", statement.text)
        assert dialogue.group == statement.group
    for group in set(source.groups):
        assert len({d.tags["prompt"] for d in data if d.group == group}) == 1
    flipped = Dataset("f", source.dialogues, source.provenance, positive="false", negative="true")
    assert {d.label for d in instructed_pairs(flipped, PROMPTS) if d.messages[2].content == texts[0]} == {1}


def test_question_and_answer_dialogues():
    def row(question, answer, label):
        chat = [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]
        return {"messages": chat, "label": label, "tags": {"kind": "k"}}

    source = Dataset.from_records([row("Q", "T", 1), row("Q", "T2", 1), row("Q", "F", 0), row("only true", "T", 1)])
    data = instructed_pairs(source, PROMPTS[:1], held_out=0)
    assert [d.messages[2].content for d in data] == ["T", "F"]
    assert data[0].tags["kind"] == "k"


@pytest.mark.parametrize(
    ("source", "prompts", "options", "words"),
    [
        (QA, PROMPTS, {"split": "tset"}, "did you mean 'test'"),
        (QA, PROMPTS, {"held_out": 1.0}, "held_out=1.0"),
        (QA, [], {}, "at least one prompt pair"),
        ([], PROMPTS, {}, "at least one item group"),
        (QA, PROMPTS[:1], {}, "one prompt pair, so none can be held out"),
        (QA, PROMPTS, {"held_out": 0, "split": "test"}, "leaves none there"),
        ([{"question": "q"}], PROMPTS, {}, "question 0 .*no 'true_answer'"),
        (Dataset.from_texts(["a"]), PROMPTS, {}, "no labels"),
    ],
)
def test_refused(source, prompts, options, words):
    with pytest.raises(InputError, match=words):
        instructed_pairs(source, prompts, **options)


def test_prompt_files(tmp_path):
    path = tmp_path / "prompts.jsonl"
    path.write_text(
        "\n".join(
            json.dumps(r) for r in [{"honest": "h", "deceptive": "d"}, {"honest": "i", "deceptive": "e", "id": "x"}]
        )
    )
    assert load_prompt_pairs(path) == (PromptPair("h", "d", "0"), PromptPair("i", "e", "x"))
    path.write_text('{"honest": "h", "deceptive": "d"}\n{"honest": "h"}\n')
    with pytest.raises(InputError, match="line 2 has no 'deceptive' prompt"):
        load_prompt_pairs(path)
    path.write_text('{"honest": "h", "decptive": "d"}\n')
    with pytest.raises(InputError, match="did you mean 'deceptive'"):
        load_prompt_pairs(path)


def test_saved_pairs_load_by_split(tmp_path):
    data = instructed_pairs(QA, PROMPTS)
    data.save(tmp_path / "pairs.jsonl")
    assert load_dataset(tmp_path / "pairs.jsonl") == data
    train = load_dataset(tmp_path / "pairs.jsonl", split="train")
    assert train.dialogues == instructed_pairs(QA, PROMPTS, split="train").dialogues
