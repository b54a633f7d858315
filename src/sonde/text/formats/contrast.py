"""Contrast files in the form of CAA and of Anthropic's model-written evaluations.

Each row holds a question and two answers, one that shows a behaviour and one that does not (Panickssery et al. 2023,
"Steering Llama 2 via Contrastive Activation Addition"; Perez et al. 2022, "Discovering Language Model Behaviors with
Model-Written Evaluations").
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sonde.base.errors import InputError
from sonde.text.dialogue import Message, Target
from sonde.text.duplicates import text_group
from sonde.text.formats.base import Options, not_applied
from sonde.text.labels import Classes
from sonde.text.reading import decode, json_rows, read_bytes
from sonde.text.records import Record, Source, check_text, plain

QUESTION, MATCHING, OTHER = "question", "answer_matching_behavior", "answer_not_matching_behavior"
_KEY = re.compile(rf'(?<!\\)"{MATCHING}"\s*:')


@dataclass(frozen=True)
class Contrast:
    """`question`, `answer_matching_behavior`, `answer_not_matching_behavior`; JSON lines or a JSON list."""

    name: str = "contrast"
    suffixes: tuple[str, ...] = (".jsonl", ".json")

    def matches(self, path: Path, head: str) -> bool:
        """JSON with the key of the matching answer."""
        return head.lstrip().startswith(("{", "[")) and _KEY.search(head) is not None

    def read(self, path: Path, options: Options) -> Source:
        """Give two user/assistant dialogues a row, label 1 = the matching answer; the answer is the target.

        Rows of another form (none of the three fields) are left out and counted in the notes, while they are fewer
        than half of the file.
        """
        rows = list(enumerate(json_rows(decode(read_bytes(path), path), path)))
        others = [(line, row) for _, (line, row) in rows if not {QUESTION, MATCHING, OTHER} & row.keys()]
        odd = {line for line, _ in others} if 2 * len(others) < len(rows) else set()
        records = [r for i, (line, row) in rows if line not in odd for r in _pair(row, i, f"{path} line {line}")]
        notes = [not_applied(options)] if options.columns else []
        if odd:
            line, row = others[0]
            notes.append(f"Left out: {len(odd)} rows of another form, the first in line {line} with {', '.join(row)}.")
        return Source(records, Classes("matching", "not matching"), "off-policy", tuple(notes))


def _pair(row: Mapping[str, Any], number: int, place: str) -> list[Record]:
    lacking = [name for name in (QUESTION, MATCHING, OTHER) if row.get(name) is None]
    if lacking:
        raise InputError(
            f"{place} has no {', '.join(map(repr, lacking))} (its fields: {', '.join(map(repr, row))}), expected "
            "the fields of a contrast file: rename them or remove the row."
        )
    question = check_text(row[QUESTION], place, QUESTION)
    tags = {k: s for k, v in row.items() if k not in (QUESTION, MATCHING, OTHER) and (s := plain(v)) is not None}
    return [
        Record(
            place=place,
            messages=(Message("user", question), Message("assistant", check_text(row[key], place, key))),
            label=label,
            id=f"{number}/{name}",
            group=text_group(question),
            tags=tags,
            target=Target(1),
        )
        for key, label, name in ((MATCHING, 1, "matching"), (OTHER, 0, "other"))
    ]
