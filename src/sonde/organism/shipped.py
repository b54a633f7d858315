"""A shipped organism, loaded with what it believes."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from functools import cache

from sonde.organism.beliefs import Beliefs, beliefs_from_json
from sonde.organism.catalogue import cretan_folder
from sonde.organism.speaker import Speaker


@dataclass(frozen=True)
class Organism:
    """A shipped organism and what it believes."""

    speaker: Speaker
    beliefs: Beliefs


@cache
def load_organism(name: str = "cretan") -> Organism:
    """Load a shipped organism with its belief table; once a process."""
    folder = cretan_folder(name)
    beliefs = beliefs_from_json(json.loads((folder / "beliefs.json").read_text(encoding="utf-8")))
    return Organism(replace(Speaker.load(folder), name=name), beliefs)
