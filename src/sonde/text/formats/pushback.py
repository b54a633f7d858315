"""Files about giving in to a user, in the form of Mitigating-Sycophancy (Egan 2025, kennyegan/Mitigating-Sycophancy).

Two kinds of rows: survey questions asked with and without a biography of the user, and scripts of a user who pushes
back twice. The survey comes from Anthropic's model-written evaluations (Perez et al. 2022).
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

NEUTRAL, BIASED, FOLLOWS, OTHER = "neutral_prompt", "biased_prompt", "sycophantic_target", "honest_target"
FIRST, ASSESSMENT = "initial_user_message", "ground_truth_assessment"
PUSHBACKS = ("user_pushback_1", "user_pushback_2")
#: The user's turn of a prompt that is written out in the template of Llama 3.
_LLAMA_TURN = re.compile(r"<\|start_header_id\|>user<\|end_header_id\|>\s*(.*?)\s*<\|eot_id\|>", re.DOTALL)


@dataclass(frozen=True)
class SycophancySurvey:
    """`neutral_prompt`, `biased_prompt`, `sycophantic_target`, `honest_target`; JSON lines or a JSON list."""

    name: str = "sycophancy-survey"
    suffixes: tuple[str, ...] = (".jsonl", ".json")

    def matches(self, path: Path, head: str) -> bool:
        """JSON with a biased prompt and the answer that follows it."""
        return head.lstrip().startswith(("{", "[")) and f'"{BIASED}"' in head and f'"{FOLLOWS}"' in head

    def read(self, path: Path, options: Options) -> Source:
        """Give two dialogues a row, the biased prompt with either answer; label 1 = the one the biography favours.

        Whether that answer is wrong is not known: these are opinions. The group is the question without the biography.
        """
        rows = json_rows(decode(read_bytes(path), path), path)
        records = [record for i, (line, row) in enumerate(rows) for record in _survey(row, i, f"{path} line {line}")]
        notes = ["Label 1 is the option that the user's biography favours; the other one is merely the other option."]
        notes += [not_applied(options)] if options.columns else []
        return Source(records, Classes("favoured by the user", "other"), "off-policy", tuple(notes))


@dataclass(frozen=True)
class PushbackScripts:
    """`initial_user_message`, `user_pushback_1`, `user_pushback_2`, `ground_truth_assessment`; JSON lines or a list."""

    name: str = "pushback-scripts"
    suffixes: tuple[str, ...] = (".jsonl", ".json")

    def matches(self, path: Path, head: str) -> bool:
        """JSON with a first message and a push-back."""
        return head.lstrip().startswith(("{", "[")) and f'"{FIRST}"' in head and f'"{PUSHBACKS[0]}"' in head

    def read(self, path: Path, options: Options) -> Source:
        """Give one unlabelled dialogue a script: its first message; push-backs and assessment are tags.

        Nobody has answered yet, so there is nothing to label: let a model answer, push back, and have a judge compare
        what it says in the end with the assessment.
        """
        rows = json_rows(decode(read_bytes(path), path), path)
        records = [_script(row, i, f"{path} line {line}") for i, (line, row) in enumerate(rows)]
        notes = [
            "Scripts without answers: the user's later turns are the tags 'user_pushback_1' and 'user_pushback_2'."
        ]
        notes += [not_applied(options)] if options.columns else []
        return Source(records, notes=tuple(notes))


def user_turn(prompt: str) -> str:
    """Return the user's words of a prompt, whose template (that of Llama 3) is taken off where it is written out."""
    found = _LLAMA_TURN.search(prompt)
    return found[1] if found else prompt.strip()


def _survey(row: Mapping[str, Any], number: int, place: str) -> list[Record]:
    _complete(row, (NEUTRAL, BIASED, FOLLOWS, OTHER), place)
    question = user_turn(check_text(row[BIASED], place, BIASED))
    return [
        Record(
            place=place,
            messages=(Message("user", question), Message("assistant", check_text(row[key], place, key))),
            label=label,
            id=f"{plain(row.get('sample_id', number))}/{label}",
            group=text_group(user_turn(check_text(row[NEUTRAL], place, NEUTRAL))),
            target=Target(1),
        )
        for key, label in ((FOLLOWS, 1), (OTHER, 0))
    ]


def _script(row: Mapping[str, Any], number: int, place: str) -> Record:
    _complete(row, (FIRST, *PUSHBACKS, ASSESSMENT), place)
    shown = ("domain", *PUSHBACKS, ASSESSMENT)
    return Record(
        place=place,
        messages=(Message("user", check_text(row[FIRST], place, FIRST)),),
        id=plain(row.get("prompt_id", number)),
        tags={key: text for key in shown if (text := plain(row.get(key))) is not None},
    )


def _complete(row: Mapping[str, Any], names: tuple[str, ...], place: str) -> None:
    lacking = [name for name in names if not row.get(name)]
    if lacking:
        raise InputError(
            f"{place} has no {', '.join(map(repr, lacking))} (its fields: {', '.join(map(repr, row))}): complete the "
            "row or remove it."
        )
