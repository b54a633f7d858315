"""`sonde capture`: activations to a store on disk."""

from __future__ import annotations

from pathlib import Path

import typer

from sonde.cli.output import print_json


def register(app: typer.Typer) -> None:
    """Add the command to `app`."""
    app.command()(capture)


def capture(
    source: str = typer.Argument(
        metavar="RECIPE|DATA", help="A recipe, a data file or folder, or a built-in data set."
    ),
    out: Path = typer.Option(..., help="Folder of the store; an unfinished store of the same capture is resumed."),
    model: str = typer.Option(
        "", help="Built-in name, folder or hub name; a recipe names its own.", show_default=False
    ),
    sites: list[str] = typer.Option([], help="Site name, glob or shorthand (repeatable).", show_default="resid_post"),
    tokens: str = typer.Option("", help="Token selector, e.g. 'assistant & ~last(5)'.", show_default="all"),
    set_: list[str] = typer.Option([], "--set", metavar="KEY=VALUE", help="Override a recipe field."),
    dtype: str = typer.Option("", help="float32, bfloat16 or float16.", show_default=False),
    device: str = typer.Option("", help="cpu, cuda, …", show_default=False),
    force: bool = typer.Option(False, "--force", help="Start over, replacing what the folder holds."),
    json: bool = typer.Option(False, "--json", help="Print the store's description as JSON."),
) -> None:
    """Write activations to a store; run again after an interruption, it goes on where it stopped."""
    from sonde.run import capture_to_store, describe_artefact

    store = capture_to_store(
        source,
        out=out,
        model=model or None,
        sites=sites or None,
        tokens=tokens or None,
        settings=set_,
        dtype=dtype or None,
        device=device or None,
        force=force,
    )
    description = describe_artefact(str(store))
    if json:
        print_json(description.content)
    else:
        print(description.text)
