"""The commands, one file each."""

from __future__ import annotations

import typer

from sonde.cli import audit, capture, compare, demo, doctor, inspect, organism, report, rollout, sae, score, train
from sonde.cli.output import announce

app = typer.Typer(
    name="sonde",
    help="Capture a transformer's activations, train probes on them, and say honestly what was found.",
    epilog="Every command takes --debug (traceback on failure). Results go to stdout, progress and logs to stderr.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

for command in (train, audit, rollout, capture, score, compare, sae, inspect, report, organism, doctor, demo):
    command.register(app)


def _version(value: bool) -> None:
    if value:
        from sonde import __version__

        print(f"sonde {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: bool = typer.Option(False, "--version", callback=_version, is_eager=True, help="Print the version."),
):
    announce()
