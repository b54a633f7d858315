"""Records: roles and their aliases, targets, tags, and what is refused."""

import pytest

from sonde.base.errors import InputError
from sonde.text import Message, Target
from sonde.text.records import read_record


def test_share_gpt_names_and_developer_are_understood():
    value = {
        "conversations": [
            {"from": "developer", "value": "Be brief."},
            {"from": "human", "value": "Hi"},
            {"from": "gpt", "value": "Hello"},
        ]
    }
    assert read_record(value, "f line 1").messages == (
        Message("system", "Be brief."),
        Message("user", "Hi"),
        Message("assistant", "Hello"),
    )


def test_a_system_field_opens_the_dialogue():
    value = {"system": "S", "messages": [{"role": "user", "content": "U"}]}
    assert [m.role for m in read_record(value, "f").messages] == ["system", "user"]


def test_plain_extra_fields_become_tags_and_nested_ones_do_not():
    record = read_record({"text": "x", "style": "terse", "n": 3, "sure": True, "nested": {"a": 1}}, "f")
    assert record.tags == {"style": "terse", "n": "3", "sure": "true"}


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ({"message": 1, "start": 0, "end": 5}, Target(1, 0, 5)),
        ({"message": 1, "text": "lo W"}, Target(1, 3, 7)),
        ({"start": 6}, Target(-1, 6, None)),
        ({}, Target(-1, 0, None)),
    ],
)
def test_targets(target, expected):
    messages = [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello World"}]
    assert read_record({"messages": messages, "target": target}, "f").target == expected


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ({"messages": [{"role": "narrator", "content": "x"}]}, ["f line 3", "role 'narrator'", "assistant"]),
        ({"messages": [{"role": "user"}]}, ["f line 3", "no 'content'"]),
        ({"messages": [{"content": "x"}]}, ["no 'role'"]),
        ({"messages": [{"role": "user", "content": ["x"]}]}, ["message 0", "list", "string"]),
        ({"messages": []}, ["f line 3", "at least one"]),
        ({"messages": "hello"}, ["no list"]),
        ({"messages": ["hello"]}, ["message 0", "str"]),
        ({"text": ""}, ["empty text"]),
        ({"text": 3}, ["int", "string"]),
        ({"text": "half \ud83d"}, ["surrogate"]),
        ({"text": "x", "messages": [{"role": "user", "content": "x"}]}, ["both"]),
        ({"prompt": "x"}, ["neither 'messages' nor 'text'", "'prompt'", "text="]),
        ({"text": "x", "lable": 1}, ["'lable'", "did you mean 'label'"]),
        ({"text": "x", "Label": 1}, ["did you mean 'label'"]),
        ({"text": "x", "tags": ["a"]}, ["'tags'", "object"]),
        ({"text": "x", "tags": {"a": [1]}}, ["tag 'a'"]),
        ({"text": "abc", "target": {"message": 2}}, ["message 2", "1 messages"]),
        ({"text": "abc", "target": {"start": 2, "end": 9}}, ["2:9", "3 characters"]),
        ({"text": "abc", "target": {"start": 2, "end": 1}}, ["2:1"]),
        ({"text": "abab", "target": {"text": "ab"}}, ["occurs 2 times", "start and end"]),
        ({"text": "abab", "target": {"text": "x"}}, ["does not occur"]),
        ({"text": "abc", "target": {"begin": 1}}, ["'begin'"]),
        ({"text": "abc", "target": {"start": True}}, ["whole number"]),
        ({"text": "abc", "target": 3}, ["'target'", "int"]),
    ],
)
def test_refused_in_one_sentence_that_names_the_line(value, words):
    with pytest.raises(InputError) as error:
        read_record(value, "f line 3")
    sentence = str(error.value)
    assert "f line 3" in sentence
    assert "\n" not in sentence
    for word in words:
        assert word in sentence


def test_own_field_names():
    record = read_record(
        {"prompt": "x", "kind": "lie", "who": "a"}, "f", {"text": "prompt", "label": "kind", "group": "who"}
    )
    assert (record.messages[0].content, record.label, record.group, record.tags) == ("x", "lie", "a", {})
    with pytest.raises(InputError, match=r"no field 'prmpt'.*text="):
        read_record({"prompt": "x"}, "f", {"text": "prmpt"})
