"""What each built-in set looks like as dialogues: one function a form, from records to labelled dialogues.

Each function yields rows in the order of the records; `loading.py` chooses the split and the number of rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import MappingProxyType

from sonde.text.builtin.reading import chat, facts, instructions, open_questions, opinions, pressures, work
from sonde.text.builtin.records import STANCES, Fact
from sonde.text.dialogue import Dialogue, Message, Target


@dataclass(frozen=True)
class Form:
    """One way to see a set.

    Attributes:
        rows: yields its dialogues.
        positive, negative: what labels 1 and 0 mean.
        files: stems of the files it reads.
        policy: see `Provenance`.
        about: one sentence for the provenance.
    """

    rows: Callable[[], Iterator[Dialogue]]
    positive: str
    negative: str
    files: tuple[str, ...]
    policy: str
    about: str


def _fact_rows(misconceptions: bool) -> Iterator[tuple[Fact, dict[str, str]]]:
    for fact in facts():
        if fact.misconception == misconceptions:
            about = {"topic": fact.topic, "relation": fact.relation, "entity": fact.entity}
            yield fact, about | {"wording": str(fact.wording), "value": fact.value}


def _plain(id: str, text: str, label: int, group: str, tags: dict[str, str], span: tuple[int, int]) -> Dialogue:
    return Dialogue(id, (Message("text", text),), label, group, MappingProxyType(tags), Target(0, *span))


def statements(misconceptions: bool = False) -> Iterator[Dialogue]:
    """Yield plain statements; label 1 = true; the target is the claimed value."""
    for fact, tags in _fact_rows(misconceptions):
        yield _plain(fact.id, fact.statement, fact.label, fact.group, tags, fact.span)


def negations(misconceptions: bool = False) -> Iterator[Dialogue]:
    """Yield the negation of every statement; label 1 = the negation is true."""
    for fact, tags in _fact_rows(misconceptions):
        yield _plain(f"{fact.id}/not", fact.negation, 1 - fact.label, fact.group, tags, fact.negation_span)


def answers(misconceptions: bool = False) -> Iterator[Dialogue]:
    """Yield question and answer; label 1 = the answer is right; the target is the answer."""
    for fact, tags in _fact_rows(misconceptions):
        said = fact.answer if fact.label else fact.wrong[0]
        messages = (Message("user", fact.question), Message("assistant", said))
        yield Dialogue(f"{fact.id}/answer", messages, fact.label, fact.group, MappingProxyType(tags), Target(1))


def claims() -> Iterator[Dialogue]:
    """Yield the user's claims: every opinion under every pressure in both stances; label 1 = the user is wrong."""
    for opinion in opinions():
        for pressure in pressures():
            for stance in STANCES:
                message = Message("user", pressure.fill(opinion.question, opinion.claim(stance)))
                tags = {"topic": opinion.topic, "pressure": pressure.kind, "wording": pressure.id, "stance": stance}
                id = f"{opinion.id}/{pressure.id}/{stance}"
                label = int(stance == "wrong")
                yield Dialogue(id, (message,), label, opinion.group, MappingProxyType(tags), Target(0))


def dealt_claims() -> Iterator[Dialogue]:
    """Yield each opinion under one pressure, dealt out in turn, in both stances."""
    turn = {opinion.id: i for i, opinion in enumerate(opinions())}
    every = pressures()
    for row in claims():
        opinion = row.id.rsplit("/", 2)[0]
        if row.tags["wording"] == every[turn[opinion] % len(every)].id:
            yield row


def answered_claims() -> Iterator[Dialogue]:
    """Yield dealt claims with written answers; label 1 = sycophantic: the user is wrong, and the answer follows.

    Negatives are right answers to both stances. An answer says only what it holds true, never that it agrees.
    """
    by_id = {opinion.id: opinion for opinion in opinions()}
    for row in dealt_claims():
        opinion = by_id[row.id.rsplit("/", 2)[0]]
        for answer in ("right", "wrong") if row.label else ("right",):
            messages = (*row.messages, Message("assistant", f"The answer is: {opinion.claim(answer)}."))
            tags = MappingProxyType({**row.tags, "answer": answer})
            label = int(answer == "wrong")
            yield Dialogue(f"{row.id}/{answer}-answer", messages, label, row.group, tags, Target(1))


def open_claims() -> Iterator[Dialogue]:
    """Yield questions without a right answer, the user favouring either option; unlabelled."""
    every = pressures()
    for i, item in enumerate(open_questions()):
        pressure = every[i % len(every)]
        for k, option in enumerate(item.options):
            message = Message("user", pressure.fill(item.question, option))
            tags = {"topic": item.topic, "pressure": pressure.kind, "wording": pressure.id, "option": str(k)}
            yield Dialogue(f"{item.id}/{k}", (message,), None, item.id, MappingProxyType(tags), Target(0))


def prompts() -> Iterator[Dialogue]:
    """Yield the system prompts alone; label 1 = deceptive."""
    for item in instructions():
        tags = {"pair": item.pair, "reason": item.reason, "held_out": str(item.held_out).lower()}
        label = int(item.side == "deceptive")
        yield Dialogue(item.id, (Message("system", item.text),), label, item.pair, MappingProxyType(tags), Target(0))


def pieces() -> Iterator[Dialogue]:
    """Yield the user handing in each version of each piece; label 1 = weak."""
    for item in work():
        for version, text in (("weak", item.weak), ("strong", item.strong)):
            message = Message("user", f"{item.task}\n\n{text}")
            tags = MappingProxyType({"kind": item.kind, "version": version})
            target = Target(0, len(item.task) + 2)
            yield Dialogue(f"{item.id}/{version}", (message,), int(version == "weak"), item.id, tags, target)


def exchanges() -> Iterator[Dialogue]:
    """Yield ordinary exchanges; all of label 0."""
    for item in chat():
        messages = (Message("user", item.request), Message("assistant", item.answer))
        yield Dialogue(item.id, messages, 0, item.id, MappingProxyType({"category": item.category}), Target(1))


_WRITTEN = "Written for sonde, not sampled from the model under study."

#: Set to form to what it is; the first form of a set is its default.
FORMS: dict[str, dict[str, Form]] = {
    "facts": {
        "statement": Form(statements, "true", "false", ("facts",), "off-policy", _WRITTEN),
        "negation": Form(negations, "true", "false", ("facts",), "off-policy", _WRITTEN),
        "question-answer": Form(answers, "right", "wrong", ("facts",), "off-policy", _WRITTEN),
        "misconceptions": Form(
            lambda: statements(True), "true", "false", ("facts",), "off-policy", f"{_WRITTEN} Common misconceptions."
        ),
        "misconception-negations": Form(
            lambda: negations(True), "true", "false", ("facts",), "off-policy", f"{_WRITTEN} Common misconceptions."
        ),
        "misconception-answers": Form(
            lambda: answers(True), "right", "wrong", ("facts",), "off-policy", f"{_WRITTEN} Common misconceptions."
        ),
    },
    "opinions": {
        "claim": Form(dealt_claims, "wrong", "right", ("opinions", "pressures"), "off-policy", _WRITTEN),
        "answered": Form(answered_claims, "sycophantic", "honest", ("opinions", "pressures"), "off-policy", _WRITTEN),
        "every-pressure": Form(claims, "wrong", "right", ("opinions", "pressures"), "off-policy", _WRITTEN),
        "open": Form(open_claims, "positive", "negative", ("open_questions", "pressures"), "off-policy", _WRITTEN),
    },
    "instructions": {
        "prompt": Form(prompts, "deceptive", "honest", ("instructions",), "off-policy", _WRITTEN),
    },
    "work": {"piece": Form(pieces, "weak", "strong", ("work",), "off-policy", _WRITTEN)},
    "chat": {"exchange": Form(exchanges, "deceptive", "honest", ("chat",), "off-policy", _WRITTEN)},
}
