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


@contextmanager
def progress_bar(total: int, what: str, unit: str) -> Iterator[tqdm]:
    """Yield a bar over `total` units (`unit` names them, for example `tok`); call its `update(k)`.

    It is drawn on a terminal and in notebooks only, after half a second, and leaves no trace when done.
    """
    notebook = "ipykernel" in sys.modules
    off = quiet() or not (notebook or sys.stderr.isatty())
    scaled = total >= 10_000
    with tqdm(total=total, desc=what, unit=unit, unit_scale=scaled, disable=off, delay=0.5, leave=False) as bar:
        yield bar
