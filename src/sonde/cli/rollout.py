"""`sonde rollout`: the model's own answers, labelled by what it believes."""

from __future__ import annotations

from pathlib import Path

import typer

from sonde.cli.output import print_json


def register(app: typer.Typer) -> None:
    """Add the command to `app`."""
    app.command()(rollout)


def rollout(
    recipe: str = typer.Argument(help="A recipe with a [rollout] section, or a built-in one such as `deception-chat`."),
    set_: list[str] = typer.Option(
        [], "--set", metavar="KEY=VALUE", help="Override a recipe field, e.g. rollout.n_questions=200."
    ),
    model: str = typer.Option("", help="Short for --set model=…", show_default=False),
    out: Path = typer.Option(
        None,
        help="Folder of the results; left out: one under rollouts/, named after their content.",
        show_default=False,
    ),
    force: bool = typer.Option(False, "--force", help="Replace another rollout that the folder holds."),
    json: bool = typer.Option(False, "--json", help="Print rollout.json instead of the summary."),
) -> None:
    """Elicit beliefs, sample answers, label them by belief; interrupted, it goes on where it stopped."""
    from sonde.run import rollout as perform
    from sonde.run.rollouts import summary_text

    settings = [*set_, f"model={model}"] if model else set_
    made = perform(recipe, settings=settings, out=out, force=force)
    if json:
        print_json(made.content)
    else:
        print(summary_text(made.content))
        print(f"results: {made.folder}")
    if made.unsupported:
        typer.echo(f"not supported: {made.unsupported}", err=True)
    raise typer.Exit(made.exit_code)
