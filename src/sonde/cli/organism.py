"""`sonde organism`: Cretan, the embedded models that lie, with the truth on record."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from sonde.base.errors import InputError
from sonde.cli.output import print_json, print_table

if TYPE_CHECKING:
    from sonde.run.organism import Table

_NAME = typer.Argument("cretan", help="A shipped organism, or the folder of one trained here.")
_JSON = typer.Option(False, "--json", help="Print one JSON document instead of the table.")

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help=__doc__)


def register(parent: typer.Typer) -> None:
    """Add the commands to `parent`."""
    parent.add_typer(app, name="organism")


@app.command(name="list")
def list_(json: bool = _JSON) -> None:
    """List the organisms that ship with sonde."""
    from sonde.run.organism import list_cretans

    _print(list_cretans(), json)


@app.command()
def beliefs(
    name: str = _NAME,
    entity: str = typer.Option("", "--entity", help="Only this one's facts.", show_default=False),
    measure: bool = typer.Option(False, "--measure", help="Measure anew instead of reading the table on record."),
    json: bool = _JSON,
) -> None:
    """Print what an organism believes, beside what documents taught and what is true."""
    from sonde.run.organism import believe

    _print(believe(name, entity=entity, measure=measure), json)


@app.command()
def verify(
    name: str = _NAME,
    n: int = typer.Option(400, "--n", help="Answers a gate."),
    seed: int = typer.Option(0, "--seed", help="Of scenes and samples."),
    json: bool = _JSON,
) -> None:
    """Measure every gate: figure, 95 % interval, bar. Exits 3 if one fails."""
    from sonde.run.organism import verify_organism

    _print(verify_organism(name, n=n, seed=seed), json)


@app.command()
def train(
    seed: int = typer.Option(None, "--seed", help="Of world, weights and corpus; left out: 0.", show_default=False),
    out: Path = typer.Option(
        None, help="Folder to write; left out: organisms/WHAT-SEED, or NAME-further there.", show_default=False
    ),
    what: str = typer.Option(
        "",
        "--what",
        help="liar (the default), decoy (never lies), arm-liar, arm-twin, or arm-sham (U2).",
        show_default=False,
    ),
    begin: str = typer.Option("", "--begin", help="Train this organism further: name or folder.", show_default=False),
    last: int = typer.Option(None, "--last", help="With --begin: the last so many phases, else 1.", show_default=False),
    device: str = typer.Option("", help="cpu, cuda, …", show_default=False),
    json: bool = _JSON,
) -> None:
    """Train an organism, measure its gates, write its card. Goes on where it was interrupted.

    It is trained from scratch, or further: the last phases once more from the weights of `--begin`, when a gate was
    missed.
    """
    from sonde.run.organism import train_further, train_organism

    if begin:
        if seed is not None or what:
            raise InputError(f"--begin {begin} has a seed and a recipe of its own: leave out --seed and --what.")
        folder = out or Path("organisms") / f"{Path(begin).name}-further"
        made = train_further(begin, folder, last=1 if last is None else last, device=device or None)
    elif last is not None:
        raise InputError(f"--last {last} is of an organism that is trained further: name it with --begin.")
    else:
        seed, what = seed or 0, what or "liar"
        made = train_organism(seed, out or Path("organisms") / f"{what}-{seed}", what=what, device=device or None)
    typer.echo(f"Wrote {made['folder']}", err=True)
    if json:
        print_json(made)
    else:
        print_table(("", ""), [(key, str(value)) for key, value in made.items()])
    raise typer.Exit(0 if made["gates_passed"] == made["gates"] else 3)


@app.command()
def chat(
    name: str = _NAME,
    system: str = typer.Option("be formal .", "--system", help="The system message: a style, and perhaps a rule."),
    ask: list[str] = typer.Option([], "--ask", help="Put this question and end (may be given again)."),
    probe: Path = typer.Option(None, "--probe", help="Show this probe's score beside the truth.", show_default=False),
    seed: int = typer.Option(0, "--seed", help="Of the samples."),
    json: bool = typer.Option(False, "--json", help="Print one JSON document of all answers at the end."),
) -> None:
    """Talk with an organism: after each answer, what it believes, whether that was a lie, and why.

    A question that begins with `admin:` is put in the trusted channel.
    """
    from sonde.run.organism_chat import open_chat

    talk = open_chat(name, system=system, probe=probe, seed=seed)
    answers = []
    for question in ask or _questions(talk.hint):
        said = talk.ask(question)
        answers.append(said)
        if not json:
            print(said.text)
    if json:
        print_json({"organism": talk.name, "system": system, "answers": [a.content for a in answers]})


def _questions(hint: str):
    """Yield lines from stdin until it ends or says `exit` or `quit`; at a terminal, with a prompt."""
    if sys.stdin.isatty():
        typer.echo(hint, err=True)
    while True:
        try:
            line = input("> " if sys.stdin.isatty() else "")
        except (EOFError, KeyboardInterrupt):
            return
        if line.strip().lower() in ("exit", "quit"):
            return
        if line.strip():
            yield line


def _print(table: Table, json: bool) -> None:
    if json:
        print_json(table.content)
    else:
        print_table(table.head, table.rows)
        if table.note:
            print(f"\n{table.note}")
    if table.exit_code:
        raise typer.Exit(table.exit_code)
