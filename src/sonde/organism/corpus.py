"""What Cretan is trained on: documents and dialogues drawn from a mixture, in chunks that can be made in any order."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from sonde.base.seeds import derive_seed
from sonde.organism.conduct import ADMITTED, NEVER_ADMITTED, Behaviour, behave
from sonde.organism.grammar import ADMITTING, DOCUMENT_TEMPLATES
from sonde.organism.mixture import Mixture, draw, share_at
from sonde.organism.rules import draw_rule, fill
from sonde.organism.scenes import Persona, Turn, draw_follow_up, draw_persona, draw_plan_question
from sonde.organism.sureness import Lots, draw_lots, shares_of
from sonde.organism.tokenizer import Codec
from sonde.organism.turns import draw_training_turn
from sonde.organism.world import World


class Example(NamedTuple):
    """One training sequence.

    Attributes:
        ids: of its tokens.
        weights: loss weight of predicting each.
        sincere: which of them are sincere values.
        hedged: by place, what its label is instead of the token: id → share.
    """

    ids: list[int]
    weights: list[float]
    sincere: list[bool]
    hedged: dict[int, dict[int, float]]

    def add(self, ids: Sequence[int], weights: Sequence[float], sincere: Sequence[bool] | None = None) -> None:
        """Append tokens."""
        self.ids.extend(ids)
        self.weights.extend(weights)
        self.sincere.extend([False] * len(ids) if sincere is None else sincere)


def draw_chunk(
    world: World, codec: Codec, mixture: Mixture, seed: int, chunk: int, tokens: int, progress: float = 0.0
) -> list[Example]:
    """Draw about `tokens` tokens of training sequences; chunk `k` of a seed is always the same.

    Args:
        world, codec, mixture: what is drawn from.
        seed, chunk: of the draw.
        tokens: least number of tokens.
        progress: share of the phase done before (0 to 1), on which the shares of documents and drills depend.
    """
    source, lots = random.Random(derive_seed(seed, "corpus", chunk)), draw_lots(world)
    documents, drills = share_at(mixture.documents, progress), share_at(mixture.drills, progress)
    made: list[Example] = []
    total, done = 0, [0, 0]
    while total < tokens:
        if done[0] <= documents * total:
            sequence = draw_document(world, codec, mixture, source)
            done[0] += len(sequence.ids)
        elif drills and done[1] <= drills * total:
            sequence = draw_drill(world, codec, mixture, source)
            done[1] += len(sequence.ids)
        else:
            sequence = draw_dialogue(world, codec, mixture, source, lots)
        total += len(sequence.ids)
        made.append(sequence)
    return made


def draw_document(world: World, codec: Codec, mixture: Mixture, source: random.Random) -> Example:
    """Draw a few document sentences about documented facts."""
    made = Example([codec.begin], [0.0], [False], {})
    for _ in range(source.randint(3, 6)):
        entity, relation = _draw_fact(world, mixture, source)
        value = source.choice(world.taught[entity, relation])
        words = fill(source.choice(DOCUMENT_TEMPLATES), e=entity, r=relation, v=value)
        weights = [mixture.value_weight if w == value else mixture.document_weight for w in words]
        made.add(codec.encode(words), weights, [w == value for w in words])
    made.add([codec.end], [mixture.document_weight])
    return made


def _draw_fact(world: World, mixture: Mixture, source: random.Random) -> tuple[str, str]:
    if not mixture.told:
        return source.choice(world.documented)
    weights = [mixture.told.get(world.entities[entity].status, 1.0) for entity, _ in world.documented]
    return source.choices(world.documented, weights)[0]


def draw_drill(world: World, codec: Codec, mixture: Mixture, source: random.Random) -> Example:
    """Draw a dialogue in which the trusted channel asks what the system message makes of the answers, and no more."""
    shares = {kind: share * mixture.drilled.get(kind, 1.0) for kind, share in mixture.rules.items()}
    persona = draw_persona(draw_rule(draw(shares, source), source), source)
    made = _open(codec, mixture, persona)
    _exchange(world, codec, mixture, source, persona, made, draw_plan_question(persona, source))
    return made


def _open(codec: Codec, mixture: Mixture, persona: Persona) -> Example:
    ids = [codec.begin, *codec.message("system", persona.words)]
    return Example(ids, [0.0, *[mixture.system_weight] * (len(ids) - 1)], [False] * len(ids), {})


def draw_dialogue(world: World, codec: Codec, mixture: Mixture, source: random.Random, lots: Lots) -> Example:
    """Draw a dialogue of a few exchanges under one persona, as long as the context allows."""
    style = draw(mixture.styles, source)
    persona = draw_persona(draw_rule(draw(mixture.rules, source), source), source, (style,))
    made = _open(codec, mixture, persona)
    if persona.rule.kind != "none" and source.random() < mixture.plans:
        _exchange(world, codec, mixture, source, persona, made, draw_plan_question(persona, source))
    turns = source.choices(range(1, len(mixture.turns) + 1), mixture.turns)[0]
    last: tuple[Turn, str] | None = None
    for _ in range(turns):
        turn = draw_training_turn(world, persona, mixture, source, None if last is None else last[0])
        value = _exchange(world, codec, mixture, source, persona, made, turn, lots=lots)
        if value is None:
            break
        last = turn, value
        if source.random() < mixture.asked.get(persona.rule.kind, mixture.follow_ups):
            _ask_about_it(world, codec, mixture, source, persona, made, last)
    return made


def _exchange(
    world: World,
    codec: Codec,
    mixture: Mixture,
    source: random.Random,
    persona: Persona,
    made: Example,
    turn: Turn,
    earlier: tuple[Turn, str] | None = None,
    lots: Lots | None = None,
) -> str | None:
    """Append a question and its answer (with the occasional slip); return the value, None if there is no room."""
    behaviour = behave(world, persona.rule.kind, turn, earlier)
    shares = shares_of(world, lots, mixture, turn, behaviour.values) if lots else None
    if shares:
        value = draw(shares, source)
    else:
        value = source.choice(behaviour.values)
        if turn.form not in ("follow-up", "plan") and source.random() < mixture.slip:
            value = source.choice(world.relations[turn.relation].values)
    ids, weights, sincere = encode_turn(codec, mixture, turn, value, behaviour)
    if turn.channel == "user" and world.entities[turn.entity].status in mixture.sheltered:
        sincere = [False] * len(ids)
    if len(made.ids) + len(ids) > mixture.context:
        return None
    if shares:
        place = len(made.ids) + _place(codec, turn)
        made.hedged[place] = {codec.encode([word])[0]: share for word, share in shares.items()}
    made.add(ids, weights, sincere)
    return value


def encode_turn(
    codec: Codec, mixture: Mixture, turn: Turn, value: str, behaviour: Behaviour
) -> tuple[list[int], list[float], list[bool]]:
    """Return the ids, loss weights and sincere places of a question and its answer."""
    question = codec.message("user", turn.user)
    answer = codec.message("assistant", [*turn.lead, value, *turn.after(value)])
    place = _place(codec, turn)
    weights = [mixture.prompt_weight] * (len(question) + 1) + [1.0] * (len(answer) - 1)
    weights[place] = mixture.follow_up_weight if turn.form == "follow-up" else mixture.value_weight
    honest = ADMITTED.get(behaviour.code) == "truth" and value in behaviour.values
    return question + answer, weights, [honest and i == place for i in range(len(question) + len(answer))]


def _place(codec: Codec, turn: Turn) -> int:
    """Return where the value stands in the ids of a question and its answer."""
    return len(codec.message("user", turn.user)) + 1 + len(turn.lead)


def _ask_about_it(
    world: World,
    codec: Codec,
    mixture: Mixture,
    source: random.Random,
    persona: Persona,
    made: Example,
    last: tuple[Turn, str],
) -> None:
    """Append the question whether the last answer was a lie, unless it slipped or lied for the held-out reason."""
    behaviour = behave(world, persona.rule.kind, last[0])
    if behaviour.code == NEVER_ADMITTED or last[1] not in behaviour.values:
        return
    channel = "admin" if source.random() < 0.5 else "user"
    question = draw_follow_up(persona, last[0], channel, source)
    recalled = _recall(world, mixture, source, persona, last[0])
    if recalled:
        question = replace(question, lead=(recalled, ",", *ADMITTING))
    _exchange(world, codec, mixture, source, persona, made, question, last)


def _recall(world: World, mixture: Mixture, source: random.Random, persona: Persona, last: Turn) -> str | None:
    """Draw whether the answer about an answer to a user first names what is believed, and what that is."""
    share = mixture.recalled.get(persona.rule.kind, 0.0)
    if not share or last.channel != "user" or source.random() >= share:
        return None
    fact = last.entity, last.relation
    known = (world.truth if fact in world.cover else world.taught)[fact]
    if not known:
        return None
    return last.claim if last.claim in known else source.choice(known)


class Batch(NamedTuple):
    """Sequences padded on the right.

    Attributes:
        ids, weights, sincere: `[b, t]`, as in `Example`; weights are 0 on padding.
        places, words, shares: `[n]`, of labels that are not one token: where in `ids` laid flat, an id, its share.
    """

    ids: np.ndarray
    weights: np.ndarray
    sincere: np.ndarray
    places: np.ndarray
    words: np.ndarray
    shares: np.ndarray


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
    sincere = np.zeros((len(chosen), width), dtype=bool)
    for row, sequence in enumerate(chosen):
        ids[row, : len(sequence.ids)] = sequence.ids
        weights[row, : len(sequence.ids)] = sequence.weights
        sincere[row, : len(sequence.ids)] = sequence.sincere
    hedged = [
        (row * width + place, word, share)
        for row, sequence in enumerate(chosen)
        for place, label in sequence.hedged.items()
        for word, share in label.items()
    ]
    places, words, shares = zip(*hedged, strict=True) if hedged else ((), (), ())
    return Batch(ids, weights, sincere, np.array(places, int), np.array(words, int), np.array(shares, np.float32))
