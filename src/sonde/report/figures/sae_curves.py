"""How an autoencoder learnt: what it explains, how many latents it uses, how many are dead."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import plotly.graph_objects as go

from sonde.base.errors import InputError
from sonde.report.figures.style import NEUTRAL, HouseFigure, house_figure, series_style, short_label, stacked
from sonde.report.format import count

#: What is drawn, top to bottom: key of the history, title of the axis, factor, whether 1 is the most there can be.
_PANELS = (
    ("explained_variance", "Explained variance", 1.0, True),
    ("l0", "L0 (latents a row)", 1.0, False),
    ("dead", "Dead latents (%)", 100.0, False),
)


def sae_curves(history: Mapping[str, Sequence[Mapping[str, Any]]], *, target_l0: float | None = None) -> HouseFigure:
    """Draw explained variance, L0 and dead latents against the rows seen, one series a training.

    Each point is of the one batch just learnt from, so that neighbouring points scatter.

    Args:
        history: name of a training → the lines of its `history.jsonl` (`samples`, `explained_variance`, `l0`, `dead`).
        target_l0: the L0 asked for, drawn as a line.

    Raises:
        InputError: a training without a single line.

    Example:
        >>> rows = [{"samples": 10, "explained_variance": 0.2, "l0": 9.0, "dead": 0.0}]
        >>> len(sae_curves({"batchtopk": rows}).data)
        3
    """
    for name, rows in history.items():
        if not rows:
            raise InputError(f"The history of {name!r} has no line: read it from the history.jsonl of a training.")
    most = max((row["samples"] for rows in history.values() for row in rows), default=0)
    text = f"Of the batch just learnt from; n = {count(most)} rows seen in all"
    text += "" if target_l0 is None else f"; dashed: the L0 asked for, {target_l0:g}"
    base = house_figure("Training of the autoencoder", text, height=560)
    figure = stacked(base, len(_PANELS), vertical_spacing=0.06)
    for index, (name, rows) in enumerate(history.items()):
        for panel, (key, _, factor, _) in enumerate(_PANELS, start=1):
            figure.add_trace(_series(name, rows, key, factor, index, first=panel == 1), row=panel, col=1)
    for panel, (_, title, _, capped) in enumerate(_PANELS, start=1):
        figure.update_yaxes(title_text=title, nticks=5, rangemode="tozero", row=panel, col=1)
        if capped:
            figure.update_yaxes(range=[min(0.0, _lowest(history)), 1.03], row=panel, col=1)
    if target_l0 is not None:
        figure.add_hline(y=target_l0, line={"color": NEUTRAL, "width": 1.2, "dash": "dash"}, row=2, col=1)
    figure.update_xaxes(title_text="Rows seen", row=len(_PANELS), col=1)
    return figure


def _series(
    name: str, rows: Sequence[Mapping[str, Any]], key: str, factor: float, index: int, *, first: bool
) -> go.Scatter:
    style = series_style(index)
    return go.Scatter(
        x=[row["samples"] for row in rows],
        y=[None if row.get(key) is None else factor * row[key] for row in rows],
        name=short_label(name),
        legendgroup=str(index),
        showlegend=first,
        mode="lines" if len(rows) > 1 else "markers",
        line={"color": style["colour"], "dash": style["dash"], "width": 1.8},
        marker={"color": style["colour"], "symbol": style["symbol"], "size": 8},
        hovertemplate="%{y:.3g} after %{x} rows<extra>%{fullData.name}</extra>",
    )


def _lowest(history: Mapping[str, Sequence[Mapping[str, Any]]]) -> float:
    values = [row.get("explained_variance") for rows in history.values() for row in rows]
    return min((v for v in values if v is not None), default=0.0)
