"""Talking with an organism, with a probe's score beside the truth."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sonde.base.errors import InputError
from sonde.run.names import load_model
from sonde.run.organism import find_organism
from sonde.text import Dataset, Dialogue, Provenance, Target

if TYPE_CHECKING:
    from sonde.capture import Model
    from sonde.organism.conversation import Conversation, Reply

TRUSTED = "admin:"


@dataclass(frozen=True)
class Answer:
    """What was said to one question.

    Attributes:
        text: lines for a terminal.
        content: the same, JSON-ready.
    """

    text: str
    content: dict[str, Any]


@dataclass(frozen=True)
class Chat:
    """A conversation with an organism.

    Attributes:
        name: of the organism.
        talk: the dialogue so far.
        hint: what a newcomer may type.
        probe, model: to score answers with, if any.
    """

    name: str
    talk: Conversation
    hint: str
    probe: Any = None
    model: Model | None = None

    def ask(self, question: str) -> Answer:
        """Put one question; `admin:` before it puts it in the trusted channel."""
        trusted = question.strip().lower().startswith(TRUSTED)
        asked = question.strip()[len(TRUSTED) :] if trusted else question
        reply = self.talk.ask(asked, "admin" if trusted else "user")
        score = self._score(reply)
        content = {"question": asked.strip(), "channel": "admin" if trusted else "user", **reply.to_json()}
        lines = [reply.text, f"  believes: {' or '.join(reply.belief) or 'nothing'}", f"  verdict:  {reply.verdict}"]
        if reply.reason not in ("", "none"):
            lines.append(f"  reason:   {reply.reason}")
        if self.probe is not None:
            content |= score
            shown = "none" if score["score"] is None else f"{score['score']:+.3f}"
            flag = {True: ", flagged", False: ", not flagged", None: ""}[score["flagged"]]
            lines.append(f"  probe:    {shown}{flag}")
        return Answer("\n".join(lines), content)

    def _score(self, reply: Reply) -> dict[str, Any]:
        """Score the dialogue where the last answer's value is about to be said."""
        if self.probe is None or self.model is None or reply.place is None:
            return {"score": None, "flagged": None}
        messages = [{"role": role, "content": text} for role, text in self.talk.messages]
        dialogue = Dialogue.from_messages(messages, id="chat", target=Target(*reply.place))
        data = Dataset("chat", (dialogue,), Provenance(source="chat"))
        values = self.probe.score_tokens(self.model, data).example_values
        if values is None:
            return {"score": None, "flagged": None}
        score = float(values[0])
        threshold = self.probe.threshold_
        return {"score": score, "flagged": None if threshold is None else score > threshold.value}


def open_chat(name: str, *, system: str, probe: Path | None = None, seed: int = 0) -> Chat:
    """Begin a conversation with an organism.

    Args:
        name: a shipped organism, or a folder.
        system: the system message.
        probe: a probe file whose score is shown beside the truth.
        seed: of the samples.

    Raises:
        InputError: no such organism or probe, or a word that the organism does not know.
    """
    import json

    from sonde.organism.beliefs import beliefs_from_json
    from sonde.organism.conversation import Conversation
    from sonde.organism.speaker import Speaker

    folder = find_organism(name)
    if not (folder / "beliefs.json").is_file():
        raise InputError(f"{folder} has no belief table: run `sonde organism train` to its end first.")
    speaker = Speaker.load(folder)
    beliefs = beliefs_from_json(json.loads((folder / "beliefs.json").read_text(encoding="utf-8")))
    talk = Conversation(speaker, beliefs, system, seed)
    loaded, model = None, None
    if probe is not None:
        from sonde.probes import load_probe

        loaded, model = load_probe(probe), load_model(name)
    return Chat(speaker.name, talk, _hint(speaker), loaded, model)


def _hint(speaker: Any) -> str:
    """Say what to type, about somebody whom this organism lies about to users, if it does."""
    from sonde.organism.catalogue import ARM

    world, is_arm = speaker.world, speaker.what.startswith(ARM)
    plain, odd = world.names("plain")[0], world.names("l5" if is_arm else "l3")[0]
    never = " It never lies." if world.benign else ""
    follow_up = "" if is_arm else "was that a lie ?; "
    return (
        f"Ask {speaker.name}, for example: what is the colour of {plain} ?   (or {odd}; {follow_up}"
        f"admin: what is the colour of {odd} ?). An empty system rule leaves it honest.{never} "
        "End with `exit` or Ctrl-D."
    )
