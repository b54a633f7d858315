"""Is the direction used? How behaviour changes with the dose added along it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import plotly.graph_objects as go

from sonde.report.figures.style import NEUTRAL, house_figure, label, series_style, short_label
from sonde.report.format import count, number


def dose_response(
    doses: Sequence[float],
    series: Mapping[str, Sequence[Mapping[str, Any]]],
    *,
    behaviour: str,
    n: int,
    random_range: Sequence[tuple[float, float]] | None = None,
) -> go.Figure:
    """Draw the share of a behaviour against the dose along a direction.

    Args:
        doses: multiples of the direction's unit, the same for every series.
        series: what was steered (a direction, a stance) → one `value`, `low`, `high` a dose, as fractions.
        behaviour: what is counted, for the axis.
        n: answers behind each point.
        random_range: (low, high) a dose, as fractions: the middle 95 % of random directions of equal norm.

    Example:
        >>> points = [{"value": 0.1, "low": 0.05, "high": 0.2}, {"value": 0.8, "low": 0.7, "high": 0.9}]
        >>> len(dose_response([0, 4], {"lie direction": points}, behaviour="lies", n=200).data)
        1
    """
    text = f"Bars are 95 % intervals; n = {count(n)} answers a point"
    text += "; grey: the middle 95 % of random directions of equal norm" if random_range else ""
    figure = house_figure("Dose and response", text)
    if random_range:
        figure.add_trace(_band(doses, random_range))
    for index, (name, points) in enumerate(series.items()):
        figure.add_trace(_points(doses, name, points, index))
    figure.add_vline(x=0, line={"color": NEUTRAL, "width": 1, "dash": "dot"})
    figure.update_xaxes(title_text="Dose (multiples of the direction's unit)")
    figure.update_yaxes(title_text=f"Share of {label(behaviour)} (%)", range=[-2, 102])
    return figure


def _points(doses: Sequence[float], name: str, points: Sequence[Mapping[str, Any]], index: int) -> go.Scatter:
    style = series_style(index)
    values = [100 * float(p["value"]) for p in points]
    return go.Scatter(
        x=list(doses),
        y=values,
        name=short_label(name),
        mode="lines+markers",
        line={"color": style["colour"], "dash": style["dash"], "width": 2},
        marker={"symbol": style["symbol"], "size": 8},
        error_y={
            "type": "data",
            "symmetric": False,
            "array": [100 * float(p["high"]) - v for p, v in zip(points, values, strict=True)],
            "arrayminus": [v - 100 * float(p["low"]) for p, v in zip(points, values, strict=True)],
            "thickness": 1.3,
            "width": 3,
        },
        text=[f"dose {number(d, 1)}: {number(v, 1)} %" for d, v in zip(doses, values, strict=True)],
        hovertemplate="%{text}<extra>%{fullData.name}</extra>",
    )


def _band(doses: Sequence[float], random_range: Sequence[tuple[float, float]]) -> go.Scatter:
    low, high = [100 * a for a, _ in random_range], [100 * b for _, b in random_range]
    return go.Scatter(
        x=[*doses, *reversed(doses)],
        y=[*high, *reversed(low)],
        name="random directions",
        mode="lines",
        line={"width": 0, "color": NEUTRAL},
        fill="toself",
        fillcolor="rgba(128,128,128,0.2)",
        hoverinfo="skip",
    )
