"""`sonde score`: what a saved probe says of new text."""

from __future__ import annotations

from pathlib import Path

import typer

from sonde.cli.output import print_json


def register(app: typer.Typer) -> None:
    """Add the command to `app`."""
    app.command()(score)


def score(
    probe: Path = typer.Argument(help="A probe file."),
    source: str = typer.Argument(
        "-",
        metavar="[TEXT|FILE|-]",
        help="A text, a JSON list of chat messages, a data file, a built-in data set, or - for a text on stdin.",
    ),
    model: str = typer.Option("", help="Model to score with; left out: the one the probe names.", show_default=False),
    limit: int = typer.Option(0, min=0, help="Score the first N examples only.", show_default=False),
    html: Path = typer.Option(None, help="Draw the token strips into this HTML file.", show_default=False),
    tokens: bool = typer.Option(False, "--tokens", help="Print every token's score too."),
    device: str = typer.Option("", help="cpu, cuda, …", show_default=False),
    force: bool = typer.Option(False, "--force", help="Replace an existing HTML file."),
    json: bool = typer.Option(False, "--json", help="Print scores per example and per token as JSON."),
) -> None:
    """Score each example and each token."""
    from sonde.run import score_source

    scored = score_source(probe, source, model=model or None, limit=limit or None, device=device or None)
    if html is not None:
        typer.echo(f"Wrote {scored.write_html(html, force=force)}", err=True)
    if json:
        print_json(scored.content)
    else:
        print(scored.table(tokens=tokens))
