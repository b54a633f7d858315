"""A finished rollout: a folder with its data sets, every answer, every belief, and the counts."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sonde.base.errors import InputError, SondeError
from sonde.text import Dataset, load_dataset

SCHEMA = 1
SUMMARY = "rollout.json"
PARTS = ("train", "test", "control")
#: Where rollouts go when no folder is named.
ROLLOUTS = Path("rollouts")


class Unsupported(SondeError):
    """The rollout is done, and gives nothing that a detector could be trained on. The command line exits 3."""

    exit_code = 3


@dataclass(frozen=True)
class Rollout:
    """A finished rollout.

    Attributes:
        folder: where its files are: `rollout.json`, `answers.jsonl`, `beliefs.jsonl`, and `rollout-train.jsonl`,
            `rollout-test.jsonl`, `rollout-control.jsonl` as far as there are rows.
        content: `rollout.json`.
    """

    folder: Path
    content: Mapping[str, Any]

    def path(self, part: str) -> Path:
        """Return the file of a part: `train`, `test` or `control`."""
        return self.folder / f"rollout-{part}.jsonl"

    def dataset(self, part: str) -> Dataset:
        """Load a part.

        Raises:
            InputError: this rollout has no such part.
        """
        if not self.path(part).is_file():
            raise InputError(
                f"Rollout {self.folder} has no {part} data: {self.unsupported or 'its recipe asks for none'}"
            )
        return load_dataset(self.path(part))

    @property
    def unsupported(self) -> str:
        """Why nothing can be trained on it; "" where something can."""
        return str(self.content["unsupported"])

    @property
    def exit_code(self) -> int:
        """What the command line exits with: 3 where nothing can be trained on it, else 0."""
        return 3 if self.unsupported else 0

    def __repr__(self) -> str:
        counts = self.content["counts"]
        return f"Rollout({self.content['name']!r}, {counts['answers']} answers, {counts['kinds']}, {self.folder})"


def open_rollout(folder: str | Path) -> Rollout:
    """Open a finished rollout.

    Raises:
        InputError: the folder holds none.
    """
    folder = Path(folder)
    path = folder / SUMMARY
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(
            f"{folder} holds no finished rollout ({SUMMARY} cannot be read): run sonde rollout."
        ) from error
    if not isinstance(content, dict) or content.get("schema") != SCHEMA:
        raise InputError(f"{path} is no rollout of schema {SCHEMA}: run it again with this version of sonde.")
    return Rollout(folder, content)
