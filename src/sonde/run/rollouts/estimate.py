"""What a rollout will cost, said before it starts: counts from the recipe, sizes from the model, speed from a trial."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from sonde.capture import Model, forward_seconds, generate
from sonde.capture.plan import default_token_budget
from sonde.recipe import RolloutRecipe
from sonde.run.rollouts.ask import continued
from sonde.run.rollouts.phrasings import open_prompts, phrasings_of
from sonde.text import Dialogue, Message
from sonde.text.questions import Question

#: Prompts that are tried, and tokens written in the trial.
TRIED, WRITTEN = 12, 4
#: Bytes of logits held at a time when options are weighed (see `sonde.capture.head`).
LOGITS = 2**26
GIGABYTE, MEGABYTE = 2**30, 2**20


@dataclass(frozen=True)
class Estimate:
    """What a rollout, and training on it, will cost at most; what is in the cache already costs nothing.

    Attributes:
        read: tokens of the sequences that are weighed.
        written: tokens of the answers, all at full length.
        seconds: how long the rollout will take.
        memory: bytes of weights and of the largest batch.
        disk: bytes of the cache and the results.
        training_seconds: how long one capture of all rows will take, with every question believed and answered.
        training_memory: bytes that the rows of all blocks take, one row an answer.
    """

    read: int
    written: int
    seconds: float
    memory: int
    disk: int
    training_seconds: float
    training_memory: int

    def __str__(self) -> str:
        return (
            f"at most {_count(self.read)} tokens to read and {_count(self.written)} to write: about "
            f"{_duration(self.seconds)}, {self.memory / GIGABYTE:.1f} GB of memory, "
            f"{max(1, self.disk // MEGABYTE)} MB of disk; training on it captures for about "
            f"{_duration(self.training_seconds)} more, into {max(1, self.training_memory // MEGABYTE)} MB"
        )

    def to_json(self) -> dict[str, Any]:
        """Return a JSON-ready mapping."""
        return {key: round(value, 1) if isinstance(value, float) else value for key, value in asdict(self).items()}


def estimate(
    model: Model,
    sides: Mapping[str, Sequence[Question]],
    requests: Sequence[tuple[Message, ...]],
    settings: RolloutRecipe,
) -> Estimate:
    """Estimate a rollout, every question taken as believed.

    The speed of reading and of writing is measured on a dozen prompts.
    """
    questions = [q for own in sides.values() for q in own]
    weighed = [q for q in questions if q.closed and settings.belief == "options"]
    short = [q for q in questions if not (q.closed and settings.belief == "options")]
    rows = [*([s.messages for q in questions for s in q.scenes] * settings.samples), *requests]
    prompts = [*rows, *(p for q in short for p in open_prompts(q, settings.phrasings))]
    options = [continued(p, 0).messages for q in _spread(weighed) for p in phrasings_of(q, settings.phrasings)[:5]]
    n_options = sum(len(p.answers) for q in weighed for p in phrasings_of(q, settings.phrasings))
    read, per_token = _reading(model, options or _spread(rows), n_options)
    row_length = _length(model, _spread(rows)) + settings.max_new_tokens
    written = len(prompts) * settings.max_new_tokens
    return Estimate(
        read=read,
        written=written,
        seconds=read * per_token + _writing(model, prompts, row_length, settings),
        memory=_memory(model),
        disk=n_options * 80 + len(prompts) * 2000 + written * 10,
        training_seconds=len(rows) * row_length * per_token,
        training_memory=len(rows) * model.n_layers * model.d_model * 4,
    )


def _spread(items: Sequence[Any]) -> list[Any]:
    """Return `TRIED` items, evenly spaced."""
    step = max(1, len(items) // TRIED)
    return list(items[::step][:TRIED])


def _length(model: Model, prompts: Sequence[tuple[Message, ...]]) -> float:
    """Return the mean number of tokens."""
    return float(np.mean(model.tokenize([Dialogue(str(i), p) for i, p in enumerate(prompts)]).lengths))


def _reading(model: Model, tried: Sequence[tuple[Message, ...]], n: int) -> tuple[int, float]:
    """Return the tokens of `n` sequences like these, and the seconds that reading one token takes."""
    tokens = model.tokenize([Dialogue(str(i), messages) for i, messages in enumerate(tried)])
    seconds = forward_seconds(model, [tokens.ids(i) for i in range(len(tokens))])
    return round(float(tokens.lengths.mean()) * n), seconds / int(tokens.lengths.sum())


def _writing(model: Model, prompts: Sequence[tuple[Message, ...]], row_length: float, settings: RolloutRecipe) -> float:
    """Return the seconds of answering all of these prompts, batch after batch."""
    tried = [Dialogue(str(i), messages) for i, messages in enumerate(_spread(prompts))]
    started = time.perf_counter()
    generate(model, tried, max_new_tokens=WRITTEN, temperature=settings.temperature)
    step = (time.perf_counter() - started) / WRITTEN
    batches = np.ceil(len(prompts) / max(1, default_token_budget(model.device) // row_length))
    return float(batches) * settings.max_new_tokens * step


def _memory(model: Model) -> int:
    """Return bytes of the weights, and of the largest batch: its states, its keys and values, its logits."""
    weights = sum(p.numel() * p.element_size() for p in model.module.parameters())
    size = next(model.module.parameters()).element_size()
    per_token = size * model.d_model * (8 + 2 * model.n_layers)
    return int(weights + default_token_budget(model.device) * per_token + LOGITS)


def _count(n: int) -> str:
    return f"{n / 1e6:.1f} million" if n >= 1e6 else f"{n:,}"


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
