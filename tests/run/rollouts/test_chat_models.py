"""End to end, offline, on small chat models of five families: templates by hand, weights at random.

The models can say two words only. Which of them follows from all that they read, so they have beliefs of a kind, and
contradict them.
"""

import copy
import json
import sys
from pathlib import Path

import pytest
import torch

import sonde
from sonde.recipe import parse_recipe
from sonde.run.rollouts.thinking import opens_thinking, without_thinking

sys.path[:0] = [str(Path(__file__).parents[2] / "tokens"), str(Path(__file__).parents[2] / "capture")]
from tokenizer_makers import CHATML, TEMPLATES, byte_level  # noqa: E402
from zoo import tiny  # noqa: E402

WORDS = ("Four", "What")
QWEN = CHATML.replace(  # Qwen3's switch: an empty block of thinking stands before the answer when it is off
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}",
    "{% if add_generation_prompt %}<|im_start|>assistant\n"
    "{% if enable_thinking is defined and not enable_thinking %}<think>\n\n</think>\n\n{% endif %}{% endif %}",
)
FAMILIES = {
    "llama3": (TEMPLATES["llama3"], "llama"),
    "qwen3": (QWEN, "qwen3"),
    "gemma": (TEMPLATES["gemma"], "gemma2"),
    "mistral": (TEMPLATES["mistral"], "mistral"),
    "deepseek": (TEMPLATES["deepseek"], "llama"),
}
PHRASINGS = [
    "{question} Which of {options}?",
    "Quiz: {question}",
    "{question} Say it.",
    "{question} One of {options}.",
    "Please: {question}",
]


@pytest.fixture(scope="module")
def tokenizer():
    return byte_level()


@pytest.fixture
def folder(request, tokenizer, tmp_path):
    """A model of the family, saved as people save them."""
    template, architecture = FAMILIES[request.param]
    own = copy.copy(tokenizer)
    own.chat_template = template
    model = tiny(architecture, vocab_size=len(own), max_position_embeddings=1024, tie_word_embeddings=False)
    with torch.no_grad():
        head = model.get_output_embeddings().weight
        head.zero_()
        direction = torch.nn.functional.normalize(torch.randn(32, generator=torch.Generator().manual_seed(1)), dim=0)
        for word, sign in zip(WORDS, (1, -1), strict=True):
            head[own.get_vocab()[word]] = 1e5 * sign * direction  # hardly ever near zero
    path = tmp_path / request.param
    model.save_pretrained(path)
    own.save_pretrained(path)
    return path


def recipe(tmp_path, folder):
    pairs = [{"honest": f"Rule {i}: say what is so.", "deceptive": f"Rule {i}: say what is not so."} for i in range(6)]
    (tmp_path / "pairs.jsonl").write_text("\n".join(map(json.dumps, pairs)))
    questions = [{"question": f"Is it {i} times {i}?", "options": WORDS, "group": f"g{i}"} for i in range(48)]
    (tmp_path / "questions.jsonl").write_text("\n".join(map(json.dumps, questions)))
    chats = [
        {"messages": [{"role": "user", "content": f"Hello {i}"}, {"role": "assistant", "content": "x"}]}
        for i in range(9)
    ]
    (tmp_path / "chats.jsonl").write_text("\n".join(map(json.dumps, chats)))
    return parse_recipe(
        {
            "name": "tiny",
            "positive": "lie",
            "model": str(folder),
            "resamples": 100,
            "data": {"train": "rollout:train", "test": "rollout:test", "control": "rollout:control"},
            "capture": {"tokens": "assistant", "device": "cpu"},
            "probe": {"folds": 2, "l2": [10.0], "types": ["mean_difference"]},
            "rollout": {
                "questions": str(tmp_path / "questions.jsonl"),
                "prompts": str(tmp_path / "pairs.jsonl"),
                "requests": str(tmp_path / "chats.jsonl"),
                "phrasings": PHRASINGS,
                "belief_agreement": 0.6,
                "max_new_tokens": 1,
                "cache": str(tmp_path / "cache"),
            },
        }
    )


@pytest.mark.parametrize("folder", FAMILIES, indirect=True)
def test_a_rollout_on_every_family_of_templates(folder, tmp_path):
    made = sonde.rollout(recipe(tmp_path, folder), out=tmp_path / "out")
    counts = made.content["counts"]
    assert counts["unparsed"] == counts["refused"] == 0
    assert counts["believed"] > 10
    beliefs = {row["id"]: row["believed"] for row in map(json.loads, (made.folder / "beliefs.jsonl").open())}
    answers = list(map(json.loads, (made.folder / "answers.jsonl").open()))
    assert len(answers) == 2 * counts["believed"]
    for answer in answers:
        (believed,) = beliefs[answer["id"].split("/")[0]]
        against = answer["text"].split("</think>")[-1].strip() != believed
        lie, other = ("lie", "resisted") if answer["stance"] == "deceptive" else ("slip", "honest")
        assert answer["kind"] == (lie if against else other)
    if made.unsupported:  # this model never contradicts itself; then the sentence says so
        assert "nothing to tell apart" in made.unsupported
        return
    model = sonde.load_model(folder, device="cpu")
    for part in ("train", "test", "control"):
        data = made.dataset(part)
        tokens = model.tokenize(data)
        for i, dialogue in enumerate(data):
            assert tokens.table.texts[i].count(dialogue.messages[0].content) == 1
            assert dialogue.messages[-1].content in WORDS
    assert len(made.dataset("control")) == 9


@pytest.mark.slow
@pytest.mark.parametrize("folder", ["llama3", "mistral", "qwen3", "deepseek"], indirect=True)
def test_train_on_a_rollout(folder, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    run = sonde.train(recipe(tmp_path, folder), out=tmp_path / "run")
    assert run.content["test"]["rollout-test.jsonl"]["n_positive"] > 0
    assert run.content["data"][0]["policy"] == "on-policy"


def test_thinking_is_switched_off_or_closed(tokenizer):
    ends = {}
    for name, (template, _) in FAMILIES.items():
        own = copy.copy(tokenizer)
        own.chat_template = template
        model = sonde.load_model(tiny("llama", vocab_size=len(own)), tokenizer=own)
        calm = without_thinking(model)
        assert opens_thinking(calm) is None
        assert (calm is model) == (name in ("llama3", "gemma", "mistral"))
        prompt = sonde.Dialogue.from_messages([{"role": "user", "content": "Hi"}])
        ends[name] = calm.tokenize([prompt]).table.texts[0]
    assert ends["qwen3"].endswith("assistant\n<think>\n\n</think>\n\n")
    assert ends["deepseek"].endswith("<|Assistant|><think>\n\n</think>\n\n")
