"""The house style of every figure: colours told apart by colour-blind readers, transparent grounds, units on axes."""

from __future__ import annotations

from html import escape
from typing import Any

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from sonde.report.format import THIN
from sonde.report.visible import plain

#: Three of Okabe and Ito (2008) and their purple a little darker, an ochre and a grey: each keeps a contrast of 3 on
#: white and near-black; dashes and symbols differ too.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#C46FA0", "#8C6D1F", "#7A7A7A")
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


class HouseFigure(go.Figure):
    """A plotly figure that draws itself in notebooks and their exports without a network.

    Plotly's own display asks a content network for MathJax; and its text cannot take the colour of a dark theme.
    """

    _ipython_display_ = None  # notebooks then ask for the bundle below

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None, **kwargs: Any) -> dict[str, Any]:
        from sonde.report.notebook_figure import mime_bundle

        return mime_bundle(self)

    def _repr_html_(self) -> str:
        return str(self._repr_mimebundle_()["text/html"])

    def __repr__(self) -> str:
        about = self.layout.meta or {}
        return f"{about.get('title', 'Figure')}. {about.get('caption', '')}."


def house_figure(title: str, caption: str, height: int = 420) -> HouseFigure:
    """Return an empty figure in the house style; `caption` says what is drawn and n, and rides in `layout.meta`."""
    figure = HouseFigure()
    set_caption(figure, title, caption)
    figure.update_layout(
        template=None,
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


def set_caption(figure: go.Figure, title: str, caption: str) -> None:
    """Set title and caption; a percentage is not broken across lines."""
    text = caption.replace(" %", f"{THIN}%")
    about = {**(figure.layout.meta or {}), "title": title, "caption": text}
    figure.update_layout(title={"text": title, "subtitle": {"text": text}}, meta=about)


def stacked(base: HouseFigure, rows: int, **options: Any) -> HouseFigure:
    """Return `base` with `rows` panels below each other that share their horizontal axis.

    Args:
        base: from `house_figure`; its layout and its axes serve every panel.
        rows: how many panels.
        **options: of `plotly.subplots.make_subplots`.
    """
    figure = HouseFigure(make_subplots(rows=rows, cols=1, shared_xaxes=True, **options))
    figure.update_layout(base.layout)
    figure.update_xaxes(base.layout.xaxis)
    figure.update_yaxes(base.layout.yaxis)
    return figure
