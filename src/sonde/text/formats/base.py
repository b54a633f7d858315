"""What a format is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from sonde.text.records import Source


@dataclass(frozen=True)
class Options:
    """What the user said about the columns of a file.

    Attributes:
        columns: own names of the fields `text`, `label`, `group`, `messages`, `id`; "" means that there is none.
        split: a part of a dataset that comes in parts; None = all, or the format's default.
    """

    columns: Mapping[str, str] = field(default_factory=dict)
    split: str | None = None


def not_applied(options: Options) -> str:
    """The note that a format whose columns are fixed leaves in the provenance when the user named some."""
    named = ", ".join(f"{key}={value!r}" for key, value in options.columns.items())
    return f"Not applied, as the columns of this format are fixed: {named}."


class Format(Protocol):
    """One file format."""

    @property
    def name(self) -> str:
        """As in `load_dataset(format=…)`."""

    @property
    def suffixes(self) -> tuple[str, ...]:
        """File endings, lower case, that this format is found under."""

    def matches(self, path: Path, head: str) -> bool:
        """Whether the file looks like this format; `head` is its first characters, "" if it is not text."""

    def read(self, path: Path, options: Options) -> Source:
        """Read the file.

        Raises:
            InputError: naming file and line.
        """
