"""Commands typed in this process, so that slow starts are shared."""

import io
from contextlib import redirect_stderr, redirect_stdout

import pytest

from sonde.cli import main

#: Makes a training of a built-in recipe small.
SMALL = ["--set", "data.limit=60", "--set", "resamples=100", "--set", "probe.folds=2", "--set", "probe.l2=[10, 1000]"]


def run(capsys, *arguments):
    """Run a command and return exit code, stdout and stderr."""
    with pytest.raises(SystemExit) as stop:
        main([str(a) for a in arguments])
    out, err = capsys.readouterr()
    return int(stop.value.code or 0), out, err


def run_once(*arguments):
    """Run a command for several tests, which cannot capture it; return exit code, stdout and stderr."""
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err), pytest.raises(SystemExit) as stop:
        main([str(a) for a in arguments])
    return int(stop.value.code or 0), out.getvalue(), err.getvalue()
