"""`sonde train`: the main job."""

from __future__ import annotations

from pathlib import Path

import typer

from sonde.cli.output import print_json


def register(app: typer.Typer) -> None:
    """Add the command to `app`."""
    app.command()(train)


def train(
    recipe: str = typer.Argument(help="A recipe file, or the name of a built-in recipe such as `deception`."),
    set_: list[str] = typer.Option(
        [], "--set", metavar="KEY=VALUE", help="Override a recipe field, e.g. probe.folds=3."
    ),
    model: str = typer.Option("", help="Short for --set model=…", show_default=False),
    out: Path = typer.Option(None, help="Run folder; left out: a new one under runs/.", show_default=False),
    force: bool = typer.Option(False, "--force", help="Replace what the run folder holds."),
    json: bool = typer.Option(False, "--json", help="Print run.json instead of the table."),
    open_: bool = typer.Option(False, "--open", help="Open the report in a browser when done."),
) -> None:
    """Capture, sweep, select on validation, threshold on the control, test, audit, report."""
    from sonde.run import summarize, train

    settings = [*set_, f"model={model}"] if model else set_
    run = train(recipe, settings=settings, out=out, force=force)
    if json:
        print_json(run.content)
    else:
        print(summarize(run))
    if open_:
        typer.launch(str(run.report_path))
    raise typer.Exit(run.exit_code)
