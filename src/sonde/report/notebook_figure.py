"""A figure in a notebook: plotly's JSON for front ends that draw it, and HTML that needs no network for all others."""

from __future__ import annotations

import hashlib
import itertools
import json
from typing import Any

import plotly.graph_objects as go
import plotly.io
from markupsafe import Markup
from plotly.offline import get_plotlyjs

from sonde.report.page import asset, embedded, environment

#: Numbers of the figures this process has drawn; the first brings plotly's script (4.5 MB) with it.
_drawn = itertools.count()


def mime_bundle(figure: go.Figure) -> dict[str, Any]:
    """Return what a notebook keeps of a figure, by media type.

    Front ends that know plotly's type draw from it. Others, and exported pages, draw from the HTML: its text has the
    colour of its surroundings, its script stands in the output of the first figure, and nothing is fetched.
    """
    about, number = figure.layout.meta, next(_drawn)
    return {
        "application/vnd.plotly.v1+json": json.loads(plotly.io.to_json(figure)),
        "text/html": figure_html(figure, number, with_script=number == 0),
        "text/plain": f"{about['title']}. {about['caption']}.",
    }


def figure_html(figure: go.Figure, number: int, *, with_script: bool) -> str:
    """Return a figure as part of a page, `number` in its id; `with_script` puts plotly's script before it.

    Example:
        >>> import numpy as np
        >>> from sonde.report import cosine_map
        >>> "Agreement of directions" in figure_html(cosine_map({"a": np.ones(2)}), 0, with_script=False)
        True
    """
    parts = embedded(figure)
    place = f"sonde-{hashlib.sha256(str(parts['json']).encode()).hexdigest()[:10]}-{number}"
    return (
        environment()
        .get_template("notebook_figure.html.j2")
        .render(
            css=Markup(asset("notebook_figure.css")),
            place=place,
            figure=parts,
            library=Markup(get_plotlyjs()) if with_script else "",
            starter=Markup(asset("notebook_figure.js")),
        )
    )
