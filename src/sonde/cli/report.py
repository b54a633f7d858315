"""`sonde report`: draw a run's report again, or several runs side by side."""

from __future__ import annotations

from pathlib import Path

import typer

#: Where the page of several runs goes when no file is named.
SIDE_BY_SIDE = Path("comparison.html")


def register(app: typer.Typer) -> None:
    """Add the command to `app`."""
    app.command()(report)


def report(
    runs: list[Path] = typer.Argument(metavar="RUN [RUN…]", help="A run folder; several: one page side by side."),
    out: Path = typer.Option(
        None,
        help="Where to write; left out: report.html in the run folder, for several runs comparison.html here.",
        show_default=False,
    ),
    force: bool = typer.Option(False, "--force", help="Replace an existing page."),
    open_: bool = typer.Option(False, "--open", help="Open it in a browser."),
) -> None:
    """Draw report.html from what a run folder holds; of several runs, a page that shows them side by side."""
    from sonde.run import compare, open_run

    if len(runs) == 1:
        path = open_run(runs[0]).write_report(out, force=force)
    else:
        path = compare(*runs).write_html(out or SIDE_BY_SIDE, force=force)
    print(path)
    if open_:
        typer.launch(str(path))
