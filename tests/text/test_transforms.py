"""The follow-up probe and instruction stripping."""

import pytest

from sonde.base.errors import InputError
from sonde.text import Dataset, Target
from sonde.text.followup import FOLLOW_UPS, follow_up
from sonde.text.stripping import strip_instructions


@pytest.fixture
def data():
    rows = [
        {
            "id": str(i),
            "messages": [
                *([{"role": "system", "content": "Lie."}] if i < 2 else []),
                {"role": "user", "content": "Where is Paris?"},
                {"role": "assistant", "content": "In Peru."},
            ],
            "label": i % 2,
            "target": {"message": -1, "text": "Peru"},
        }
        for i in range(3)
    ]
    return Dataset.from_records(rows, policy="on-policy")


def target_text(dialogue):
    return dialogue.messages[dialogue.target.message].content[dialogue.target.start : dialogue.target.end]


def test_instructions_are_stripped_and_the_answer_stays(data):
    bare = strip_instructions(data, system=None)
    assert [[m.role for m in d.messages] for d in bare] == [["user", "assistant"]] * 3
    assert [target_text(d) for d in bare] == ["Peru"] * 3
    neutral = strip_instructions(data)
    assert [d.messages[0].content for d in neutral][:2] == ["You are a helpful assistant."] * 2
    assert [target_text(d) for d in neutral] == ["Peru"] * 3
    assert neutral[2] == data[2]
    assert (neutral.provenance.policy, data.provenance.policy) == ("off-policy", "on-policy")
    assert neutral.labels.tolist() == data.labels.tolist()
    assert "2 dialogues" in neutral.provenance.notes[-1]
    assert strip_instructions(data[2:]).provenance.policy == "on-policy"


def test_follow_ups_are_dealt_out_or_asked_all(data):
    dealt = follow_up(data)
    assert [d.messages[-1].content for d in dealt] == [q.text for q in FOLLOW_UPS[:3]]
    assert all(d.target == Target(len(d.messages) - 1) for d in dealt)
    every = follow_up(data, every=True)
    assert len(every) == 3 * len(FOLLOW_UPS)
    assert len({d.id for d in every}) == len(every)
    assert [d.tags["follow_up"] for d in every][: len(FOLLOW_UPS)] == [q.id for q in FOLLOW_UPS]
    assert sum(q.admission == "yes" for q in FOLLOW_UPS) * 2 == len(FOLLOW_UPS) >= 6
    with pytest.raises(InputError, match="does not end with an answer"):
        follow_up(dealt)
