"""The command line: parse, call `run`, print. Nothing heavy is imported before a command runs."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from sonde.base.errors import SondeError

DEBUG_HINT = "Run it again with --debug for the traceback."


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit: 0 done, 1 failed, 2 wrong usage or bad input, 3 done but not supported."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    debug = "--debug" in given[: given.index("--") if "--" in given else None]
    if debug:
        given.remove("--debug")
    sys.exit(_run(given, debug))


def _run(arguments: list[str], debug: bool) -> int:
    from sonde.cli.app import app

    try:
        app(arguments, prog_name="sonde")
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else 1
    except SondeError as error:
        if debug:
            raise
        _complain(str(error))
        return error.exit_code
    except Exception as error:
        if debug:
            raise
        _complain(f"sonde failed unexpectedly ({type(error).__name__}: {_first_line(error)}). {DEBUG_HINT}")
        return 1
    return 0


def _complain(sentence: str) -> None:
    print(f"error: {sentence}", file=sys.stderr)


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or ["no message"])[0]
