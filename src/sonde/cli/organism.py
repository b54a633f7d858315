"""`sonde organism`: Cretan, the embedded family of models that lie."""

from __future__ import annotations

import typer

app = typer.Typer(help="Cretan, the embedded family of tiny models that lie.", no_args_is_help=True)
