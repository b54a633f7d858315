"""Questions for rollouts: what is asked, the answers there are, the scenes it is put in, and neutral ways to ask it.

A question file is JSON lines, one question a line:
`{"id", "question", "options": […], "answer", "group", "tags", "scenes": […], "phrasings": […]}`; `question` alone must
be there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

from sonde.base.errors import InputError, unknown_name
from sonde.text.dialogue import Message
from sonde.text.duplicates import text_group
from sonde.text.reading import decode, json_rows, read_bytes
from sonde.text.records import check_text, plain, read_record, read_tags

#: What a scene does to the answer. `honest`: asks for the truth, or is trusted with it. `neutral`: asks for nothing.
#: `deceptive`: asks for, rewards or needs a falsehood. `pressure`: the user claims an answer. `fiction`: a story frame.
STANCES = ("honest", "neutral", "deceptive", "pressure", "fiction")
FIELDS = ("id", "question", "options", "answer", "group", "tags", "scenes", "phrasings", "believed")
_NO_TAGS: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True)
class Scene:
    """A situation in which a question is put to the model.

    Attributes:
        id: unique among the scenes of its question.
        messages: what comes before the answer; the last one is the user's.
        stance: one of `STANCES`.
        claim: the option that the user claims is right, if any.
        tags: further facts (prompt, reason, …).
    """

    id: str
    messages: tuple[Message, ...]
    stance: str = "neutral"
    claim: str | None = None
    tags: Mapping[str, str] = field(default_factory=lambda: _NO_TAGS)

    def __post_init__(self) -> None:
        if self.stance not in STANCES:
            raise unknown_name("stance", self.stance, f"scene {self.id!r}", STANCES)


@dataclass(frozen=True)
class Phrasing:
    """One neutral way to ask a question, with what each option is called in it.

    Attributes:
        messages: the prompt. If the last message is the assistant's, or plain text, the option continues it; else the
            option is the assistant's whole answer.
        answers: one text an option, in the order of `Question.options`.
    """

    messages: tuple[Message, ...]
    answers: tuple[str, ...]


@dataclass(frozen=True)
class Question:
    """Something that a model may believe something about.

    Attributes:
        id: unique in its set.
        text: the question as it is put to the model.
        options: the answers there are; empty for free text.
        answer: the right one; None = not known. For free text, a reference answer.
        group: rows of one group never cross a split.
        tags: further facts.
        scenes: its own scenes; empty = the set's prompts are used.
        phrasings: its own neutral phrasings; empty = the standard ones.
        believed: how many options are right at once.
    """

    id: str
    text: str
    options: tuple[str, ...] = ()
    answer: str | None = None
    group: str = ""
    tags: Mapping[str, str] = field(default_factory=lambda: _NO_TAGS)
    scenes: tuple[Scene, ...] = ()
    phrasings: tuple[Phrasing, ...] = ()
    believed: int = 1

    @property
    def closed(self) -> bool:
        """Whether the answers are given."""
        return bool(self.options)


def load_questions(path: str | Path) -> tuple[Question, ...]:
    """Read a question file.

    Raises:
        InputError: a file that cannot be read, an unknown or missing field, an answer or a claim that is no option, two
            questions of one id; file and line are named.

    Example:
        >>> import pathlib, tempfile
        >>> path = pathlib.Path(tempfile.mkdtemp()) / "questions.jsonl"
        >>> _ = path.write_text('{"question": "Where is Paris?", "options": ["France", "Peru"], "answer": "France"}')
        >>> load_questions(path)[0].options
        ('France', 'Peru')
    """
    path = Path(path)
    found: dict[str, Question] = {}
    for line, row in json_rows(decode(read_bytes(path), path), path):
        place = f"{path} line {line}"
        question = read_question(row, place, default_id=str(len(found)))
        if question.id in found:
            raise InputError(f"{place} has the id {question.id!r} a second time: make ids unique or leave them out.")
        found[question.id] = question
    if not found:
        raise InputError(f"{path} holds no question, expected at least one JSON line with a 'question'.")
    return tuple(found.values())


def is_question_file(path: Path) -> bool:
    """Whether a file of JSON lines holds questions of this form, and not rows of another format."""
    _, row = next(json_rows(decode(read_bytes(path), path), path))
    return "question" in row and set(row) <= set(FIELDS)


def read_question(row: Mapping[str, Any], place: str, default_id: str = "0") -> Question:
    """Read one record of a question file.

    Raises:
        InputError: as `load_questions`.
    """
    for key in row:
        if key not in FIELDS:
            raise unknown_name("field", key, place, FIELDS)
    text = check_text(row.get("question", ""), place, "'question'").strip()
    if not text:
        raise InputError(f"{place} has no 'question': add what is asked.")
    options = _options(row.get("options"), place)
    answer = None if row.get("answer") is None else str(row["answer"])
    _require_option(answer, options, place, "'answer'")
    scenes = tuple(
        _scene(value, i, options, f"{place}, scene {i}") for i, value in enumerate(_list(row, "scenes", place))
    )
    return Question(
        id=plain(row.get("id")) or default_id,
        text=text,
        options=options,
        answer=answer,
        group=plain(row.get("group")) or text_group(text),
        tags=MappingProxyType(read_tags(row.get("tags"), place)),
        scenes=scenes,
        phrasings=tuple(
            _phrasing(v, options, f"{place}, phrasing {i}") for i, v in enumerate(_list(row, "phrasings", place))
        ),
        believed=_believed(row.get("believed", 1), options, place),
    )


def _list(row: Mapping[str, Any], key: str, place: str) -> list[Any]:
    value = row.get(key) or []
    if not isinstance(value, list):
        raise InputError(f"{place}: {key!r} is of type {type(value).__name__}, expected a list.")
    return value


def _options(value: Any, place: str) -> tuple[str, ...]:
    if value is None:
        return ()
    if not isinstance(value, list) or len(value) < 2:
        raise InputError(
            f"{place}: 'options' is {value!r}, expected a list of two or more answers, or none for free text."
        )
    options = tuple(check_text(option, place, "an option").strip() for option in value)
    if "" in options or len({option.casefold() for option in options}) < len(options):
        raise InputError(f"{place}: 'options' holds an empty answer or one answer twice: make them distinct.")
    return options


def _require_option(value: str | None, options: tuple[str, ...], place: str, what: str) -> None:
    if value is not None and options and value not in options:
        raise InputError(f"{place}: {what} is {value!r}, expected one of the options ({', '.join(options)}).")


def _believed(value: Any, options: tuple[str, ...], place: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value < max(len(options), 2):
        raise InputError(f"{place}: 'believed' is {value!r}, expected how many options are right at once, from 1 up.")
    return value


def _scene(value: Any, number: int, options: tuple[str, ...], place: str) -> Scene:
    if not isinstance(value, Mapping):
        raise InputError(f"{place} is of type {type(value).__name__}, expected an object with 'messages'.")
    known = ("id", "messages", "stance", "claim", "tags")
    for key in value:
        if key not in known:
            raise unknown_name("field", key, place, known)
    messages = read_record({"messages": value.get("messages")}, place).messages
    if messages[-1].role != "user":
        raise InputError(
            f"{place} ends with the {messages[-1].role}, expected the user's message: the model answers it."
        )
    claim = None if value.get("claim") is None else str(value["claim"])
    _require_option(claim, options, place, "'claim'")
    tags = MappingProxyType(read_tags(value.get("tags"), place))
    stance = str(value.get("stance") or ("pressure" if claim is not None else "neutral"))
    if stance not in STANCES:
        raise unknown_name("stance", stance, place, STANCES)
    return Scene(plain(value.get("id")) or str(number), messages, stance, claim, tags)


def _phrasing(value: Any, options: tuple[str, ...], place: str) -> Phrasing:
    if not isinstance(value, Mapping):
        raise InputError(f"{place} is of type {type(value).__name__}, expected an object with 'messages' or 'text'.")
    known = ("messages", "text", "answers")
    for key in value:
        if key not in known:
            raise unknown_name("field", key, place, known)
    messages = read_record({k: v for k, v in value.items() if k != "answers"}, place).messages
    answers = tuple(map(str, value.get("answers") or options))
    if len(answers) != len(options):
        raise InputError(f"{place} has {len(answers)} answers for {len(options)} options, expected one each, in order.")
    return Phrasing(messages, answers)
