"""`sonde compare`: runs side by side."""

from __future__ import annotations

from pathlib import Path

import typer

from sonde.cli.output import print_json


def register(app: typer.Typer) -> None:
    """Add the command to `app`."""
    app.command()(compare)


def compare(
    runs: list[Path] = typer.Argument(metavar="RUN RUN…", help="Two or more run folders."),
    resamples: int = typer.Option(1000, min=100, help="Bootstrap resamples behind each interval."),
    seed: int = typer.Option(0, min=0, help="Seed of the resampling."),
    shown: int = typer.Option(5, min=0, help="How many of the most different examples to show."),
    html: Path = typer.Option(None, help="Draw the comparison into this HTML file.", show_default=False),
    force: bool = typer.Option(False, "--force", help="Replace an existing HTML file."),
    json: bool = typer.Option(False, "--json", help="Print the comparison as JSON instead of the tables."),
) -> None:
    """Compare runs: paired differences on shared test rows, the angle of directions, where they disagree."""
    from sonde.run import compare

    found = compare(*runs, resamples=resamples, seed=seed, shown=shown)
    if html is not None:
        typer.echo(f"Wrote {found.write_html(html, force=force)}", err=True)
    if json:
        print_json(found.content)
    else:
        print(found.table())
