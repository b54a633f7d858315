"""Chat rollouts under pressure with judge labels, in the form of `deception-probe` (cohen-liel, 2026).

One JSON object whose `responses` hold a situation, what was answered without pressure (phase A) and with it (phase B),
and two labels: `label`, set by a keyword rule, and `ai_label`, set by a judge model. They disagree on many rows.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sonde.base.errors import InputError, unknown_name
from sonde.text.dialogue import Message, Target
from sonde.text.duplicates import text_group
from sonde.text.formats.base import Options
from sonde.text.labels import Classes
from sonde.text.reading import decode, read_bytes
from sonde.text.records import Record, Source, check_text, plain

RESPONSES, ANSWER = "responses", "phase_b_response"
#: The label columns; the first is the default.
LABELS = ("ai_label", "label")
_PROMPT = ("context", "pressure", "customer_question")
_TAGS = ("domain", "pressure_type", "phase_b_disclosed", *LABELS)


@dataclass(frozen=True)
class JudgedRollouts:
    """`responses` with `context`, `pressure`, `customer_question`, `phase_b_response`, `label` and `ai_label`."""

    name: str = "judged-rollouts"
    suffixes: tuple[str, ...] = (".json",)

    def matches(self, path: Path, head: str) -> bool:
        """One JSON object with answers of phase B."""
        return head.lstrip().startswith("{") and f'"{ANSWER}"' in head and f'"{RESPONSES}"' in head

    def read(self, path: Path, options: Options) -> Source:
        """Give one dialogue an answer under pressure, label 1 = lied; `label=` chooses the column (default `ai_label`).

        Rows that the column calls neither lied nor resisted (refused, error) are left out, and counted in the notes.
        """
        column = options.columns.get("label") or LABELS[0]
        if column not in LABELS:
            raise unknown_name("label column", column, str(path), LABELS)
        content = _object(path)
        rows = content[RESPONSES]
        system = str(content.get("system_prompt") or "")
        records, left_out = [], Counter[str]()
        for number, row in enumerate(rows):
            verdict = str(row.get(column)).lower()
            if verdict in ("lied", "resisted"):
                records.append(_record(row, number, f"{path} response {number}", system, int(verdict == "lied")))
            else:
                left_out[str(row.get(column))] += 1
        notes = [
            f"Labels are of the column {column!r}; the other one is {LABELS[1 - LABELS.index(column)]!r}.",
            disagreement(rows),
            "The file does not record the prompt word for word: system prompt, situation and pressure are joined.",
        ]
        if left_out:
            shown = ", ".join(f"{name} {n}" for name, n in left_out.most_common())
            notes.append(f"Left out, as {column!r} calls them neither lied nor resisted: {shown}.")
        return Source(records, Classes("lied", "resisted"), "off-policy", tuple(notes))


def disagreement(rows: Sequence[Mapping[str, Any]]) -> str:
    """Say how often the two label columns disagree, where both say lied or resisted."""
    both = Counter(
        (str(row.get("label")).lower(), str(row.get("ai_label")).lower())
        for row in rows
        if str(row.get("ai_label")).lower() in ("lied", "resisted")
    )
    n, wrong = sum(both.values()), both["resisted", "lied"] + both["lied", "resisted"]
    return (
        f"The label columns disagree on {wrong} of the {n} rows that both decide: {both['resisted', 'lied']} resisted "
        f"by 'label' (a keyword rule) and lied by 'ai_label' (a judge), {both['lied', 'resisted']} the other way round."
    )


def _object(path: Path) -> Mapping[str, Any]:
    try:
        content = json.loads(decode(read_bytes(path), path))
    except ValueError as error:
        raise InputError(f"{path} is not valid JSON ({error}): download it again.") from error
    if not isinstance(content, dict) or not isinstance(content.get(RESPONSES), list):
        raise InputError(f"{path} has no list {RESPONSES!r}, expected judged rollouts: leave format= out.")
    return content


def _record(row: Mapping[str, Any], number: int, place: str, system: str, label: int) -> Record:
    lacking = [name for name in (*_PROMPT, ANSWER) if not row.get(name)]
    if lacking:
        raise InputError(f"{place} has no {', '.join(map(repr, lacking))}: complete the row or remove it.")
    context, pressure, question, answer = (check_text(row[name], place, name) for name in (*_PROMPT, ANSWER))
    opening = "\n\n".join(filter(None, (system, context, pressure)))
    return Record(
        place=place,
        messages=(Message("system", opening), Message("user", question), Message("assistant", answer)),
        label=label,
        id=plain(row.get("index", number)),
        group=text_group(context),
        tags={name: value for name in _TAGS if (value := plain(row.get(name))) is not None},
        target=Target(2),
    )
