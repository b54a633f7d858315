"""Questions for a rollout from data sets of answered questions, such as TruthfulQA's or LieDetector's."""

from __future__ import annotations

from types import MappingProxyType

from sonde.base.errors import InputError
from sonde.base.seeds import derive_seed
from sonde.text import Dataset, Dialogue
from sonde.text.questions import Question

#: Options a question is asked with: the first right answer and the first wrong ones.
OPTIONS = 3


def questions_of(data: Dataset) -> tuple[Question, ...]:
    """Return one closed question for every question that has a right and a wrong answer in the data.

    Args:
        data: dialogues of one question and one answer, label 1 = right (or true).

    Raises:
        InputError: the data have no labels, or no question with a right and a wrong answer.

    Example:
        >>> asked = {"role": "user", "content": "Where is Paris?"}
        >>> rows = [{"messages": [asked, {"role": "assistant", "content": said}], "label": right}
        ...         for said, right in [("France", 1), ("Peru", 0)]]
        >>> questions_of(Dataset.from_records(rows))[0].answer
        'France'
    """
    if data.labels is None:
        raise InputError(f"{data.name} has no labels, expected which answers are right: name a set that has them.")
    right_label = 0 if data.positive.casefold() in ("false", "wrong", "incorrect") else 1
    rows: dict[str, list[Dialogue]] = {}
    for dialogue in data:
        if [message.role for message in dialogue.messages] == ["user", "assistant"]:
            rows.setdefault(dialogue.messages[0].content, []).append(dialogue)
    made = [q for text, own in rows.items() if (q := _question(text, own, right_label)) is not None]
    if not made:
        raise InputError(
            f"{data.name} has no question with a right and a wrong answer ({len(data)} rows): name a question file, or "
            "a set such as TruthfulQA's."
        )
    return tuple(made)


def _question(text: str, rows: list[Dialogue], right_label: int) -> Question | None:
    answers: dict[bool, list[str]] = {True: [], False: []}
    for row in rows:
        answers[row.label == right_label].append(row.messages[1].content.strip())
    if not answers[True] or not answers[False]:
        return None
    right = answers[True][0]
    wrong = [w for w in dict.fromkeys(answers[False]) if w.casefold() != right.casefold()][: OPTIONS - 1]
    if not wrong:
        return None
    first = rows[0]
    shared = {key: value for key, value in first.tags.items() if all(row.tags.get(key) == value for row in rows)}
    options = sorted([right, *wrong], key=lambda option: derive_seed(0, "options", text, option))
    return Question(first.id, text, tuple(options), right, first.group or text, MappingProxyType(shared))
