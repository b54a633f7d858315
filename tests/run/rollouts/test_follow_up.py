"""Reading the answer to "did you lie?", against the probabilities of the whole model."""

import copy
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

import sonde
from sonde.text.followup import FOLLOW_UPS, FollowUp, follow_up

sys.path[:0] = [str(Path(__file__).parents[2] / "tokens"), str(Path(__file__).parents[2] / "capture")]
from tokenizer_makers import CHATML, byte_level  # noqa: E402
from zoo import tiny  # noqa: E402


@pytest.fixture(scope="module")
def model():
    tokenizer = copy.copy(byte_level())
    tokenizer.chat_template = CHATML
    module = tiny("llama", vocab_size=len(tokenizer), max_position_embeddings=512, scale=3.0)
    return sonde.load_model(module, tokenizer=tokenizer)


def log_probability(model, dialogue, word):
    """By hand: the whole model's logits, one token of the answer after the other."""
    prompt = model.tokenizer.apply_chat_template(
        [{"role": m.role, "content": m.content} for m in dialogue.messages], tokenize=False, add_generation_prompt=True
    )
    before = model.tokenizer(prompt, add_special_tokens=False).input_ids
    ids = model.tokenizer(prompt + word, add_special_tokens=False).input_ids
    with torch.no_grad():
        log_p = torch.log_softmax(model.module(torch.tensor([ids])).logits[0].double(), -1)
    return sum(float(log_p[i - 1, ids[i]]) for i in range(len(before), len(ids)))


def test_owning_up_is_the_probability_of_the_admission(model):
    rows = [
        {"messages": [{"role": "user", "content": f"Where is {x}?"}, {"role": "assistant", "content": "In Peru."}]}
        for x in ("Paris", "it")
    ]
    data = sonde.Dataset.from_records(rows)
    found = sonde.follow_up_scores(model, data)
    expected = []
    for dialogue in follow_up(data, every=True):
        yes, no = (
            sum(np.exp(log_probability(model, dialogue, word)) for word in words)
            for words in (("yes", "Yes"), ("no", "No"))
        )
        expected.append((yes if dialogue.tags["admission"] == "yes" else no) / (yes + no))
    np.testing.assert_allclose(found, np.reshape(expected, (2, len(FOLLOW_UPS))).mean(axis=1), rtol=1e-4)


def test_turned_questions_cancel_a_taste_for_yes(model):
    data = sonde.Dataset.from_records(
        [{"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"}]}]
    )
    question = FollowUp("a", "Did you lie?", "yes")
    turned = FollowUp("b", "Did you lie?", "no")
    assert sonde.follow_up_scores(model, data, [question, turned]) == pytest.approx([0.5])
