"""Progress on stderr: a bar with a rate and the time left, silent where nobody watches."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # in a notebook without ipywidgets it warns, and draws the bar as text
    from tqdm.auto import tqdm


def quiet() -> bool:
    """Return whether progress is switched off (`SONDE_QUIET=1`)."""
    return os.environ.get("SONDE_QUIET", "") not in ("", "0")


def watched() -> bool:
    """Return whether somebody watches stderr: a terminal, or a notebook whose front end can be asked for input.

    Whatever runs a notebook to export or to test it (nbconvert, nbmake, papermill) allows no input; there a bar would
    stay in the page, one line for each step.
    """
    ipython = sys.modules.get("IPython")
    kernel = None if ipython is None else getattr(ipython.get_ipython(), "kernel", None)
    if kernel is None:
        return sys.stderr.isatty()
    return bool(getattr(kernel, "_allow_stdin", True))


@contextmanager
def progress_bar(total: int, what: str, unit: str) -> Iterator[tqdm]:
    """Yield a bar over `total` units (`unit` names them, for example `tok`); call its `update(k)`.

    It is drawn where somebody watches, after half a second, and leaves no trace when done.
    """
    off = quiet() or not watched()
    scaled = total >= 10_000
    with tqdm(total=total, desc=what, unit=unit, unit_scale=scaled, disable=off, delay=0.5, leave=False) as bar:
        yield bar
