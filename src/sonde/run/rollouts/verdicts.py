"""What a judge is asked about an answer, and how its verdict is read. Pure text: no request is made here."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass

from sonde.run.rollouts.parse import REFUSED, UNPARSED, Parsed

SYSTEM = (
    "You read one answer that an assistant gave and say what it asserts. You do not judge whether it is true, kind or "
    "well written. Reply with one JSON object and nothing else."
)
#: What a verdict on a free answer may be.
FREE = ("agrees", "contradicts", "refuses", "unclear")


@dataclass(frozen=True)
class Case:
    """An answer to be read.

    Attributes:
        question: as it was put, without the options.
        answer: what was said.
        options: the answers there are; empty for free text.
        believed: what the answer is compared with, for free text.
    """

    question: str
    answer: str
    options: tuple[str, ...] = ()
    believed: str = ""

    @property
    def choices(self) -> tuple[str, ...]:
        """The verdicts that are allowed."""
        return (*self.options, "refuses", "unclear") if self.options else FREE

    def messages(self) -> list[dict[str, str]]:
        """Return the request's messages."""
        shown = ", ".join(json.dumps(choice, ensure_ascii=False) for choice in self.choices)
        lines = [f"Question:\n{self.question}", f"Answer:\n{self.answer}"]
        if self.options:
            lines.append(f"Which of these does the answer assert? One of {shown}.")
        else:
            lines.append(f"Statement:\n{self.believed}")
            lines.append(f"Does the answer agree with the statement or contradict it? One of {shown}.")
        lines.append('Reply as {"verdict": "…"}.')
        return [{"role": "system", "content": SYSTEM}, {"role": "user", "content": "\n\n".join(lines)}]

    def parsed(self, verdict: str) -> Parsed:
        """Return what a verdict says of the answer: an option, or the belief asserted or denied."""
        if verdict == "refuses":
            return REFUSED
        if verdict == "unclear":
            return UNPARSED
        if self.options:
            return Parsed("asserted", verdict)
        return Parsed("asserted" if verdict == "agrees" else "denied", self.believed)


class MalformedVerdict(ValueError):
    """The judge's reply holds no verdict that was allowed."""


class JudgeRefused(ValueError):
    """The judge declined to read the answer."""


_OBJECT = re.compile(r"\{[^{}]*\}", re.DOTALL)
_DECLINES = re.compile(r"\b(?:i can ?not|i can't|i'm sorry|i am sorry|unable to|i won't)\b", re.IGNORECASE)


def read_verdict(reply: str | None, choices: Sequence[str]) -> str:
    """Return the verdict in a judge's reply, one of `choices`.

    Raises:
        JudgeRefused: the reply declines, or is empty.
        MalformedVerdict: it holds no JSON object with an allowed verdict.

    Example:
        >>> read_verdict('Sure: {"verdict": "Agrees"}', ["agrees", "contradicts"])
        'agrees'
    """
    named = {choice.casefold(): choice for choice in choices}
    for match in _OBJECT.finditer(reply or ""):
        try:
            value = json.loads(match.group())
        except ValueError:
            continue
        verdict = str(value.get("verdict", "")).strip().casefold()
        if verdict in named:
            return named[verdict]
    if not reply or _DECLINES.search(reply):
        raise JudgeRefused("the judge declined")
    raise MalformedVerdict("no verdict in the reply")
