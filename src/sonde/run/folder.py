"""The run folder: `run.json`, `report.html`, `probe.safetensors`, `scores.csv` and the recipe as run."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sonde.base.display import Displayed
from sonde.base.errors import InputError
from sonde.base.files import write_atomic

if TYPE_CHECKING:
    from sonde.audit import Audit
    from sonde.report import ReportData

SCHEMA = 1
SCORE_COLUMNS = ("set", "id", "group", "label", "score", "probability", "flagged", "excerpt")
#: Where runs go when no folder is named.
RUNS = Path("runs")


@dataclass(frozen=True)
class Run(Displayed):
    """A finished run.

    Attributes:
        folder: where its files are.
        content: `run.json`, with every number in the report.
    """

    folder: Path
    content: Mapping[str, Any]

    @property
    def report_path(self) -> Path:
        """The report, a page that opens offline."""
        return self.folder / "report.html"

    @property
    def probe_path(self) -> Path:
        """The selected probe."""
        return self.folder / "probe.safetensors"

    @property
    def verdict(self) -> str:
        """`supported`, `weak`, `not supported`, or `not audited`."""
        return str(self.content["audit"]["verdict"])

    @property
    def audit(self) -> Audit:
        """What the audit concluded, with every finding; draws itself in a notebook."""
        from sonde.audit import Audit

        return Audit.from_json(self.content["audit"])

    @property
    def exit_code(self) -> int:
        """What the command line exits with: 3 when the audit does not support the claim, else 0."""
        return 3 if self.verdict == "not supported" else 0

    def probe(self) -> Any:
        """Load the selected probe."""
        from sonde.probes import load_probe

        return load_probe(self.probe_path)

    def scores(self) -> dict[str, dict[str, np.ndarray]]:
        """Return per set (`test NAME`, `control`) the columns of `scores.csv`; see `read_scores`."""
        return read_scores(self.folder / "scores.csv")

    def report_data(self) -> ReportData:
        """Return what the report draws on, from the files alone."""
        from sonde.report import ReportData, TokenStrip

        scores = self.scores()
        strips = {
            name: tuple(TokenStrip(**{k: _tuple(v) for k, v in strip.items()}) for strip in rows)
            for name, rows in self.content["examples"].items()
        }
        return ReportData(
            run=self.content,
            sweep=self.content["sweep"],
            test={k.removeprefix("test "): (v["label"], v["score"]) for k, v in scores.items() if k != "control"},
            control=scores["control"]["score"] if "control" in scores else None,
            strips=strips,
        )

    def write_report(self, out: str | Path | None = None, *, force: bool = False) -> Path:
        """Draw the report and return its path; `out=None` replaces the folder's own `report.html`.

        Raises:
            InputError: `out` exists and `force` is not set.
        """
        from sonde.report import render_report

        path = self.report_path if out is None else Path(out)
        if out is not None and path.exists() and not force:
            raise InputError(f"{path} exists, and nothing is overwritten unasked: pass --force or another --out.")
        return write_atomic(path, render_report(self.report_data()))

    def __repr__(self) -> str:
        chosen = self.content["selected"]
        return f"Run({self.content['name']!r}, {chosen['probe']} at {chosen['site']}, {self.verdict}, {self.folder})"


def open_run(folder: str | Path) -> Run:
    """Open a run folder.

    Raises:
        InputError: it is no run folder, or its `run.json` cannot be read.
    """
    folder = Path(folder)
    path = folder / "run.json"
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise InputError(
            f"{folder} is no run folder (it has no run.json): name a folder that sonde train made."
        ) from error
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise InputError(f"{path} cannot be read as JSON ({error}): train the run again.") from error
    if not isinstance(content, dict) or content.get("schema") != SCHEMA or "selected" not in content:
        raise InputError(f"{path} is no run of schema {SCHEMA}: train the run again with this version of sonde.")
    return Run(folder, content)


def _tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def new_run_folder(name: str) -> Path:
    """Return the first of `runs/NAME`, `runs/NAME-2`, … that does not exist yet."""
    number = 1
    while (folder := RUNS / (name if number == 1 else f"{name}-{number}")).exists():
        number += 1
    return folder


def write_scores(path: Path, rows: Sequence[Sequence[Any]]) -> Path:
    """Write the rows of `SCORE_COLUMNS`; a missing value is an empty cell."""
    import io

    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(SCORE_COLUMNS)
    writer.writerows(rows)
    return write_atomic(path, text.getvalue())


def read_scores(path: Path) -> dict[str, dict[str, np.ndarray]]:
    """Read what `write_scores` wrote.

    Returns:
        Per set the columns, each `[n]`: `id`, `group` (a row without one is alone in a group of its own), `label`,
        `score`, `probability`, `flagged` (whether it is above the run's threshold) and `excerpt`.

    Raises:
        InputError: there is no such file, or it is no table of scores.
    """
    try:
        with path.open(encoding="utf-8", newline="") as file:
            table = list(csv.DictReader(file))
        found: dict[str, dict[str, np.ndarray]] = {}
        for name in dict.fromkeys(row["set"] for row in table):
            rows = [row for row in table if row["set"] == name]
            found[name] = {
                "id": np.array([row["id"] for row in rows]),
                "group": np.array([row["group"] or f"row {row['id']}" for row in rows]),
                "label": np.array([int(row["label"]) for row in rows]),
                "score": np.array([float(row["score"]) for row in rows]),
                "probability": np.array([float(row["probability"]) for row in rows]),
                "flagged": np.array([row["flagged"] == "1" for row in rows]),
                "excerpt": np.array([row["excerpt"] for row in rows]),
            }
    except (OSError, KeyError, ValueError) as error:
        raise InputError(f"{path} cannot be read as the scores of a run ({error}): train the run again.") from error
    return found
