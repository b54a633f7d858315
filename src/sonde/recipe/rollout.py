"""The section `[rollout]`: what the model is asked, how its beliefs are elicited, and who reads its answers."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, FiniteFloat, PositiveInt

from sonde.recipe.closed import Closed


class RolloutRecipe(Closed):
    """What the model under study is asked, so that its own answers become the data.

    A data set named `rollout:train`, `rollout:test` or `rollout:control` in `[data]` is what this section makes. Belief
    is elicited apart from the answers; a question that the model believes nothing about is dropped.
    """

    questions: Annotated[str, Field(min_length=1)]
    """`sonde:facts`, `sonde:opinions`, `sonde:work`, `cretan:questions`, or a question file (JSON lines)."""
    prompts: str | None = None
    """System prompts, honest and deceptive: `sonde:instructions`, or a file of prompt pairs; left out: the scenes that
    come with the questions."""
    requests: str | None = None
    """Ordinary requests that the model answers itself, as the control: `sonde:chat`, or a dialogue file."""
    n_questions: PositiveInt | None = None
    """At most this many questions, train and test together, drawn by group; left out: all."""
    n_requests: PositiveInt | None = None
    """At most this many requests; left out: all."""
    scenes: PositiveInt = 2
    """Scenes a question is put in (of `prompts`: half of them honest, half deceptive)."""
    samples: PositiveInt = 1
    """Answers sampled in every scene."""
    held_out: Annotated[float, Field(gt=0, lt=1)] = 0.3
    """Share of the question groups held out for `rollout:test`, where the set does not say; prompts likewise."""
    temperature: Annotated[FiniteFloat, Field(ge=0)] = 1.0
    """Divides the logits when answers are sampled; 0 = greedy."""
    max_new_tokens: PositiveInt = 64
    """Longest answer, in tokens."""
    thinking: bool = False
    """Whether a model whose chat template has a switch for thinking thinks before it answers."""
    belief: Literal["options", "answers"] = "options"
    """How belief is elicited: log-probabilities of the options, or sampled short answers (the only way for free
    text)."""
    phrasings: Annotated[tuple[str, ...], Field(min_length=5)] | None = None
    """Own neutral phrasings with `{question}`, and `{options}` or `{letters}` where wanted; five or more."""
    belief_probability: Annotated[float, Field(gt=0, le=1)] = 0.7
    """Probability, renormalised over the options, that a phrasing must give an answer for it to count."""
    belief_agreement: Annotated[float, Field(gt=0.5, le=1)] = 0.8
    """Share of the phrasings that must agree on the answer for it to be believed."""
    judge_model: str | None = None
    """Model name at the judge's endpoint; it labels free text, and closed answers that no rule can read."""
    judge_url: str = "https://api.openai.com/v1"
    """Base address of an OpenAI-compatible endpoint."""
    judge_key: str = "OPENAI_API_KEY"
    """Environment variable that holds the key; the key itself is never written anywhere."""
    judge_timeout: Annotated[FiniteFloat, Field(gt=0)] = 60.0
    """Seconds to wait for one verdict."""
    judge_attempts: PositiveInt = 5
    """Requests for one verdict, at most, with growing pauses between them."""
    judge_workers: Annotated[int, Field(ge=1, le=64)] = 4
    """Requests under way at a time."""
    transform: Literal["none", "strip", "follow-up"] = "none"
    """`strip`: the same answers under a neutral system prompt. `follow-up`: after the answer, "did you lie?" is
    asked."""
    cache: str = "rollouts/cache"
    """Folder in which every answer, log-probability and verdict is kept by content."""
