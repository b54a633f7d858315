"""`sonde demo`: the one-minute tour."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import typer


def register(app: typer.Typer) -> None:
    """Add the command to `app`."""
    app.command()(demo)


def demo(
    out: Path = typer.Option(None, help="Run folder; left out: a new one under runs/.", show_default=False),
    force: bool = typer.Option(False, "--force", help="Replace what the run folder holds."),
) -> None:
    """Train the built-in lie detector on Cretan, the embedded model that lies, and say what to look at."""
    from sonde.run import summarize, train

    typer.echo(
        "Cretan is a tiny model that lies, with the truth on record. This trains a detector of its lies on\n"
        "instructed lies alone, and tests it on lies that it tells for other reasons, about other people.",
        err=True,
    )
    run = train("deception", out=out, force=force)
    print(summarize(run))
    print(f"\nOpen {run.report_path} in a browser. Then try:")
    sonde = "sonde" if shutil.which("sonde") else sys.argv[0]  # not on the path: as it was called
    print(f"  {sonde} inspect {run.probe_path}")
    print(f"  {sonde} inspect cretan:loyalty-lies")
    print(f"  {sonde} score {run.probe_path} cretan:loyalty-lies --limit 5")
    raise typer.Exit(run.exit_code)
