"""Asking the model: sampled answers and log-probabilities, each computed once and kept by content."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from sonde import __version__
from sonde.base.errors import InputError
from sonde.base.progress import progress_bar
from sonde.base.seeds import derive_seed
from sonde.capture import Model, capture, generate
from sonde.run.rollouts.cache import Cache, key_of
from sonde.run.rollouts.thinking import opens_thinking
from sonde.text import Dialogue, Message, Target
from sonde.text.questions import Phrasing
from sonde.tokens.fingerprint import tokenizer_fingerprint

#: Prompts that are answered, and continuations that are weighed, between two writes to the cache.
ANSWERS_A_WRITE, WEIGHTS_A_WRITE = 128, 1024


@dataclass(frozen=True)
class Ask:
    """A model with a memory of what it said.

    Attributes:
        model: who is asked.
        answers: texts it sampled.
        weights: log-probabilities it gave.
    """

    model: Model
    answers: Cache
    weights: Cache

    @staticmethod
    def of(model: Model, folder: str | Path) -> Ask:
        """Open the model's memory in `folder`; other weights, or another chat template, have another memory."""
        tokenizer = tokenizer_fingerprint(model.tokenizer)
        name = key_of(model.fingerprint, tokenizer)[:12]
        about = {
            "model": model.name,
            "fingerprint": model.fingerprint,
            "tokenizer": tokenizer,
            "sonde": __version__,
        }
        files = (Path(folder) / f"{kind}-{name}.jsonl" for kind in ("answers", "weights"))
        return Ask(model, *(Cache(path, about) for path in files))

    def sample(
        self,
        prompts: Sequence[tuple[Message, ...]],
        *,
        max_new_tokens: int,
        temperature: float,
        seed: int,
        number: int = 0,
        what: str = "answers",
    ) -> list[str]:
        """Return what the model says after each prompt.

        Args:
            prompts: `n` prompts, each ending with a user's message.
            max_new_tokens, temperature, seed: as in `sonde.capture.generate`.
            number: of the sample, where several are drawn after one prompt.
            what: is sampled, for the progress bar.
        """
        setting = [max_new_tokens, float(temperature), seed, number]
        keys = [key_of("answer", messages_json(prompt), setting) for prompt in prompts]
        opened = opens_thinking(self.model)

        def run(chunk: Sequence[int]) -> list[str]:
            dialogues = [Dialogue(str(i), prompts[i]) for i in chunk]
            options: dict[str, Any] = {"max_new_tokens": max_new_tokens, "temperature": temperature}
            said = generate(self.model, dialogues, seed=derive_seed(seed, "sample", number), **options)
            return [f"{opened or ''}{text}" for text in said]  # thinking that the prompt opened belongs to the text

        return _remembered(self.answers, keys, run, ANSWERS_A_WRITE, what, "answer")

    def weigh(self, phrasings: Sequence[Phrasing], what: str = "beliefs") -> list[np.ndarray]:
        """Return the log-probabilities, in nats, of each phrasing's answers, summed over their tokens.

        Raises:
            InputError: an answer has no token of its own, or this architecture offers no predictions.
        """
        dialogues = [continued(p, k) for p in phrasings for k in range(len(p.answers))]
        keys = [key_of("weight", messages_json(d.messages), d.target and d.target.start) for d in dialogues]

        def run(chunk: Sequence[int]) -> list[float]:
            return weigh_dialogues(self.model, [dialogues[i] for i in chunk])

        found = np.array(_remembered(self.weights, keys, run, WEIGHTS_A_WRITE, what, "option"))
        return np.split(found, np.cumsum([len(p.answers) for p in phrasings])[:-1])


def weigh_dialogues(model: Model, dialogues: Sequence[Dialogue]) -> list[float]:
    """Return the log-probability, in nats, of each dialogue's target, summed over its tokens.

    Raises:
        InputError: a target has no token of its own, or this architecture offers no predictions.
    """
    named = [Dialogue(str(i), d.messages, target=d.target) for i, d in enumerate(dialogues)]
    read: Any = capture(model, named, sites=model.sites[0], tokens="target", predictions=True, check=False)
    counts = np.diff(read.offsets)
    if (counts == 0).any():
        answer = dialogues[int(np.argmin(counts))].messages[-1].content
        raise InputError(f"Answer {answer[-60:]!r} has no token of its own, so it has no probability: reword it.")
    sums = np.concatenate([[0.0], np.cumsum(read.predictions["log_probability"].double().numpy())])
    return (sums[read.offsets[1:]] - sums[read.offsets[:-1]]).tolist()


def continued(phrasing: Phrasing, k: int) -> Dialogue:
    """Return a phrasing continued with its answer `k`; the target is that answer.

    Example:
        >>> phrasing = Phrasing((Message("text", "Paris is in"),), ("France", "Peru"))
        >>> continued(phrasing, 1).text
        'Paris is in Peru'
    """
    last, answer = phrasing.messages[-1], phrasing.answers[k]
    if last.role not in ("assistant", "text"):
        return Dialogue("", (*phrasing.messages, Message("assistant", answer)), target=Target(len(phrasing.messages)))
    lead = f"{last.content} " if last.content else ""
    messages = (*phrasing.messages[:-1], Message(last.role, lead + answer))
    return Dialogue("", messages, target=Target(len(messages) - 1, len(lead), len(lead) + len(answer)))


def messages_json(messages: Sequence[Message]) -> list[list[str]]:
    """Return messages as JSON-ready pairs of role and content."""
    return [[message.role, message.content] for message in messages]


def _remembered(
    cache: Cache, keys: Sequence[str], run: Callable[[Sequence[int]], list[Any]], size: int, what: str, unit: str
) -> list[Any]:
    """Return the value of every key, computing the missing ones chunk by chunk; each chunk is kept once it is done."""
    missing = list({key: i for i, key in enumerate(keys) if key not in cache}.values())
    with progress_bar(len(missing), f"{what} of {cache.about['model']}", unit) as bar:
        for begin in range(0, len(missing), size):
            chunk = missing[begin : begin + size]
            cache.put({keys[i]: value for i, value in zip(chunk, run(chunk), strict=True)})
            bar.update(len(chunk))
    return [cache[key] for key in keys]
