"""Eight restylings: the same said in another tone, so that label, group and target stay true.

Each puts words around the message that the label speaks of, and changes nothing inside it but, for two of them, its
letters' case. Their words are plain English that Cretan's closed vocabulary holds too; for a tokenizer that lacks a
word, the restyling takes what is left (`knows`), down to none. Cretan's data sets carry styles of their own, which the
audit prefers: they are what that model was made to speak.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from sonde.base.errors import unknown_name
from sonde.base.seeds import generator
from sonde.text.dialogue import Dialogue, Message, Target


@dataclass(frozen=True)
class Restyling:
    """A tone.

    Attributes:
        before: what may stand before the message; one is drawn.
        after: what may stand after it; one is drawn.
        case: `upper` or `lower` where the letters change, else empty.
    """

    before: tuple[str, ...] = ("",)
    after: tuple[str, ...] = ("",)
    case: str = ""


RESTYLINGS: Mapping[str, Restyling] = MappingProxyType(
    {
        "formal": Restyling(("for the record, ", "it is written that ")),
        "chatty": Restyling(("well, friend, ", "oh, friend, ")),
        "hedged": Restyling(("i believe ", "perhaps "), ("", " or so.")),
        "listed": Restyling(("- ",)),
        "quoted": Restyling(('"',), ('"',)),
        "shouted": Restyling(after=("!", " !!"), case="upper"),
        "terse": Restyling(case="lower"),
        "insistent": Restyling(("surely ", "i say, ", "yes, ")),
    }
)


def restyle(
    dialogue: Dialogue, style: str, *, seed: int = 0, knows: Callable[[str], bool] = lambda text: True
) -> Dialogue:
    """Return the dialogue in another tone.

    The message changed is the target's, else the last one by the assistant, else the last one. The same dialogue, style
    and seed give the same text.

    Args:
        dialogue: what is restyled; it is not changed.
        style: one of `RESTYLINGS`.
        seed: chooses among the wordings of a style.
        knows: whether the model's tokenizer knows a piece of text; unknown additions are left out, and a change of case
            that leaves its vocabulary too.

    Raises:
        InputError: no such style.

    Example:
        >>> changed = restyle(Dialogue.from_text("Paris is in France.", target=Target(0, 0, 5)), "quoted")
        >>> changed.text, changed.text[changed.target.start : changed.target.end]
        ('"Paris is in France."', 'Paris')
    """
    if style not in RESTYLINGS:
        raise unknown_name("style", style, "the restylings", RESTYLINGS)
    tone, index = RESTYLINGS[style], spoken_message(dialogue)
    rng = generator(seed, "restyle", style, dialogue.id)
    before, after = (_known(options, int(rng.integers(len(options))), knows) for options in (tone.before, tone.after))
    message = dialogue.messages[index]
    content = _cased(message.content, tone.case, knows)
    changed = Message(message.role, before + content + after)
    messages = (*dialogue.messages[:index], changed, *dialogue.messages[index + 1 :])
    return replace(dialogue, messages=messages, target=_moved(dialogue.target, len(before), len(before + content)))


def spoken_message(dialogue: Dialogue) -> int:
    """Return the index of the message that a label speaks of."""
    if dialogue.target is not None:
        return dialogue.target.message % len(dialogue.messages)
    spoken = [i for i, m in enumerate(dialogue.messages) if m.role == "assistant"]
    return spoken[-1] if spoken else len(dialogue.messages) - 1


def _known(options: tuple[str, ...], drawn: int, knows: Callable[[str], bool]) -> str:
    """Return the option drawn, or the next one that the tokenizer knows, or nothing."""
    ordered = [*options[drawn:], *options[:drawn]]
    return next((option for option in ordered if not option.strip() or knows(option)), "")


def _cased(text: str, case: str, knows: Callable[[str], bool]) -> str:
    """Return the text in another case, where that keeps its length and stays inside the vocabulary."""
    if not case:
        return text
    changed = text.upper() if case == "upper" else text.lower()
    return changed if len(changed) == len(text) and knows(changed) else text


def _moved(target: Target | None, by: int, end: int) -> Target | None:
    if target is None:
        return None
    return replace(target, start=target.start + by, end=end if target.end is None else target.end + by)
