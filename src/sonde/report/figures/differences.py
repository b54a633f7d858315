"""Paired differences of two runs, one line a metric and test set, against zero."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import plotly.graph_objects as go

from sonde.report.figures.style import NEUTRAL, house_figure, series_style, short_label
from sonde.report.format import count, number


def paired_differences(
    tests: Mapping[str, Mapping[str, Any]], metrics: Mapping[str, str], *, a: str = "a", b: str = "b"
) -> go.Figure:
    """Draw each metric's difference a - b with its interval, one row a test set.

    Args:
        tests: test set → an entry with `difference` (metric → `value`, `low`, `high`), `n` and `n_groups`.
        metrics: metric → its name in the legend; one series each.
        a, b: what the two runs are called.

    Example:
        >>> entry = {"difference": {"auroc": {"value": 0.1, "low": 0.0, "high": 0.2}}, "n": 9, "n_groups": 3}
        >>> len(paired_differences({"t": entry}, {"auroc": "AUROC"}).data)
        1
    """
    text = "Right of zero, the first run is higher; bars are paired 95 % intervals over groups"
    title = f"{short_label(a)} minus {short_label(b)}"
    figure = house_figure(title, text, height=150 + 62 * max(1, len(tests)))
    names = list(tests)
    for index, (metric, name) in enumerate(metrics.items()):
        rows = [(k, tests[t]["difference"].get(metric) or {}) for k, t in enumerate(names)]
        drawn = [(k, entry) for k, entry in rows if entry.get("value") is not None]
        if drawn:
            figure.add_trace(_series(name, drawn, index, 0.16 * (index - (len(metrics) - 1) / 2)))
    figure.add_vline(x=0, line={"color": NEUTRAL, "width": 1.2, "dash": "dash"})
    ticks = [f"{short_label(t, 34)}<br>n = {count(tests[t]['n'])}, {count(tests[t]['n_groups'])} groups" for t in names]
    figure.update_yaxes(tickvals=list(range(len(names))), ticktext=ticks, range=[len(names) - 0.45, -0.55])
    figure.update_xaxes(title_text=f"{short_label(a)} \u2212 {short_label(b)}, in units of each metric (0 to 1)")
    return figure


def _series(name: str, rows: list[tuple[int, Mapping[str, Any]]], index: int, shift: float) -> go.Scatter:
    style = series_style(index)
    values = [entry["value"] for _, entry in rows]
    low = [entry["value"] if entry.get("low") is None else entry["low"] for _, entry in rows]
    high = [entry["value"] if entry.get("high") is None else entry["high"] for _, entry in rows]
    bars = {
        "type": "data",
        "symmetric": False,
        "array": [max(0.0, h - v) for h, v in zip(high, values, strict=True)],
        "arrayminus": [max(0.0, v - low_) for low_, v in zip(low, values, strict=True)],
        "thickness": 1.6,
        "width": 4,
    }
    return go.Scatter(
        x=values,
        y=[k + shift for k, _ in rows],
        name=short_label(name),
        mode="markers",
        marker={"color": style["colour"], "symbol": style["symbol"], "size": 9},
        error_x=bars,
        text=[f"{number(v)} [{number(p)} to {number(q)}]" for v, p, q in zip(values, low, high, strict=True)],
        hovertemplate="%{text}<extra>%{fullData.name}</extra>",
    )
