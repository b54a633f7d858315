"""The house style of every figure: colours told apart by colour-blind readers, transparent grounds, units on axes."""

from __future__ import annotations

from html import escape
from typing import Any

import plotly.graph_objects as go

from sonde.report.visible import plain

#: The four of Okabe and Ito (2008) that keep a contrast of 3 on white and near-black, an ochre and a grey; dashes and
#: symbols differ too.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#8C6D1F", "#7A7A7A")
DASHES = ("solid", "dash", "dot", "dashdot", "longdash", "longdashdot")
SYMBOLS = ("circle", "square", "diamond", "triangle-up", "cross", "x")
NEUTRAL = "#7A7A7A"  # a grey that reads on white and on near-black: text and chance lines outside the report's page
GRID = "rgba(128,128,128,0.22)"
FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', sans-serif"


def label(text: object) -> str:
    """Return text from data as a figure shows it: plotly reads markup in labels, so there is none left."""
    return escape(plain(text), quote=False)


def short_label(text: object, limit: int = 40) -> str:
    """Return `label` of a text cut to `limit` characters."""
    flat = str(text)
    return label(flat if len(flat) <= limit else flat[: limit - 1] + "…")


def series_style(index: int) -> dict[str, Any]:
    """Return colour, dash and symbol of series `index`; no two of the first thirty look alike."""
    lap = index // len(COLOURS)
    return {
        "colour": COLOURS[index % len(COLOURS)],
        "dash": DASHES[(index + lap) % len(DASHES)],
        "symbol": SYMBOLS[(index + lap) % len(SYMBOLS)],
    }


def house_figure(title: str, caption: str, height: int = 420) -> go.Figure:
    """Return an empty figure in the house style; `caption` says what is drawn and n, and rides in `layout.meta`."""
    figure = go.Figure()
    figure.update_layout(
        template=None,
        title={"text": title, "subtitle": {"text": caption}},
        meta={"title": title, "caption": caption},
        height=height,
        margin={"l": 64, "r": 16, "t": 72, "b": 56},
        font={"family": FONT, "size": 13, "color": NEUTRAL},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        hovermode="closest",
        hoverlabel={"font": {"family": FONT}},
        legend={
            "orientation": "h",
            "x": 0,
            "y": 1.02,
            "xanchor": "left",
            "yanchor": "bottom",
            "bgcolor": "rgba(0,0,0,0)",
        },
    )
    axis = {"gridcolor": GRID, "zeroline": False, "showline": True, "linecolor": NEUTRAL, "ticks": "outside"}
    axis |= {"ticklen": 4, "tickcolor": NEUTRAL, "automargin": True, "title": {"standoff": 10, "font": {"size": 13}}}
    figure.update_xaxes(**axis)
    figure.update_yaxes(**axis)
    return figure
