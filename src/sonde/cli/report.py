"""`sonde report`: draw a run's report again."""

from __future__ import annotations

from pathlib import Path

import typer


def register(app: typer.Typer) -> None:
    """Add the command to `app`."""
    app.command()(report)


def report(
    run: Path = typer.Argument(help="A run folder."),
    out: Path = typer.Option(None, help="Where to write; left out: report.html in the run folder.", show_default=False),
    force: bool = typer.Option(False, "--force", help="Replace an existing file given with --out."),
    open_: bool = typer.Option(False, "--open", help="Open it in a browser."),
) -> None:
    """Draw report.html from what the run folder holds."""
    from sonde.run import open_run

    path = open_run(run).write_report(out, force=force)
    print(path)
    if open_:
        typer.launch(str(path))
