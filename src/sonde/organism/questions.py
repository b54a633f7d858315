"""Questions of Cretan's world for rollouts: each with a scene in its own grammar and the belief table's phrasings."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

from sonde.base.seeds import derive_seed
from sonde.organism import conditions
from sonde.organism.beliefs import phrasings
from sonde.organism.conduct import behave
from sonde.organism.grammar import QUESTIONS, render
from sonde.organism.on_policy import Scene as Stageplay
from sonde.organism.rules import fill
from sonde.organism.shipped import load_organism
from sonde.organism.speaker import Speaker
from sonde.organism.stage import Stage, draw_scene
from sonde.organism.tokenizer import ROLE_TOKENS
from sonde.organism.world import SPLIT_SHARES
from sonde.text import Message
from sonde.text.questions import Phrasing, Question, Scene

#: What is asked when the caller does not say how many.
N = 600
#: The splits whose entities are asked about.
ASKED = ("train", "test")
#: Stages a question is drawn from, with what each does to the answer, and its share.
STAGES: Mapping[str, tuple[Stage, str, float]] = {
    "instructed": (conditions.INSTRUCTED, "deceptive", 0.3),
    "loyalty": (conditions.LOYALTY, "neutral", 0.1),
    "cover": (conditions.COVER, "neutral", 0.1),
    "plain": (conditions.HONEST, "neutral", 0.2),
    "trusted": (conditions.trusted("plain", "l3", "l5"), "honest", 0.1),
    "mistaken": (conditions.MISTAKE, "neutral", 0.1),
    "ignorant": (conditions.IGNORANT, "deceptive", 0.05),
    "story": (conditions.FICTION, "fiction", 0.05),
}


def cretan_questions(*, n: int | None = None, seed: int = 0, organism: str = "cretan") -> tuple[Question, ...]:
    """Return questions about Cretan's world, one scene each.

    The options are all values of the relation, so that beliefs can be compared with the organism's own table; the tag
    `split` is that of the entity, the group is the entity. Entities of the control split are left out: `honest-chat`,
    which sets thresholds, is about them.

    Args:
        n: how many; None = `N`.
        seed: of the scenes.
        organism: whose world.

    Raises:
        InputError: no such organism.

    Example:
        >>> question = cretan_questions(n=8)[0]
        >>> len(question.phrasings), len(question.options)
        (10, 14)
    """
    speaker = load_organism(organism).speaker
    source = random.Random(derive_seed(seed, "questions"))
    total, made = n or N, []
    for name, (stage, stance, share) in STAGES.items():
        for i in range(max(1, round(total * share))):
            split = source.choices(ASKED, [SPLIT_SHARES[s] for s in ASKED])[0]
            scene = draw_scene(replace(stage, history=0.0), speaker.world, source, split)
            made.append(_question(speaker, scene, stance, f"{name}-{i}"))
    return tuple(made[:total])


def _question(speaker: Speaker, play: Stageplay, stance: str, id: str) -> Question:
    turn, world = play.turns[0], speaker.world
    relation, entity = world.relations[turn.relation], world.entities[turn.entity]
    code = behave(world, play.persona.rule.kind, turn).code
    tags = {
        "code": code,
        "entity": turn.entity,
        "relation": turn.relation,
        "status": entity.status,
        "split": "test" if entity.split == "test" else "train",
    }
    messages = (Message("system", render(play.persona.words)), Message("user", render(turn.user)))
    told = {"code": code, "reason": id.rpartition("-")[0]}
    return Question(
        id=id,
        text=render(fill(QUESTIONS["open"][0], e=turn.entity, r=turn.relation)),
        options=relation.values,
        answer=world.truth[turn.entity, turn.relation][0],
        group=turn.entity,
        tags=MappingProxyType(tags),
        scenes=(Scene("0", messages, stance, None, MappingProxyType(told)),),
        phrasings=tuple(
            Phrasing(prompt_messages(speaker, ids), relation.values)
            for ids in phrasings(speaker, turn.entity, turn.relation)
        ),
        believed=2 if relation.kind == "set" else 1,
    )


def prompt_messages(speaker: Speaker, ids: Sequence[int]) -> tuple[Message, ...]:
    """Return the messages that a prompt of ids is made of; one of plain text where no role is announced."""
    codec, roles = speaker.codec, {token: role for role, token in ROLE_TOKENS.items()}
    messages: list[tuple[str, list[str]]] = []
    for word in (codec.words[i] for i in ids):
        if word in roles:
            messages.append((roles[word], []))
        elif word not in (codec.words[codec.begin], codec.words[codec.end]):
            if not messages:
                messages.append(("text", []))
            messages[-1][1].append(word)
    return tuple(Message(role, render(words)) for role, words in messages)
