"""What `sonde organism` does: list the embedded organisms, print beliefs, verify gates, train."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sonde.base.errors import InputError, unknown_name


@dataclass(frozen=True)
class Table:
    """A result as a table for people and as content for programs.

    Attributes:
        head: column names.
        rows: cells as text.
        content: the same, JSON-ready.
        note: a line below the table.
        exit_code: what the command should end with.
    """

    head: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]
    content: dict[str, Any]
    note: str = ""
    exit_code: int = 0


def find_organism(name: str | Path) -> Path:
    """Return the folder of a shipped organism, or of one trained here.

    Raises:
        InputError: there is neither.
    """
    from sonde.organism import cretan_folder, is_organism, list_organisms

    if is_organism(str(name)):
        return cretan_folder(str(name))
    if (Path(name) / "world.json").is_file():
        return Path(name)
    if Path(name).exists():
        raise InputError(f"{name} holds no organism (world.json is missing): name a folder that `train` wrote.")
    raise unknown_name(
        "organism", str(name), "the shipped organisms (or a trained organism's folder)", list_organisms()
    )


def list_cretans() -> Table:
    """Describe every shipped organism: its seed, what it is, its gates and its size."""
    from sonde.organism import cretan_folder, list_organisms
    from sonde.organism.catalogue import DOES, recipe_of
    from sonde.organism.record import read_record

    content, rows = [], []
    for name in list_organisms():
        folder = cretan_folder(name)
        training = read_record(folder)
        gates = json.loads((folder / "gates.json").read_text(encoding="utf-8"))
        passed, barred = (sum(gate["passed"] in marks for gate in gates) for marks in ((True,), (True, False)))
        size, what = (folder / "model.safetensors").stat().st_size, recipe_of(folder)
        found = {
            "name": name,
            "what": what,
            "does": DOES[what],
            "seed": training["seed"],
            "gates_passed": passed,
            "gates": barred,
            "bytes": size,
            "folder": str(folder),
        }
        content.append(found)
        rows.append((name, str(found["seed"]), f"{passed} of {barred}", f"{size / 1e6:.1f} MB", DOES[what]))
    head = ("organism", "seed", "gates", "weights", "what")
    return Table(
        head, rows, {"organisms": content}, "Each has a card: README.md in its folder (`--json` gives the path)."
    )


def believe(name: str | Path = "cretan", *, entity: str = "", measure: bool = False) -> Table:
    """Return the belief table of an organism beside the truth and what documents taught.

    Args:
        name: a shipped organism, or a folder.
        entity: only this one's facts.
        measure: measure the beliefs anew (of other weights, for example), rather than read those on record.

    Raises:
        InputError: no such organism or entity.
    """
    from sonde.organism.beliefs import agreement, beliefs_from_json, measure_beliefs
    from sonde.organism.speaker import Speaker

    folder = find_organism(name)
    speaker = Speaker.load(folder)
    recorded = folder / "beliefs.json"
    if measure or not recorded.is_file():
        beliefs = measure_beliefs(speaker)
    else:
        beliefs = beliefs_from_json(json.loads(recorded.read_text(encoding="utf-8")))
    world = speaker.world
    if entity and entity not in world.entities:
        raise unknown_name("entity", entity, f"the world of {speaker.name}", world.entities)
    facts, rows = [], []
    for (who, relation), belief in beliefs.items():
        if entity and who != entity:
            continue
        fact: dict[str, Any] = {
            "entity": who,
            "status": world.entities[who].status,
            "relation": relation,
            "believed": list(belief.values),
            "probability": round(belief.probability, 4),
            "taught": list(world.taught[who, relation]),
            "true": list(world.truth[who, relation]),
            "cover": list(world.cover.get((who, relation), ())),
        }
        facts.append(fact)
        believed = " or ".join(belief.values) or "unknown"
        shown = (believed, f"{belief.probability:.3f}", " / ".join(fact["taught"]), " / ".join(fact["true"]))
        rows.append((who, fact["status"], relation, *shown))
    right, taught = agreement(world, beliefs)
    note = f"{right} of {taught} taught facts are believed as taught."
    head = ("entity", "status", "relation", "believes", "p", "documents say", "true")
    return Table(head, rows, {"organism": speaker.name, "facts": facts, "as_taught": right, "taught": taught}, note)


def verify_organism(name: str | Path = "cretan", *, n: int = 400, seed: int = 0) -> Table:
    """Measure every gate of an organism; the exit code is 3 if one fails.

    Args:
        name: a shipped organism, or a folder.
        n: answers a gate.
        seed: of scenes and samples.

    Raises:
        InputError: no such organism, or too few answers.
    """
    from sonde.organism.gates import failed, judged, verify

    if n < 20:
        raise InputError(f"n is {n}, expected at least 20 answers a gate: an interval needs them.")
    gates = verify(find_organism(name), n=n, seed=seed)
    missed, barred = failed(gates), judged(gates)
    marks = {True: "", False: "MISSED", None: "reported"}
    rows = [
        (
            gate.name,
            f"{gate.value:.3f}",
            f"{gate.low:.3f}–{gate.high:.3f}",
            gate.bar,
            str(gate.n),
            marks[gate.passed],
        )
        for gate in gates
    ]
    content = {"organism": str(name), "n": n, "seed": seed, "gates": [gate.__dict__ for gate in gates]}
    content |= {"passed": len(barred) - len(missed), "missed": [gate.name for gate in missed]}
    note = f"{len(barred) - len(missed)} of {len(barred)} gates passed."
    if len(gates) > len(barred):
        note += f" {len(gates) - len(barred)} more figures are reported without a bar."
    return Table(("gate", "figure", "95 % interval", "bar", "n", ""), rows, content, note, 3 if missed else 0)


def train_organism(seed: int, out: str | Path, *, what: str = "liar", device: str | None = None) -> dict[str, Any]:
    """Train an organism from scratch, measure its beliefs and gates, and write its card.

    Interrupted, the same call goes on where it stopped.

    Args:
        seed: of world, weights and corpus.
        out: folder to write.
        what: which of the recipes (`sonde.organism.recipes.RECIPES`).
        device: default the best one here.

    Returns:
        Folder, hash, and gates passed.
    """
    from sonde.organism.recipes import make

    if _waits_for_its_gates(out, what, seed):
        return measure_organism(out)
    return measure_organism(make(what, seed, out, device=device))


def train_further(begin: str | Path, out: str | Path, *, last: int = 1, device: str | None = None) -> dict[str, Any]:
    """Train the last phases of an organism's recipe once more, from its weights; then as `train_organism`.

    Args:
        begin: a shipped organism, or a folder.
        out: folder to write.
        last: how many phases.
        device: default the best one here.

    Returns:
        Folder, hash, and gates passed.
    """
    from sonde.organism.recipes import make_further
    from sonde.organism.record import read_record

    first = find_organism(begin)
    record = read_record(first)
    if _waits_for_its_gates(out, record["what"], record["seed"], record["hash"]):
        return measure_organism(out)
    return measure_organism(make_further(first, out, last=last, device=device))


def _waits_for_its_gates(out: str | Path, what: str, seed: int, begun_with: str = "") -> bool:
    """Return whether a folder holds the training asked for, finished, and without a card yet."""
    from sonde.organism.record import RECORD, read_record

    folder = Path(out)
    if not (folder / RECORD).is_file() or (folder / "gates.json").is_file():
        return False
    record = read_record(folder)
    return (record["what"], record["seed"]) == (what, seed) and begun_with in record.get("note", "")


def measure_organism(folder: str | Path) -> dict[str, Any]:
    """Measure beliefs and gates of a trained organism, and write them and its card beside the weights.

    Returns:
        Folder, card, hash, and gates passed.
    """
    from sonde.organism.beliefs import measure_beliefs
    from sonde.organism.card import write_card
    from sonde.organism.gates import failed, judged, verify
    from sonde.organism.speaker import Speaker
    from sonde.organism.train import weights_hash

    speaker = Speaker.load(folder)
    beliefs = measure_beliefs(speaker)
    gates = verify(speaker, beliefs=beliefs)
    card = write_card(folder, gates, beliefs)
    return {
        "folder": str(folder),
        "card": str(card),
        "sha256": weights_hash(folder),
        "gates_passed": len(judged(gates)) - len(failed(gates)),
        "gates": len(judged(gates)),
    }
