"""Who said what: messages, dialogues, and the span of a dialogue that a label speaks of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from sonde.base.display import Displayed

#: The roles a message may have. `text` is text without roles, rendered without a chat template.
MESSAGE_ROLES = ("system", "user", "assistant", "tool", "text")


@dataclass(frozen=True)
class Message:
    """One message.

    Attributes:
        role: one of `MESSAGE_ROLES`.
        content: what was said, unchanged.
    """

    role: str
    content: str

    def __post_init__(self) -> None:
        if self.role not in MESSAGE_ROLES:
            raise ValueError(f"Message role {self.role!r}: expected one of {', '.join(MESSAGE_ROLES)}")


@dataclass(frozen=True)
class Target:
    """The message, or the span of it, that a dialogue's label speaks of.

    Attributes:
        message: index into `Dialogue.messages`; negative counts from the end.
        start, end: characters of that message's content; `end=None` is its end.
    """

    message: int
    start: int = 0
    end: int | None = None


@dataclass(frozen=True)
class Dialogue(Displayed):
    """A dialogue, or a plain text, with what is known of it.

    Attributes:
        id: unique within its dataset.
        messages: in order; one message of role `text` for plain text.
        label: 1 = positive class, 0 = negative, None = unlabelled.
        group: rows of one group never cross a split (an entity, a template, a pair).
        tags: further facts (style, reason, relation, …), as strings.
        target: what the label speaks of; None = the whole.
    """

    id: str
    messages: tuple[Message, ...]
    label: int | None = None
    group: str | None = None
    tags: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    target: Target | None = None

    @staticmethod
    def from_text(text: str, id: str = "0", **facts: object) -> Dialogue:
        """Make a dialogue of one plain text.

        Example:
            >>> Dialogue.from_text("Paris is in France.").text
            'Paris is in France.'
        """
        return Dialogue(id=id, messages=(Message("text", text),), **facts)  # type: ignore[arg-type]

    @staticmethod
    def from_messages(messages: Sequence[Mapping[str, str]], id: str = "0", **facts: object) -> Dialogue:
        """Make a dialogue of `{"role": …, "content": …}` mappings."""
        made = tuple(Message(m["role"], m["content"]) for m in messages)
        return Dialogue(id=id, messages=made, **facts)  # type: ignore[arg-type]

    @property
    def is_plain_text(self) -> bool:
        """Whether this is text without roles."""
        return len(self.messages) == 1 and self.messages[0].role == "text"

    @property
    def text(self) -> str:
        """Every message's content, in lines: what a reader of the bare words sees."""
        return "\n".join(m.content for m in self.messages)
