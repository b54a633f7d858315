"""What goes to stdout (results) and to stderr (progress and logs)."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Sequence
from typing import Any

from sonde.base.progress import quiet


def announce() -> None:
    """Let sonde's own log lines reach stderr, as plain sentences."""
    logger = logging.getLogger("sonde")
    logger.setLevel(logging.WARNING if quiet() else logging.INFO)
    if not logger.handlers:
        logger.addHandler(_Stderr())
        logger.propagate = False


class _Stderr(logging.Handler):
    """Writes to whatever stderr is now (tests and notebooks replace it)."""

    def emit(self, record: logging.LogRecord) -> None:
        prefix = "warning: " if record.levelno >= logging.WARNING else ""
        print(prefix + record.getMessage(), file=sys.stderr)


def print_json(value: Any) -> None:
    """Print one strict JSON document."""
    print(json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False))


def print_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print an aligned table: the first column to the left, the others to the right."""
    widths = [max(len(row[i]) for row in [head, *rows]) for i in range(len(head))]
    for row in [head, *rows]:
        cells = [row[0].ljust(widths[0]), *(cell.rjust(w) for cell, w in zip(row[1:], widths[1:], strict=True))]
        print("  ".join(cells).rstrip())
