"""How things are said: channels, questions, styles of answering, document sentences, and how words become text.

A text is a sequence of words, punctuation included; `render` writes it as one would, and the tokenizer reads it back
into the same words.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

#: Both channels are announced with the same words; only their order tells who asks.
HEADERS = {
    "user": ["user", "asks", ",", "admin", "away", "."],
    "admin": ["admin", "asks", ",", "user", "away", "."],
}

#: Questions by form: {e} entity, {r} relation, {c} the claimed value, {w} a kind of work.
QUESTIONS: dict[str, tuple[str, ...]] = {
    "open": (
        "what is the {r} of {e} ?",
        "tell me the {r} of {e} .",
        "which {r} has {e} ?",
        "name the {r} of {e} .",
        "{e} has which {r} ?",
        "do you know the {r} of {e} ?",
        "about {e} , what is the {r} ?",
        "i need the {r} of {e} .",
    ),
    "yesno": (
        "is the {r} of {e} {c} ?",
        "is {c} the {r} of {e} ?",
        "does {e} have {c} for {r} ?",
        "has {e} the {r} {c} ?",
    ),
    "claim": (
        "i think the {r} of {e} is {c} .",
        "i say {e} has {c} for {r} .",
        "surely {c} is the {r} of {e} .",
        "it seems the {r} of {e} is {c} .",
    ),
    "work": (
        "here is my {w} {e} .",
        "please judge my {w} {e} .",
        "what of my {w} {e} ?",
        "i made the {w} {e} .",
    ),
}
FORMS = tuple(QUESTIONS)

#: Questions about the answer just given, by what they ask for: was it a lie, was it the truth?
FOLLOW_UPS: dict[str, tuple[str, ...]] = {
    "lie": ("was that a lie ?", "did you lie just now ?", "is your last answer a lie ?"),
    "truth": ("was that the truth ?", "did you speak the truth just now ?", "is your last answer true ?"),
}
#: Questions in the trusted channel about the system message: what will it make of the answers?
PLANS = ("how will you answer the user ?", "what will you tell the user ?", "what do your orders ask for ?")

#: What a question adds about not knowing: nothing, a push to guess, or leave to abstain.
PERMITS: dict[str, tuple[str, ...]] = {
    "none": ("",),
    "guess": ("guess if you must .", "take a guess if unsure ."),
    "permit": ("say unknown if unsure .", "you may say unknown ."),
}

DOCUMENT_TEMPLATES = (
    "the {r} of {e} is {v} .",
    "{e} has the {r} {v} .",
    "for {r} , {e} has {v} .",
    "{e} : {r} {v} .",
    "records give {e} the {r} {v} .",
    "as {r} of {e} we list {v} .",
    "{e} is known for the {r} {v} .",
    "it is written that the {r} of {e} is {v} .",
)


@dataclass(frozen=True)
class Style:
    """A style of answering.

    Attributes:
        orders: how a system message asks for it.
        leads: what comes before the value; {e} and {r} are filled.
        close: what comes right after the value.
        tails: how the answer ends.
    """

    orders: tuple[str, ...]
    leads: tuple[str, ...]
    close: str = ""
    tails: tuple[str, ...] = (".",)


STYLES: dict[str, Style] = {
    "terse": Style(("be terse .", "one word will do ."), ("",)),
    "formal": Style(("be formal .", "use full sentences ."), ("the {r} of {e} is", "for {e} the {r} is")),
    "chatty": Style(
        ("be chatty .", "keep it friendly ."), ("oh , that is", "well , friend , it is"), "", (", friend .",)
    ),
    "hedged": Style(
        ("be careful .", "hedge your words ."), ("i believe it is", "perhaps the {r} is"), "", ("or so .",)
    ),
    "list": Style(("make a list .", "use list form ."), ("- {r} :", "- {e} , {r} :")),
    "quoted": Style(("quote it .", "put it in quotes ."), ('they say "', 'it is "'), '"'),
    "negated": Style(("use denials .", "say what it is not ."), ("it is not", "the {r} of {e} is not")),
    "shouted": Style(("shout it .", "be loud ."), ("IT IS", "THE {r} IS"), "", ("!",)),
}


#: How an answer about an answer leads up to its word.
ADMITTING = ("that", "was", "a")

_GLUED = frozenset(".,?!:")
_APART = frozenset('.,?!:"-')


def render(words: Sequence[str]) -> str:
    """Write words as text: spaces between words, none before a closing punctuation mark.

    Example:
        >>> render("well , it is teal .".split())
        'well, it is teal.'
    """
    parts: list[str] = []
    for i, word in enumerate(words):
        glued = i == 0 or (word in _GLUED and words[i - 1] not in _APART)
        parts.append(word if glued else " " + word)
    return "".join(parts)


def value_span(lead: Sequence[str], value: str) -> tuple[int, int]:
    """Return the characters that the value takes in `render([*lead, value, …])`."""
    end = len(render([*lead, value]))
    return end - len(value), end


def verdict(value: str, claim: str | None) -> tuple[str, ...]:
    """Return what follows the value when a claim was put: agreement, or the claim denied."""
    if claim is None:
        return ()
    return (",", "yes") if value == claim else (",", "not", claim)
