"""Figures as files: an HTML page that needs no network, or, with matplotlib, a static picture for a paper."""

from __future__ import annotations

from pathlib import Path

import plotly.graph_objects as go

from sonde.base.errors import InputError
from sonde.base.files import write_atomic

#: What the ending of a file asks for.
PAGES, PICTURES = (".html",), (".svg", ".png", ".pdf")


def save_figure(figure: go.Figure, path: str | Path, *, force: bool = False) -> Path:
    """Write a figure of this room; the ending says how.

    Args:
        figure: any figure that a function of this room returned.
        path: `.html` (one page, plotly's script inside, opens offline), or `.svg`, `.png`, `.pdf` (static; needs
            matplotlib: `pip install "sonde[figures]"`).
        force: replace an existing file.

    Raises:
        InputError: another ending, the file exists, or matplotlib is missing.

    Example:
        >>> import numpy as np
        >>> from sonde.report import cosine_map
        >>> save_figure(cosine_map({"a": np.ones(2), "b": np.array([1.0, -1.0])}), tmp / "cosines.html").name
        'cosines.html'
    """
    path = Path(path)
    if path.suffix not in PAGES + PICTURES:
        known = ", ".join(PAGES + PICTURES)
        raise InputError(f"Figure file {path} ends in {path.suffix or 'nothing'!r}: expected one of {known}.")
    if path.exists() and not force:
        raise InputError(f"File {path} exists: pass force=True to replace it, or choose another name.")
    if path.suffix in PAGES:
        from sonde.report.page import render_figure

        return write_atomic(path, render_figure(figure))
    from sonde.report.figures.static import picture

    return write_atomic(path, picture(figure, path.suffix[1:]))
