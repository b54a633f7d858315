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
    """What a rollout will cost at most; what is in the cache already costs nothing.

    Attributes:
        read: tokens of the sequences that are weighed.
        written: tokens of the answers, all at full length.
        seconds: how long it will take.
        memory: bytes of weights and of the largest batch.
        disk: bytes of the cache and the results.
    """

    read: int
    written: int
    seconds: float
    memory: int
    disk: int

    def __str__(self) -> str:
        return (
            f"at most {_count(self.read)} tokens to read and {_count(self.written)} to write: about "
            f"{_duration(self.seconds)}, {self.memory / GIGABYTE:.1f} GB of memory, "
            f"{max(1, self.disk // MEGABYTE)} MB of disk"
        )

    def to_json(self) -> dict[str, Any]:
        """Return a JSON-ready mapping."""
        return asdict(self) | {"seconds": round(self.seconds, 1)}


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
    scenes = [s.messages for q in questions for s in q.scenes] * settings.samples
    prompts = [*scenes, *requests, *(p for q in short for p in open_prompts(q, settings.phrasings))]
    options = [continued(p, 0) for q in _spread(weighed) for p in phrasings_of(q, settings.phrasings)[:5]]
    n_weighed = sum(len(p.answers) for q in weighed for p in phrasings_of(q, settings.phrasings))
    reading, read = _reading(model, options, n_weighed)
    writing, written = _writing(model, prompts, settings)
    return Estimate(
        read=read,
        written=written,
        seconds=reading + writing,
        memory=_memory(model, written > 0),
        disk=n_weighed * 80 + len(prompts) * 2000 + written * 10,
    )


def _spread(items: Sequence[Any]) -> list[Any]:
    """Return `TRIED` items, evenly spaced."""
    step = max(1, len(items) // TRIED)
    return list(items[::step][:TRIED])


def _reading(model: Model, dialogues: Sequence[Dialogue], n: int) -> tuple[float, int]:
    """Return seconds and tokens of reading `n` sequences like these."""
    if not dialogues:
        return 0.0, 0
    tokens = model.tokenize([Dialogue(str(i), d.messages) for i, d in enumerate(dialogues)])
    ids = [tokens.ids(i) for i in range(len(tokens))]
    per_token = forward_seconds(model, ids) / int(tokens.lengths.sum())
    total = round(float(tokens.lengths.mean()) * n)
    return total * per_token, total


def _writing(model: Model, prompts: Sequence[tuple[Message, ...]], settings: RolloutRecipe) -> tuple[float, int]:
    """Return seconds and tokens of answering all of these prompts."""
    if not prompts:
        return 0.0, 0
    tried = [Dialogue(str(i), messages) for i, messages in enumerate(_spread(prompts))]
    length = float(np.mean(model.tokenize(tried).lengths)) + settings.max_new_tokens
    started = time.perf_counter()
    generate(model, tried, max_new_tokens=WRITTEN, temperature=settings.temperature)
    step = (time.perf_counter() - started) / WRITTEN
    batches = np.ceil(len(prompts) / max(1, default_token_budget(model.device) // length))
    return float(batches) * settings.max_new_tokens * step, len(prompts) * settings.max_new_tokens


def _memory(model: Model, writes: bool) -> int:
    """Return bytes of the weights, and of the largest batch: its states, its keys and values, its logits."""
    weights = sum(p.numel() * p.element_size() for p in model.module.parameters())
    size = next(model.module.parameters()).element_size()
    tokens = default_token_budget(model.device)
    per_token = size * model.d_model * (8 + (2 * model.n_layers if writes else 0))
    return int(weights + tokens * per_token + LOGITS)


def _count(n: int) -> str:
    return f"{n / 1e6:.1f} million" if n >= 1e6 else f"{n:,}"


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
