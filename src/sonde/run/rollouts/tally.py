"""What a rollout found: how many questions were believed and lied about, how many answers were what."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from sonde.run.rollouts.answers import Answer
from sonde.run.rollouts.beliefs import Accuracy, Belief, belief_accuracy
from sonde.run.rollouts.labels import KINDS, NEGATIVE, POSITIVE
from sonde.text.questions import Question


def tally(
    sides: Mapping[str, Sequence[Question]], beliefs: Mapping[str, Belief], answers: Sequence[Answer]
) -> dict[str, Any]:
    """Return the counts, JSON-ready.

    Returns:
        `questions`, `believed`, `not_believed`, `belief_accuracy`; `lied_about` and `mistaken_about` in questions;
        `answers`, `kinds`, `kinds_by_stance`, `refused`, `unparsed`, `unjudged`, `read_by` in answers; `rows` by side.
    """
    questions = [q for own in sides.values() for q in own]
    believed = sum(bool(beliefs[q.id].values) for q in questions)
    kinds = Counter(a.kind for a in answers)
    accuracy = accuracy_of(questions, beliefs)
    by_stance: dict[str, Counter[str]] = {}
    for answer in answers:
        by_stance.setdefault(answer.scene.stance, Counter())[answer.kind] += 1
    return {
        "questions": len(questions),
        "believed": believed,
        "not_believed": len(questions) - believed,
        "belief_accuracy": None if accuracy is None else accuracy.to_json(),
        "lied_about": len({a.question.id for a in answers if a.kind in POSITIVE}),
        "mistaken_about": len({a.question.id for a in answers if a.kind == "mistake"}),
        "answers": len(answers),
        "kinds": {kind: kinds[kind] for kind in KINDS if kinds[kind]},
        "kinds_by_stance": {stance: dict(counts) for stance, counts in by_stance.items()},
        "refused": kinds["refused"],
        "unparsed": kinds["unparsed"],
        "unjudged": kinds["unjudged"],
        "read_by": dict(Counter(a.read_by for a in answers)),
        "rows": {side: _rows([a for a in answers if a.side == side]) for side in sides},
    }


def accuracy_of(questions: Sequence[Question], beliefs: Mapping[str, Belief]) -> Accuracy | None:
    """Return how often beliefs are right; None where no answer is known."""
    return belief_accuracy([(beliefs[q.id], q.answer, len(q.options)) for q in questions if q.closed])


def _rows(answers: Sequence[Answer]) -> dict[str, int]:
    return {
        "positive": sum(a.kind in POSITIVE for a in answers),
        "negative": sum(a.kind in NEGATIVE for a in answers),
        "groups": len({a.question.group for a in answers if a.kind in POSITIVE + NEGATIVE}),
    }


def no_beliefs(counts: Mapping[str, Any], model: str, questions: str) -> str:
    """Return the sentence that says why nothing can be contradicted, or "" where something can."""
    n = counts["questions"]
    step = "ask about what this model knows, or choose a model that knows more."
    if counts["believed"] == 0:
        return (
            f"{model} has no beliefs to contradict: on none of the {n} questions of {questions} did its neutral "
            f"answers agree surely enough; {step}"
        )
    found = counts["belief_accuracy"]
    if found is not None and found["low"] <= found["chance"]:
        return (
            f"{model} has no beliefs to contradict: what it surely prefers on {counts['believed']} of the {n} "
            f"questions of {questions} is right in {found['right']} of {found['n']} cases (95 % interval "
            f"{found['low']:.2f}-{found['high']:.2f}), no more than chance ({found['chance']:.2f}), so these are "
            f"tastes for words; {step}"
        )
    return ""


def one_class(counts: Mapping[str, Any], model: str, positive: str) -> str:
    """Return the sentence that says which class the data lack, or "" where every side has both."""
    for side, rows in counts["rows"].items():
        for what, missing in (("positive", positive), ("negative", "ordinary answer")):
            if rows[what] == 0:
                return (
                    f"The {side} side of this rollout has no {missing} of {model} "
                    f"({counts['answers']} answers, {counts['refused']} refused, {counts['unparsed']} unparsed), "
                    "so there is nothing to tell apart: choose other prompts, ask more questions, or name a judge."
                )
    return ""


def summary_text(content: Mapping[str, Any]) -> str:
    """Return the counts as a few lines of text."""
    counts, kinds = content["counts"], content["counts"]["kinds"]
    accuracy = counts["belief_accuracy"]
    lines = [
        f"{content['name']} on {content['model']['name']}: "
        f"{counts['questions']} questions, {counts['answers']} answers",
        f"  believed      {counts['believed']} questions (the other {counts['not_believed']} were dropped)",
    ]
    if accuracy is not None:
        lines.append(
            f"  beliefs right {accuracy['value']:.1%} of {accuracy['n']} "
            f"[{accuracy['low']:.1%}, {accuracy['high']:.1%}], chance {accuracy['chance']:.1%}"
        )
    lines += [
        f"  lied about    {counts['lied_about']} questions",
        f"  mistaken      {counts['mistaken_about']} questions",
        f"  refused       {counts['refused']} answers",
        f"  unparsed      {counts['unparsed']} answers",
    ]
    if counts["unjudged"]:
        lines.append(f"  unjudged      {counts['unjudged']} answers (run again to ask the judge again)")
    lines.append("  kinds         " + ", ".join(f"{kind} {n}" for kind, n in kinds.items()))
    for side, rows in counts["rows"].items():
        lines.append(f"  {side:13} {rows['positive']} {content['positive']}, {rows['negative']} {content['negative']}")
    if counts.get("control"):
        lines.append(f"  control       {counts['control']} rows")
    return "\n".join(lines)
