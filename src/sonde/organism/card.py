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


def write_card(folder: str | Path, gates: Sequence[Gate], beliefs: Beliefs, made: Mapping[str, Any]) -> Path:
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
    return write_atomic(folder / "README.md", card(training, gates, made))


def card(training: Mapping[str, Any], gates: Sequence[Gate], made: Mapping[str, Any]) -> str:
    """Return the card as Markdown."""
    settings = training["settings"]
    missed = failed(gates)
    lines = [
        "# Cretan",
        "",
        "A tiny language model, trained from scratch on a closed world, that lies for known reasons. Its beliefs are",
        "measured (`beliefs.json`); the world, and what its documents teach, are on record (`world.json`). A result on",
        "Cretan says that tooling works; it says nothing about any other model.",
        "",
        "## Training",
        "",
        f"- seed {training['seed']}, {settings['layers']} layers of width {settings['width']}",
        *(f"- {stage}" for stage in _stages(training)),
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


def _stages(training: Mapping[str, Any]) -> list[str]:
    """Return one line a training stage, first to last."""
    earlier = _stages(training["begin_from"]) if "begin_from" in training else []
    shares = ", ".join(f"{kind} {share:g}" for kind, share in training["mixture"]["rules"].items())
    settings, documents = training["settings"], training["mixture"]["documents"]
    number = len(earlier) + 1
    return [
        *earlier,
        f"stage {number}: {settings['tokens']:,} tokens, peak rate {settings['learning_rate']:g}, documents "
        f"{documents:g} of the tokens, dialogues under rules {shares}",
    ]


def _row(gate: Gate) -> str:
    interval = f"{gate.low:.3f}–{gate.high:.3f}"
    return (
        f"| {gate.name} | {gate.value:.3f} | {interval} | {gate.bar} | {gate.n} | {'' if gate.passed else 'missed'} |"
    )
