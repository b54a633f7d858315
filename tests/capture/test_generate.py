"""Generation: batched equals alone when greedy, seeded when sampled."""

import pytest
import torch
from zoo import ragged_ids

from sonde.base.errors import InputError
from sonde.capture import generate, generate_ids


@pytest.mark.parametrize("architecture", ["gpt2", "llama", "gemma2", "mamba"])
def test_greedy_in_a_batch_equals_the_argmax_of_each_alone(architecture, make_model, texts):
    model = make_model(architecture)
    made = generate_ids(model, texts, max_new_tokens=4, temperature=0)
    for ids, new in zip(ragged_ids(), made, strict=True):
        sequence = list(ids)
        for _ in range(4):
            with torch.no_grad():
                token = int(model.module(torch.tensor([sequence])).logits[0, -1].argmax())
            if token == 2:
                break
            sequence.append(token)
        assert new.tolist() == sequence[len(ids) :]


def test_the_seed_decides_and_the_global_state_is_left_alone(llama, texts):
    torch.manual_seed(5)
    state = torch.random.get_rng_state()
    a, b = (generate(llama, texts, max_new_tokens=6, seed=1) for _ in range(2))
    c = generate(llama, texts, max_new_tokens=6, seed=2)
    assert a == b != c
    assert torch.equal(torch.random.get_rng_state(), state)


def test_text_comes_without_special_tokens(llama, texts):
    made = llama.generate(texts, max_new_tokens=3, temperature=0)
    assert len(made) == len(texts)
    assert all(word.startswith("w") for text in made for word in text.split())


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"max_new_tokens": 0}, "at least 1"),
        ({"max_new_tokens": 4, "temperature": -1.0}, "temperature"),
        ({"max_new_tokens": 128}, "ask for fewer"),
        ({"max_new_tokens": 120}, "8"),
    ],
)
def test_wrong_input_is_refused(options, said, llama, texts):
    with pytest.raises(InputError, match=said):
        generate(llama, texts, **options)


def test_a_real_model_tells_a_story(llama_folder):
    from sonde.capture import load_model

    (text,) = generate(load_model(llama_folder, device="cpu"), ["Once upon a time"], max_new_tokens=12, temperature=0)
    assert "there was a" in text


def test_a_sample_does_not_depend_on_its_batch_and_a_repeated_dialogue_is_answered_anew(llama, texts):
    together = generate(llama, texts, max_new_tokens=6, seed=3)
    alone = [generate(llama, [text], max_new_tokens=6, seed=3)[0] for text in texts]
    small = generate(llama, texts[::-1], max_new_tokens=6, seed=3, token_budget=32)[::-1]
    assert together == alone == small
    twins = generate(llama, [texts[0]] * 8, max_new_tokens=6, seed=3)
    assert twins[0] == together[0]
    assert len(set(twins)) > 1


def test_samples_follow_the_models_distribution(llama):
    prompt, n = "w5 w9 w30", 3000
    made = [int(ids[0]) for ids in generate_ids(llama, [prompt] * n, max_new_tokens=1, token_budget=4096) if len(ids)]
    with torch.no_grad():
        ids = torch.tensor([llama.tokenize([prompt]).ids(0).tolist()])
        p = torch.softmax(llama.module(ids).logits[0, -1].double(), -1)
    counts = torch.bincount(torch.tensor(made), minlength=len(p)).double() / n
    kept = torch.arange(len(p)) != 2  # the end-of-text token is left out
    error = (counts - p)[kept]
    assert float((error / (p[kept] * (1 - p[kept]) / n).sqrt()).abs().max()) < 5
