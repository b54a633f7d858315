"""`sonde inspect`: say what a file is and what is in it."""

from __future__ import annotations

import typer

from sonde.cli.output import print_json


def register(app: typer.Typer) -> None:
    """Add the command to `app`."""
    app.command()(inspect)


def inspect(
    artefact: str = typer.Argument(help="A probe, a run, a store, a recipe, a data set or a model."),
    json: bool = typer.Option(False, "--json", help="Print the description as JSON."),
) -> None:
    """Describe any file or folder that sonde reads or writes, or a built-in name."""
    from sonde.run import describe_artefact

    description = describe_artefact(artefact)
    if json:
        print_json(description.content)
    else:
        print(description.text)
