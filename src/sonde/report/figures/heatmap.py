"""A matrix of figures as coloured cells with their numbers in them: what the maps of this room share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
from jaxtyping import Float

from sonde.report.figures.style import COLOURS, house_figure, short_label
from sonde.report.format import number

#: Blue, nothing, orange: below, at and above the middle of a scale. The ends let the ground through, so that the
#: theme's own text colour can be read on every cell.
BELOW, MIDDLE, ABOVE = "rgba(0,114,178,0.72)", "rgba(128,128,128,0.12)", "rgba(213,94,0,0.72)"
DIVERGING = ((0.0, BELOW), (0.5, MIDDLE), (1.0, ABOVE))
_MOST_NUMBERS = 400  # cells in which numbers still can be read
_MOST_INTERVALS = 7  # columns in which an interval fits below its number
_LETTER, _BAR = 7, 100  # pixels of a letter of a name, and of the colour bar with its title


def heatmap(
    values: Float[np.ndarray, "rows columns"],
    rows: Sequence[str],
    columns: Sequence[str],
    *,
    title: str,
    caption: str,
    unit: str,
    span: tuple[float, float],
    hover: Sequence[Sequence[str]],
    below: Sequence[Sequence[str]] | None = None,
) -> go.Figure:
    """Return a map of `values` (NaN = not defined, left empty), numbers written in cells where there is room.

    Args:
        values: one figure a cell.
        rows, columns: names, top to bottom and left to right.
        title, caption: of the figure.
        unit: title of the colour bar.
        span: values at the two ends of the colours; the middle has none.
        hover: `[rows][columns]` what a cell says under the pointer; markup is not escaped here.
        below: `[rows][columns]` what stands small below a cell's number (its interval); left out where
            `intervals_fit` says so.
    """
    below = below if below is not None and intervals_fit(columns) else None
    figure = house_figure(title, caption, height=150 + (30 if below is None else 42) * max(3, len(rows)))
    figure.add_trace(
        go.Heatmap(
            z=[[None if np.isnan(v) else float(v) for v in row] for row in values],
            x=list(range(len(columns))),
            y=list(range(len(rows))),
            text=[list(row) for row in hover],
            hovertemplate="%{text}<extra></extra>",
            zmin=span[0],
            zmax=span[1],
            colorscale=[list(stop) for stop in DIVERGING],
            colorbar={
                "title": {"text": unit, "side": "right", "font": {"size": 13}},
                "thickness": 12,
                "outlinewidth": 0,
            },
            xgap=1,
            ygap=1,
        )
    )
    _write_numbers(figure, values, below)
    figure.layout.meta |= {"least_width": least_width(rows, columns, numbers=values.size <= _MOST_NUMBERS)}
    figure.update_xaxes(
        tickvals=list(range(len(columns))), ticktext=[short_label(c, 24) for c in columns], showgrid=False
    )
    figure.update_yaxes(
        tickvals=list(range(len(rows))),
        ticktext=[short_label(r, 32) for r in rows],
        showgrid=False,
        autorange="reversed",
    )
    return figure


def mark_cell(figure: go.Figure, row: int, column: int) -> None:
    """Draw a frame around one cell."""
    edges = {"x0": column - 0.5, "x1": column + 0.5, "y0": row - 0.5, "y1": row + 0.5}
    figure.add_shape(type="rect", line={"color": COLOURS[2], "width": 3}, **edges)


def intervals_fit(columns: Sequence[str]) -> bool:
    """Return whether an interval fits below the number of each cell."""
    return len(columns) <= _MOST_INTERVALS


def least_width(rows: Sequence[str], columns: Sequence[str], *, numbers: bool) -> int:
    """Return the pixels in which names, numbers and colour bar stand side by side; a narrower page scrolls.

    Example:
        >>> least_width(["a"], ["b", "c"], numbers=True)
        243
    """
    names = _LETTER * min(32, max(map(len, rows), default=0))
    least = (68 if intervals_fit(columns) else 38) if numbers else 14
    cell = max(least, _LETTER * min(24, max(map(len, columns), default=0))) if intervals_fit(columns) else least
    return names + _BAR + cell * len(columns)


def short_interval(entry: Mapping[str, Any]) -> str:
    """Return an interval as it stands in a cell, `0.71–0.83`; empty where there is none."""
    low, high = entry.get("low"), entry.get("high")
    return "" if low is None or high is None else f"{number(low, 2)}\u2013{number(high, 2)}"


def _write_numbers(figure: go.Figure, values: np.ndarray, below: Sequence[Sequence[str]] | None) -> None:
    if values.size > _MOST_NUMBERS:
        return
    for row, column in np.argwhere(~np.isnan(values)):
        small = "" if below is None else below[row][column]
        place = {"x": int(column), "y": int(row), "showarrow": False}
        text = number(float(values[row, column]), 2)
        figure.add_annotation(text=text, yshift=7 if small else 0, font={"size": 12}, **place)
        if small:
            figure.add_annotation(text=small, yshift=-9, font={"size": 10}, **place)
