"""`sonde doctor`: check the installation."""

from __future__ import annotations

import typer

from sonde.cli.output import print_json, print_table


def register(app: typer.Typer) -> None:
    """Add the command to `app`."""
    app.command()(doctor)


def doctor(json: bool = typer.Option(False, "--json", help="Print the checks as JSON.")) -> None:
    """Check versions, devices, the embedded model and its self-check; exit 1 when something is broken."""
    from sonde.run import diagnose

    checks = diagnose()
    if json:
        print_json([check.to_json() for check in checks])
    else:
        print_table(("check", "state", "detail"), [(c.name, "ok" if c.passed else "BROKEN", c.detail) for c in checks])
    raise typer.Exit(0 if all(c.passed for c in checks) else 1)
