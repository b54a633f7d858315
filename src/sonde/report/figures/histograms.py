"""How the scores lie: by class, the control beside them, the threshold drawn through."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import plotly.graph_objects as go

from sonde.report.figures.style import COLOURS, NEUTRAL, house_figure, label, short_label, stacked
from sonde.report.format import count, number

#: Colour, dash and fill of the positive class, the negative class and the control.
_LOOKS = {
    "positive": (COLOURS[1], "solid", "rgba(213,94,0,0.22)"),
    "negative": (COLOURS[0], "dash", "rgba(0,114,178,0.18)"),
    "control": (NEUTRAL, "dot", "rgba(128,128,128,0.10)"),
}


def score_histograms(
    test: Mapping[str, tuple[np.ndarray, np.ndarray]],
    *,
    control: np.ndarray | None = None,
    threshold: float | None = None,
    positive: str = "positive",
    negative: str = "negative",
    control_name: str = "control",
) -> go.Figure:
    """Draw one row a test set: the share of each class, and of the control, by score.

    Args:
        test: set → (labels `[n]`, 1 = positive; scores `[n]`).
        control: scores `[n]` of the control set; drawn in every row on the same bins.
        threshold: the decision threshold, same unit as the scores.
        positive, negative, control_name: what the three are called.

    Example:
        >>> import numpy as np
        >>> len(score_histograms({"a": (np.array([0, 1]), np.array([0.0, 1.0]))}).data)
        2
    """
    edges = bin_edges([s for _, s in test.values()] + ([] if control is None else [control]))
    names = {
        "positive": label(positive),
        "negative": label(negative),
        "control": f"control: {short_label(control_name)}",
    }
    text = f"Share of each group a bin; higher scores = more of {label(positive)}"
    text += "" if control is None else f"; control n = {count(len(control))}"
    text += "" if threshold is None else f"; dashed line: threshold {number(threshold)}"
    base = house_figure("Scores by class", text, height=96 + 208 * max(1, len(test)))
    figure = stacked(base, max(1, len(test)), vertical_spacing=min(0.09, 0.5 / max(1, len(test))))
    figure.update_layout(legend={"y": 1 + 26 / (208 * max(1, len(test)) - 32)})
    for row, (name, (labels, scores)) in enumerate(test.items(), start=1):
        groups = {"positive": scores[labels == 1], "negative": scores[labels == 0]}
        if control is not None:
            groups["control"] = control
        for group, values in groups.items():
            if len(values):
                figure.add_trace(_outline(values, edges, group, names[group], first=row == 1), row=row, col=1)
        _row_title(figure, row, name, groups)
        if threshold is not None:
            figure.add_vline(x=threshold, line={"color": NEUTRAL, "width": 1.6, "dash": "dash"}, row=row, col=1)
    _axes(figure, max(1, len(test)))
    return figure


def bin_edges(groups: list[np.ndarray]) -> np.ndarray:
    """Return 12 to 48 equal bins over all groups together, more with n (about the square root of the smallest)."""
    filled = [np.asarray(g, dtype=float) for g in groups if len(g)]
    if not filled:
        return np.linspace(0, 1, 13)
    low, high = min(g.min() for g in filled), max(g.max() for g in filled)
    if low == high:
        low, high = low - 0.5, high + 0.5
    bins = int(np.clip(np.sqrt(min(len(g) for g in filled)) * 1.6, 12, 48))
    return np.linspace(low, high, bins + 1)


def shares(values: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """Return the percentage of `values` in each bin; sums to 100."""
    counts, _ = np.histogram(values, edges)
    return 100 * counts / len(values)


def _outline(values: np.ndarray, edges: np.ndarray, group: str, name: str, first: bool) -> go.Scatter:
    colour, dash, fill = _LOOKS[group]
    share = shares(values, edges)
    return go.Scatter(
        x=np.repeat(edges, 2),
        y=np.r_[0, np.repeat(share, 2), 0],
        name=name,
        legendgroup=group,
        showlegend=first,
        mode="lines",
        line={"color": colour, "dash": dash, "width": 1.8},
        fill="tozeroy",
        fillcolor=fill,
        hovertemplate="%{y:.1f} % near score %{x:.2f}<extra></extra>",
    )


def _row_title(figure: go.Figure, row: int, name: str, groups: Mapping[str, np.ndarray]) -> None:
    suffix = "" if row == 1 else str(row)
    text = f"{short_label(name)}: n = {count(len(groups['positive']))} + {count(len(groups['negative']))}"
    place = {
        "xref": "x domain",
        "yref": f"y{suffix} domain",
        "x": 0.008,
        "y": 1.0,
        "xanchor": "left",
        "yanchor": "bottom",
    }
    place["xref"] = f"x{suffix} domain"
    figure.add_annotation(text=text, showarrow=False, font={"size": 12}, **place)


def _axes(figure: go.Figure, rows: int) -> None:
    figure.update_xaxes(showgrid=False)
    figure.update_yaxes(title_text="Share (%)", rangemode="tozero", nticks=5)
    figure.update_xaxes(title_text="Score (the probe's decision value)", row=rows, col=1)
