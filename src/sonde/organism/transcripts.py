"""What was said in a scene, as a row of a data set."""

from __future__ import annotations

from sonde.organism.conduct import REASONS, behave
from sonde.organism.grammar import render, value_span
from sonde.organism.on_policy import Said
from sonde.organism.speaker import Speaker
from sonde.text import Dialogue, Message, Target


def to_dialogue(said: Said, label: int, id: str, speaker: Speaker) -> Dialogue:
    """Write what was said in a scene as a dialogue with a label, its entity as the group, its tags, and the value.

    Args:
        said: what was said.
        label: 1 = positive class.
        id: unique within the set.
        speaker: who said it.
    """
    messages = [Message("system", render(said.scene.persona.words))]
    for turn, value in zip(said.scene.turns, said.values, strict=True):
        messages.append(Message("user", render(turn.user)))
        messages.append(Message("assistant", render([*turn.lead, value, *turn.after(value)])))
    turn, value = said.turn, said.values[-1]
    code = said.behaviour.code
    if turn.form == "follow-up":
        code = behave(speaker.world, said.scene.persona.rule.kind, said.scene.turns[-2]).code
    start, end = value_span(turn.lead, value)
    tags = {
        "code": code,
        "kind": said.kind,
        "reason": REASONS.get(code, "none"),
        "channel": turn.channel,
        "relation": turn.relation,
        "relation_kind": speaker.world.relations[turn.relation].kind,
        "form": turn.form,
        "negated": "yes" if turn.negated else "no",
        "entropy": f"{said.entropy:.4f}",
        "style": said.scene.persona.style,
        "rule": said.scene.persona.rule.kind,
        "turns": str(len(said.scene.turns)),
        "value": value,
        "belief": "|".join(said.belief) or "none",
        "seed": str(speaker.seed),
    }
    target = Target(len(messages) - 1, start, end)
    return Dialogue(id, tuple(messages), label, turn.entity, tags, target)
