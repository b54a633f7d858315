"""The answers: sampled in every scene, read by rule or by the judge, and compared with what is believed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sonde.recipe import RolloutRecipe
from sonde.run.rollouts.ask import Ask, messages_json
from sonde.run.rollouts.beliefs import Belief
from sonde.run.rollouts.judge import Judge
from sonde.run.rollouts.labels import kind_of
from sonde.run.rollouts.parse import UNPARSED, Parsed, parse_answer, spoken
from sonde.run.rollouts.verdicts import Case
from sonde.text.questions import Question, Scene


@dataclass(frozen=True)
class Answer:
    """One answer of the model.

    Attributes:
        side: `train` or `test`.
        question, scene: what was asked, and where.
        sample: number of the sample in that scene.
        belief: what is believed about the question.
        text: what the model said, thinking included.
        parsed: what the answer says.
        read_by: `rule`, `judge`, or `nobody` where the judge gave no verdict.
    """

    side: str
    question: Question
    scene: Scene
    sample: int
    belief: Belief
    text: str
    parsed: Parsed = UNPARSED
    read_by: str = "rule"

    @property
    def id(self) -> str:
        """Unique in a rollout."""
        return f"{self.question.id}/{self.scene.id}/{self.sample}"

    @property
    def kind(self) -> str:
        """What the answer is; see `labels.KINDS`."""
        if self.read_by == "nobody":
            return "unjudged"
        return kind_of(self.question, self.belief.values, self.scene, self.parsed)

    def to_json(self) -> dict[str, Any]:
        """Return everything that is known of the answer, as a JSON-ready mapping."""
        return {
            "id": self.id,
            "side": self.side,
            "kind": self.kind,
            "read_by": self.read_by,
            "answer": self.parsed.option,
            "denied": self.parsed.kind == "denied",
            "believed": list(self.belief.values),
            "right": self.question.answer,
            "stance": self.scene.stance,
            "claim": self.scene.claim,
            "group": self.question.group,
            "tags": {**self.question.tags, **self.scene.tags},
            "messages": messages_json(self.scene.messages),
            "text": self.text,
        }


def answer_scenes(
    ask: Ask,
    judge: Judge | None,
    sides: Mapping[str, Sequence[Question]],
    beliefs: Mapping[str, Belief],
    settings: RolloutRecipe,
    seed: int,
) -> list[Answer]:
    """Sample an answer in every scene of every question that something is believed about, and read it."""
    asked = [
        (side, question, scene)
        for side, questions in sides.items()
        for question in questions
        if beliefs[question.id].values
        for scene in question.scenes
    ]
    made = []
    for number in range(settings.samples):
        said = ask.sample(
            [scene.messages for _, _, scene in asked],
            max_new_tokens=settings.max_new_tokens,
            temperature=settings.temperature,
            seed=seed,
            number=number,
        )
        made += [
            _read_by_rule(Answer(side, question, scene, number, beliefs[question.id], text))
            for (side, question, scene), text in zip(asked, said, strict=True)
        ]
    return made if judge is None else _read_by_judge(judge, made)


def _read_by_rule(answer: Answer) -> Answer:
    if not answer.question.closed:
        return answer
    return replace(answer, parsed=parse_answer(answer.text, answer.question.options, answer.scene.claim))


def _read_by_judge(judge: Judge, answers: list[Answer]) -> list[Answer]:
    """Let the judge read what no rule could: free text, and closed answers that are unparsed."""
    open_ = [i for i, a in enumerate(answers) if a.parsed.kind == "unparsed" and spoken(a.text)]
    cases = [_case(answers[i]) for i in open_]
    for i, case, verdict in zip(open_, cases, judge.read(cases), strict=True):
        if verdict is None:
            answers[i] = replace(answers[i], read_by="nobody")
        else:
            answers[i] = replace(answers[i], parsed=case.parsed(verdict), read_by="judge")
    return answers


def _case(answer: Answer) -> Case:
    question = answer.question
    return Case(question.text, spoken(answer.text), question.options, " / ".join(answer.belief.values))
