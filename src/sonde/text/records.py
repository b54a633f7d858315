"""One record of a dialogue file, `{"messages" | "text", "label", …}`, read into a dialogue and written back."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sonde.base.errors import InputError, unknown_name
from sonde.text.dialogue import MESSAGE_ROLES, Dialogue, Message, Target
from sonde.text.labels import Classes

#: Names that chat files give to the roles, in lower case.
ROLE_NAMES = {
    "system": "system",
    "developer": "system",
    "user": "user",
    "human": "user",
    "assistant": "assistant",
    "gpt": "assistant",
    "tool": "tool",
}
FIELDS = ("id", "messages", "conversations", "text", "label", "group", "tags", "target")


@dataclass(frozen=True)
class Record:
    """A dialogue before its label is understood.

    Attributes:
        place: where it stands, for errors ("cities.csv line 7").
        messages: as in `Dialogue`.
        label: as written; None = unlabelled.
        id: None = to be numbered.
        group, tags, target: as in `Dialogue`.
    """

    place: str
    messages: tuple[Message, ...]
    label: object = None
    id: str | None = None
    group: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    target: Target | None = None


@dataclass(frozen=True)
class Source:
    """What a format reader hands over: records, and what the file says of itself.

    Attributes:
        records: in order.
        classes: class names that the format or the file's header gives.
        policy: see `Provenance`.
        notes: for `Provenance.notes`.
        header: the file's own account of name and provenance, where it has one.
    """

    records: list[Record]
    classes: Classes | None = None
    policy: str = "unknown"
    notes: tuple[str, ...] = ()
    header: Mapping[str, Any] | None = None


def read_record(value: Mapping[str, Any], place: str, names: Mapping[str, str] | None = None) -> Record:
    """Read one record of a dialogue file.

    Args:
        value: the record. Fields besides `FIELDS` become tags when they are plain values, and are left out otherwise.
        place: where it stands, for errors.
        names: own names of the fields `text`, `label`, `group`, `messages`, `id`; "" means that there is none.

    Raises:
        InputError: a field that is missing, of the wrong type, or almost a known name; an unknown role; a target
            outside its message.
    """
    names = names or {}
    for option, name in names.items():
        if name and name not in value:
            raise InputError(f"{place} has no field {name!r} (it has {', '.join(map(repr, value))}): check {option}=.")
    fields = {key: value.get(names.get(key, key)) for key in FIELDS}
    messages = _read_messages(fields, value, place)
    extra = {key: v for key, v in value.items() if key not in FIELDS and key not in names.values() and key != "system"}
    _refuse_misspelt(extra, place)
    tags = read_tags(fields["tags"], place) | {k: s for k, v in extra.items() if (s := plain(v)) is not None}
    return Record(
        place=place,
        messages=messages,
        label=fields["label"],
        id=plain(fields["id"]),
        group=plain(fields["group"]),
        tags=tags,
        target=read_target(fields["target"], messages, place),
    )


def plain(value: object) -> str | None:
    """Return a string, number or truth value as a string; None for anything else."""
    if isinstance(value, bool):
        return str(value).lower()
    if hasattr(value, "item") and getattr(value, "ndim", 1) == 0:
        value = value.item()
    return str(value) if isinstance(value, str | int | float) else None


def check_text(text: object, place: str, what: str) -> str:
    """Return `text`, or refuse what is no string or cannot be encoded.

    Raises:
        InputError: not a string, or half of a surrogate pair (no tokenizer can read it).
    """
    if not isinstance(text, str):
        raise InputError(f"{place}: {what} is of type {type(text).__name__}, expected a string.")
    if not text.isascii() and any("\ud800" <= c <= "\udfff" for c in text):
        raise InputError(f"{place}: {what} holds half of a surrogate pair, which is no valid Unicode: repair the text.")
    return text


def _read_messages(fields: Mapping[str, Any], value: Mapping[str, Any], place: str) -> tuple[Message, ...]:
    listed = fields["messages"] if fields["messages"] is not None else fields["conversations"]
    if listed is None and fields["text"] is None:
        found = ", ".join(map(repr, value)) or "none"
        raise InputError(
            f"{place} has neither 'messages' nor 'text' (its fields: {found}): name the column with text=."
        )
    if listed is not None and fields["text"] is not None:
        raise InputError(f"{place} has both 'messages' and 'text', expected one of them: remove the other.")
    if listed is None:
        text = check_text(fields["text"], place, "the text")
        if not text:
            raise InputError(f"{place} has an empty text: fill it in or remove the row.")
        return (Message("text", text),)
    if isinstance(listed, str) or not isinstance(listed, Sequence) or not listed:
        raise InputError(f"{place}: 'messages' is no list of messages, expected at least one {{role, content}}.")
    system = value.get("system")
    opening = (Message("system", check_text(system, place, "'system'")),) if system else ()
    return opening + tuple(_read_message(m, i, place) for i, m in enumerate(listed))


def _read_message(value: object, index: int, place: str) -> Message:
    if not isinstance(value, Mapping):
        raise InputError(f"{place}: message {index} is of type {type(value).__name__}, expected {{role, content}}.")
    role = value.get("role", value.get("from"))
    content = value.get("content", value.get("value"))
    if role is None or content is None:
        missing = "role" if role is None else "content"
        raise InputError(f"{place}: message {index} has no {missing!r} (it has {', '.join(map(repr, value))}): add it.")
    name = ROLE_NAMES.get(str(role).lower())
    if name is None:
        raise unknown_name("role", str(role), f"{place}, message {index}", ROLE_NAMES)
    return Message(name, check_text(content, place, f"message {index}"))


def _refuse_misspelt(extra: Mapping[str, Any], place: str) -> None:
    """A field that is almost a known one (`lable`, `Text`, `groups`) is a slip, not a tag."""
    for key in extra:
        if difflib.get_close_matches(str(key), [name for name in FIELDS if len(name) > 2], n=1, cutoff=0.8):
            raise unknown_name("field", str(key), place, FIELDS)


def read_tags(value: object, place: str) -> dict[str, str]:
    """Read the `tags` object: plain values as strings, null left out.

    Raises:
        InputError: not an object, or a nested value.
    """
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise InputError(f"{place}: 'tags' is of type {type(value).__name__}, expected an object of strings.")
    nested = [key for key, v in value.items() if v is not None and plain(v) is None]
    if nested:
        raise InputError(f"{place}: tag {nested[0]!r} is no plain value, expected a string.")
    return {str(key): str(plain(v)) for key, v in value.items() if v is not None}


def read_target(value: object, messages: tuple[Message, ...], place: str) -> Target | None:
    """Read `{"message": i, "start": a, "end": b}` or `{"message": i, "text": "substring"}`.

    `message` defaults to the last one, `start` to 0, `end` to the end of the message.

    Raises:
        InputError: an unknown key, no such message, a span outside it, a substring absent or not unique.
    """
    if value is None:
        return None
    if not isinstance(value, Mapping):
        raise InputError(f"{place}: 'target' is of type {type(value).__name__}, expected {{message, start, end}}.")
    for key in value:
        if key not in ("message", "start", "end", "text"):
            raise unknown_name("target key", str(key), place, ("message", "start", "end", "text"))
    index = _whole(value.get("message", -1), place, "target message")
    if not -len(messages) <= index < len(messages):
        raise InputError(f"{place}: target message {index} does not exist, the dialogue has {len(messages)} messages.")
    content = messages[index].content
    if value.get("text") is not None:
        return _target_text(check_text(value["text"], place, "target text"), content, index, place)
    start = _whole(value.get("start") or 0, place, "target start")
    end = None if value.get("end") is None else _whole(value["end"], place, "target end")
    if not 0 <= start <= (len(content) if end is None else end) <= len(content):
        raise InputError(
            f"{place}: target {start}:{end} is outside message {index}, which has {len(content)} characters."
        )
    return Target(index, start, end)


def _target_text(text: str, content: str, index: int, place: str) -> Target:
    times = content.count(text) if text else 0
    if times != 1:
        found = "does not occur" if times == 0 else f"occurs {times} times"
        raise InputError(f"{place}: target text {text!r} {found} in message {index}, expected once: use start and end.")
    start = content.index(text)
    return Target(index, start, start + len(text))


def _whole(value: object, place: str, what: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise InputError(f"{place}: {what} is {value!r}, expected a whole number.")
    return value


def write_record(dialogue: Dialogue) -> dict[str, Any]:
    """Return the JSON-ready record of a dialogue; `read_record` gives it back.

    Raises:
        InputError: a message of role `text` beside others (no file can say that).
    """
    if not dialogue.is_plain_text and any(m.role not in MESSAGE_ROLES[:-1] for m in dialogue.messages):
        raise InputError(f"Dialogue {dialogue.id!r} mixes roles with plain text: give every message a role.")
    record: dict[str, Any] = {"id": dialogue.id}
    if dialogue.is_plain_text:
        record["text"] = dialogue.messages[0].content
    else:
        record["messages"] = [{"role": m.role, "content": m.content} for m in dialogue.messages]
    if dialogue.label is not None:
        record["label"] = dialogue.label
    if dialogue.group is not None:
        record["group"] = dialogue.group
    if dialogue.tags:
        record["tags"] = dict(dialogue.tags)
    if dialogue.target is not None:
        target = dialogue.target
        record["target"] = {"message": target.message, "start": target.start, "end": target.end}
    return record
