"""Does what is called 0.8 happen eight times in ten? And how often is 0.8 said?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import plotly.graph_objects as go

from sonde.report.figures.style import NEUTRAL, house_figure, label, series_style, short_label, stacked
from sonde.report.format import count, interval, number


def calibration_curves(
    test: Mapping[str, Sequence[Mapping[str, Any]]],
    *,
    ece: Mapping[str, Mapping[str, Any]] | None = None,
    positive: str = "positive",
) -> go.Figure:
    """Draw a reliability diagram, one series a test set, and below it the rows in each bin.

    Args:
        test: set → bins with rows (`low`, `high`, `n`, mean `probability`, `share` with `value`, `low`, `high`).
        ece: set → expected calibration error (`value`, `low`, `high`), for the legend.
        positive: name of the positive class.

    Example:
        >>> bins = [{"low": 0.4, "high": 0.6, "n": 9, "probability": 0.5, "share": {"value": 0.4}}]
        >>> len(calibration_curves({"a": bins}).data)
        3
    """
    text = "On the diagonal, probabilities mean what they say; above it too little is said, below it too much; "
    text += "bars are 95 % intervals over groups, the lower panel counts the rows of each bin"
    base = house_figure("Calibration", text, height=540)
    figure = stacked(base, 2, row_heights=[0.76, 0.24], vertical_spacing=0.05)
    diagonal = {"color": NEUTRAL, "width": 1.2, "dash": "dot"}
    figure.add_trace(
        go.Scatter(x=[0, 1], y=[0, 1], name="calibrated", mode="lines", line=diagonal, hoverinfo="name"), row=1, col=1
    )
    for index, (name, bins) in enumerate(test.items()):
        figure.add_trace(_points(name, bins, (ece or {}).get(name), index), row=1, col=1)
        figure.add_trace(_counts(name, bins, index), row=2, col=1)
    figure.update_layout(barmode="group", bargap=0.15)
    figure.update_xaxes(range=[-0.02, 1.02], dtick=0.2, tick0=0, tickmode="linear")
    figure.update_xaxes(title_text=f"Probability of {label(positive)} that the probe says", row=2, col=1)
    figure.update_yaxes(title_text=f"Share that is {label(positive)}", range=[-0.03, 1.03], row=1, col=1)
    figure.update_yaxes(title_text="Rows", rangemode="tozero", nticks=4, row=2, col=1)
    return figure


def _points(name: str, bins: Sequence[Mapping[str, Any]], error: Mapping[str, Any] | None, index: int) -> go.Scatter:
    style = series_style(index)
    shares = [b["share"] for b in bins]
    value = [s["value"] for s in shares]
    high = [s["value"] if s.get("high") is None else s["high"] for s in shares]
    low = [s["value"] if s.get("low") is None else s["low"] for s in shares]
    shown = f"{short_label(name)} (n = {count(sum(b['n'] for b in bins))})"
    if error and error.get("value") is not None:
        bounds = interval(error.get("low"), error.get("high"))
        shown += f"<br>ECE {number(error['value'])}" + (f", {bounds}" if bounds else "")
    return go.Scatter(
        x=[b["probability"] for b in bins],
        y=value,
        name=shown,
        mode="lines+markers",
        line={"color": style["colour"], "dash": style["dash"], "width": 1.4},
        marker={"symbol": style["symbol"], "size": 8},
        error_y={
            "type": "data",
            "symmetric": False,
            "array": [h - v for h, v in zip(high, value, strict=True)],
            "arrayminus": [v - w for w, v in zip(low, value, strict=True)],
            "thickness": 1.3,
            "width": 3,
        },
        text=[f"{number(s['value'], 2)} of {count(b['n'])} rows" for s, b in zip(shares, bins, strict=True)],
        hovertemplate="says %{x:.2f}, comes %{text}<extra></extra>",
    )


def _counts(name: str, bins: Sequence[Mapping[str, Any]], index: int) -> go.Bar:
    return go.Bar(
        x=[(b["low"] + b["high"]) / 2 for b in bins],
        y=[b["n"] for b in bins],
        name=short_label(name),
        showlegend=False,
        marker={"color": series_style(index)["colour"]},
        hovertemplate="%{y} rows near %{x:.2f}<extra>%{fullData.name}</extra>",
    )
