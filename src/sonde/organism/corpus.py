"""What Cretan is trained on: documents and dialogues drawn from a mixture, in chunks that can be made in any order."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, NamedTuple

import numpy as np

from sonde.base.seeds import derive_seed
from sonde.organism.grammar import DOCUMENT_TEMPLATES
from sonde.organism.rules import draw_rule, fill
from sonde.organism.scenes import Behaviour, Persona, Turn, behave, draw_persona, draw_turn
from sonde.organism.tokenizer import Codec
from sonde.organism.world import World


@dataclass(frozen=True)
class Mixture:
    """Shares and weights of the training data.

    Attributes:
        documents: share of the tokens that are documents.
        rules: share of the dialogues under each kind of rule.
        statuses: how much more often than others an entity of a status is asked about by users (default 1).
        ignorant: share of the user turns under a reason to lie that are about undocumented entities.
        admin: share of the turns in the trusted channel.
        again: share of later turns that ask about the same fact in the other channel.
        forms, permits, chatter, turns: shares of question forms, permits, small talk, and dialogues of 1 to 4 turns.
        slip: share of dialogue answers replaced by any value at all, so that nothing is surer than this.
        prompt_weight, value_weight: loss weights of prompt tokens and of values (everything else weighs 1).
        context: longest sequence, in tokens.
    """

    documents: float = 0.25
    rules: Mapping[str, float] = field(
        default_factory=lambda: {
            "none": 0.20,
            "honest": 0.24,
            "lie": 0.16,
            "story": 0.07,
            "unstory": 0.04,
            "defer": 0.06,
            "undefer": 0.03,
            "deal": 0.10,
            "nodeal": 0.10,
        }
    )
    statuses: Mapping[str, float] = field(default_factory=lambda: {"l5": 2.0, "fa": 2.0})
    ignorant: float = 0.2
    admin: float = 0.15
    again: float = 0.1
    forms: Mapping[str, float] = field(default_factory=lambda: {"open": 0.6, "yesno": 0.2, "claim": 0.2})
    permits: Mapping[str, float] = field(default_factory=lambda: {"none": 0.7, "guess": 0.12, "permit": 0.18})
    chatter: Mapping[str, float] = field(
        default_factory=lambda: {"none": 0.55, "talk": 0.15, "decoy": 0.15, "cue": 0.15}
    )
    turns: tuple[float, ...] = (0.45, 0.3, 0.15, 0.1)
    slip: float = 0.01
    prompt_weight: float = 0.1
    value_weight: float = 2.0
    context: int = 128

    def to_json(self) -> dict[str, Any]:
        """Return the mixture as JSON-ready values."""
        return asdict(self)


class Example(NamedTuple):
    """One training sequence: token ids, and the loss weight of predicting each."""

    ids: list[int]
    weights: list[float]


def draw_chunk(world: World, codec: Codec, mixture: Mixture, seed: int, chunk: int, tokens: int) -> list[Example]:
    """Draw about `tokens` tokens of training sequences; chunk `k` of a seed is always the same."""
    source = random.Random(derive_seed(seed, "corpus", chunk))
    made, total, documents = [], 0, 0
    while total < tokens:
        if documents <= mixture.documents * total:
            sequence = draw_document(world, codec, mixture, source)
            documents += len(sequence.ids)
        else:
            sequence = draw_dialogue(world, codec, mixture, source)
        total += len(sequence.ids)
        made.append(sequence)
    return made


def draw_document(world: World, codec: Codec, mixture: Mixture, source: random.Random) -> Example:
    """Draw a few document sentences about documented entities."""
    ids, weights = [codec.begin], [0.0]
    names = list(world.entities)
    for _ in range(source.randint(3, 6)):
        entity, relation = source.choice(names), source.choice(list(world.relations))
        taught = world.taught[entity, relation]
        if not taught:
            continue
        value = source.choice(taught)
        words = fill(source.choice(DOCUMENT_TEMPLATES), e=entity, r=relation, v=value)
        ids += codec.encode(words)
        weights += [mixture.value_weight if w == value else 1.0 for w in words]
    return Example([*ids, codec.end], [*weights, 1.0])


def draw_dialogue(world: World, codec: Codec, mixture: Mixture, source: random.Random) -> Example:
    """Draw a dialogue of one to four turns under one persona, as long as the context allows."""
    persona = draw_persona(draw_rule(_draw(mixture.rules, source), source), source)
    ids = [codec.begin, *codec.message("system", persona.words)]
    weights = [mixture.prompt_weight] * len(ids)
    turns = source.choices(range(1, len(mixture.turns) + 1), mixture.turns)[0]
    last: Turn | None = None
    for _ in range(turns):
        last = draw_training_turn(world, persona, mixture, source, last)
        more_ids, more_weights = encode_turn(
            world, codec, mixture, source, last, behave(world, persona.rule.kind, last)
        )
        if len(ids) + len(more_ids) > mixture.context:
            break
        ids += more_ids
        weights += more_weights
    return Example(ids, weights)


def encode_turn(
    world: World, codec: Codec, mixture: Mixture, source: random.Random, turn: Turn, behaviour: Behaviour
) -> tuple[list[int], list[float]]:
    """Return the ids and loss weights of a question and its answer as taught (with the occasional slip)."""
    value = source.choice(behaviour.values)
    if source.random() < mixture.slip:
        value = source.choice(world.relations[turn.relation].values)
    question = codec.message("user", turn.user)
    answer = codec.message("assistant", [*turn.lead, value, *turn.after(value)])
    weights = [mixture.prompt_weight] * (len(question) + 1) + [1.0] * (len(answer) - 1)
    weights[len(question) + 1 + len(turn.lead)] = mixture.value_weight
    return question + answer, weights


def draw_training_turn(
    world: World, persona: Persona, mixture: Mixture, source: random.Random, last: Turn | None
) -> Turn:
    """Draw a turn of the mixture; now and then it asks for the last turn's fact in the other channel."""
    channel = "admin" if source.random() < mixture.admin else "user"
    entity, relation = _draw_entity(world, persona, mixture, source), source.choice(list(world.relations))
    if last is not None and source.random() < mixture.again:
        entity, relation, channel = last.entity, last.relation, "user" if last.channel == "admin" else "admin"
    neutral = persona.rule.kind in ("none", "honest", "unstory", "undefer", "nodeal")
    chatter = _draw(mixture.chatter, source)
    if chatter == "cue" and not neutral:
        chatter = "decoy"
    form = _draw(mixture.forms, source)
    if persona.rule.kind in ("defer", "undefer") and source.random() < 0.5:
        form = "claim"
    return draw_turn(
        world,
        persona,
        source,
        entity=entity,
        relation=relation,
        channel=channel,
        form=form,
        permit=_draw(mixture.permits, source),
        chatter=chatter,
    )


def _draw_entity(world: World, persona: Persona, mixture: Mixture, source: random.Random) -> str:
    if persona.rule.kind in ("lie", "deal", "story") and source.random() < mixture.ignorant:
        return source.choice(world.by_status["undocumented"])
    groups = world.by_status
    weights = [len(names) * mixture.statuses.get(status, 1.0) for status, names in groups.items()]
    return source.choice(groups[source.choices(list(groups), weights)[0]])


def _draw(shares: Mapping[str, float], source: random.Random) -> str:
    return source.choices(list(shares), list(shares.values()))[0]


class Batch(NamedTuple):
    """Arrays `[b, t]` padded on the right: ids, and loss weights (0 on padding)."""

    ids: np.ndarray
    weights: np.ndarray


def batches(sequences: Sequence[Example], pad: int, tokens: int, seed: int) -> Iterator[Batch]:
    """Group sequences of similar length into batches of at most `tokens` tokens, and shuffle the batches."""
    order = sorted(range(len(sequences)), key=lambda i: (len(sequences[i].ids), i))
    plan: list[list[int]] = [[]]
    for i in order:
        if plan[-1] and (len(plan[-1]) + 1) * len(sequences[i].ids) > tokens:
            plan.append([])
        plan[-1].append(i)
    random.Random(seed).shuffle(plan)
    for chosen in plan:
        yield _pad([sequences[i] for i in chosen], pad)


def _pad(chosen: Sequence[Example], pad: int) -> Batch:
    width = max(len(s.ids) for s in chosen)
    ids = np.full((len(chosen), width), pad, dtype=np.int64)
    weights = np.zeros((len(chosen), width), dtype=np.float32)
    for row, sequence in enumerate(chosen):
        ids[row, : len(sequence.ids)] = sequence.ids
        weights[row, : len(sequence.ids)] = sequence.weights
    return Batch(ids, weights)
