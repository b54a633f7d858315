"""`sonde audit`: is it real?"""

from __future__ import annotations

from pathlib import Path

import typer

from sonde.cli.output import print_json


def register(app: typer.Typer) -> None:
    """Add the command to `app`."""
    app.command()(audit)


def audit(
    probe: Path = typer.Argument(help="A probe file, or a run folder."),
    data: list[str] = typer.Option(
        [], help="Labelled test data (repeat for several); left out: that of the run the probe lies in."
    ),
    train: str = typer.Option("", help="What the probe was trained on: lets the checks refit it.", show_default=False),
    control: str = typer.Option("", help="Negatives that set the threshold.", show_default=False),
    second_control: str = typer.Option("", help="Negatives that set none.", show_default=False),
    evidence: list[str] = typer.Option([], help="Further labelled data that the checks may draw on (repeat)."),
    scope: str = typer.Option("", help="Kinds of negatives the claim covers, e.g. honest,mistake.", show_default=False),
    checks: str = typer.Option("all", help="all, or names of checks: text_baselines,style."),
    model: str = typer.Option("", help="Model to audit with; left out: the one the probe names.", show_default=False),
    limit: int = typer.Option(0, min=0, help="At most this many rows of each data set.", show_default=False),
    sae: Path = typer.Option(None, help="Sparse autoencoder of the probe's site, for sae_table.", show_default=False),
    html: Path = typer.Option(None, help="Draw the findings into this HTML file.", show_default=False),
    force: bool = typer.Option(False, "--force", help="Replace an existing HTML file."),
    json: bool = typer.Option(False, "--json", help="Print verdict and findings as JSON."),
) -> None:
    """Run every check that the data allow on a saved probe; exit code 3 when the claim is not supported."""
    from sonde.run import audit_file

    found = audit_file(
        probe,
        data=data,
        train=train or None,
        control=control or None,
        second_control=second_control or None,
        evidence=evidence,
        scope=[kind.strip() for kind in scope.split(",") if kind.strip()],
        checks=checks if checks in ("all", "none") else [name.strip() for name in checks.split(",")],
        model=model or None,
        limit=limit or None,
        sae=sae,
        html=html,
        force=force,
    )
    if html is not None:
        typer.echo(f"Wrote {html}", err=True)
    if json:
        print_json(found.to_json())
    else:
        print(found.table())
    raise typer.Exit(found.exit_code)
