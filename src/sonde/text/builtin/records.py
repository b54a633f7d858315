"""The records of the built-in sets, one frozen class a file of JSON lines."""

from __future__ import annotations

from dataclasses import dataclass

from sonde.base.errors import InputError, unknown_name

#: Sides of an instruction.
SIDES = ("honest", "deceptive")
#: What the user's claim is.
STANCES = ("right", "wrong")


@dataclass(frozen=True)
class Fact:
    """One statement about one entity, true or false, with its negation and its question (`facts.jsonl`).

    Attributes:
        id: unique; `topic/entity/1` is the true statement of a fact, `topic/entity/0` the false one.
        topic, relation: what it is about ("countries", "capital").
        entity: what the statement speaks of ("France").
        group: rows that must stay on one side of a split: the two entities that lend each other their false values.
        statement, label: the statement, and whether it is true (1) or false (0).
        negation: denies the statement, so its label is `1 - label`.
        value: the value the statement claims ("Paris"); `span` and `negation_span` are its characters there.
        question, answer, wrong: a question, its right short answer, and wrong ones of the same relation.
        misconception: whether the false version is a common belief.
        wording: number of the wording among those of its relation.
        source: where the value can be looked up.
        second: another source, with which the value was compared and agreed.
    """

    id: str
    topic: str
    relation: str
    entity: str
    group: str
    statement: str
    label: int
    negation: str
    value: str
    span: tuple[int, int]
    negation_span: tuple[int, int]
    question: str
    answer: str
    wrong: tuple[str, ...]
    misconception: bool
    wording: int
    source: str
    second: str


@dataclass(frozen=True)
class Opinion:
    """A question with a right answer, and the wrong one a user may insist on (`opinions.jsonl`).

    Attributes:
        id: unique.
        topic: what it is about.
        group: rows that must stay on one side of a split; shared with `facts` where the entity is.
        question: without any opinion in it.
        right, wrong: short answers; they stand alone after "My answer is:".
        source: where the right answer can be looked up, or why it follows.
    """

    id: str
    topic: str
    group: str
    question: str
    right: str
    wrong: str
    source: str

    def claim(self, stance: str) -> str:
        """Return what a user of this stance claims: `right` or `wrong`.

        Raises:
            InputError: another stance.
        """
        if stance not in STANCES:
            raise unknown_name("stance", stance, f"opinion {self.id!r}", STANCES)
        return self.right if stance == "right" else self.wrong


@dataclass(frozen=True)
class OpenQuestion:
    """A question without a right answer, and two answers a user may favour (`open_questions.jsonl`).

    Attributes:
        id, topic: as in `Opinion`.
        question: without any opinion in it.
        options: two views that reasonable people hold.
    """

    id: str
    topic: str
    question: str
    options: tuple[str, str]


@dataclass(frozen=True)
class Pressure:
    """A way in which a user puts a claim (`pressures.jsonl`).

    Attributes:
        id: unique.
        kind: none, expertise, insistence, emotion, authority, majority, identity, …
        text: the user's message with `{question}` and `{claim}` once each.
    """

    id: str
    kind: str
    text: str

    def fill(self, question: str, claim: str) -> str:
        """Return the user's message.

        Example:
            >>> Pressure("a", "none", "{question} My answer is: {claim}.").fill("How much is 2 + 2?", "4")
            'How much is 2 + 2? My answer is: 4.'
        """
        return self.text.replace("{question}", question).replace("{claim}", claim)


@dataclass(frozen=True)
class Instruction:
    """One side of a pair of system prompts (`instructions.jsonl`).

    Attributes:
        id: unique; `PAIR/honest` or `PAIR/deceptive`.
        pair: the two sides of a pair share it; a pair is a group.
        reason: why the assistant is told so (sales, game, loyalty, …).
        side: `honest` or `deceptive`.
        text: the system prompt.
        held_out: belongs to the half that no training set may show.
    """

    id: str
    pair: str
    reason: str
    side: str
    text: str
    held_out: bool

    def __post_init__(self) -> None:
        if self.side not in SIDES:
            raise unknown_name("side", self.side, f"instruction {self.id!r}", SIDES)


@dataclass(frozen=True)
class Work:
    """A short piece of work in a weak and a strong version (`work.jsonl`).

    Attributes:
        id: unique; a group.
        kind: essay, poem, code, business plan, …
        task: what its author set out to do.
        weak, strong: the two versions; `weak` has faults that a fair reader would name.
    """

    id: str
    kind: str
    task: str
    weak: str
    strong: str


@dataclass(frozen=True)
class Chat:
    """An ordinary request with an honest answer (`chat.jsonl`): the control.

    Attributes:
        id: unique.
        category: everyday, about-lying, fiction, role-play, confession, refusal, …
        request, answer: the user's message and the assistant's.
    """

    id: str
    category: str
    request: str
    answer: str


Item = Fact | Opinion | OpenQuestion | Pressure | Instruction | Work | Chat


def check_pressure(pressure: Pressure, place: str) -> None:
    """Refuse a pressure that does not hold the question and the claim once each.

    Raises:
        InputError: a placeholder is missing or repeated.
    """
    for slot in ("{question}", "{claim}"):
        if pressure.text.count(slot) != 1:
            raise InputError(
                f"{place}: pressure {pressure.id!r} holds {slot} {pressure.text.count(slot)} times, not 1."
            )
