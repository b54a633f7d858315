"""Misses against false alarms on normal-deviate axes, where equal steps are equally hard."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import NormalDist
from typing import Any

import numpy as np
import plotly.graph_objects as go

from sonde.report.figures.roc import recall_at, step_curve
from sonde.report.figures.style import NEUTRAL, house_figure, label, series_style, set_caption, short_label
from sonde.report.format import count, percent, target_percent

#: Rates with a line, and those of them with a number on the horizontal axis, which is short on a narrow page.
_TICKS = (0.0001, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.999)
_NUMBERED = (0.0001, 0.001, 0.01, 0.05, 0.2, 0.4, 0.6, 0.8, 0.95, 0.99, 0.999)


def det_curves(
    test: Mapping[str, tuple[np.ndarray, np.ndarray]],
    *,
    recall: Mapping[str, Mapping[str, Any]] | None = None,
    target_fpr: float = 0.01,
    positive: str = "positive",
) -> go.Figure:
    """Draw the detection error tradeoff, one curve a test set, the target false-positive rate marked.

    Martin et al. 1997, "The DET curve in assessment of detection task performance": both rates on the scale of the
    normal deviate, on which normal scores give straight lines. Rates of 0 and 1 lie at infinity and are not drawn; a
    curve begins at 1/n negatives.

    Args:
        test: set → (labels `[n]`, 1 = positive; scores `[n]`).
        recall: set → recall at the target rate with its interval (`value`, `low`, `high`), for the bar at the point.
        target_fpr: the rate marked, a fraction.
        positive: name of the positive class.

    Example:
        >>> import numpy as np
        >>> det_curves({"a": (np.array([0, 1, 0, 1]), np.array([0.0, 1.0, 2.0, 3.0]))}).layout.xaxis.title.text
        'False-positive rate (%, normal deviate)'
    """
    text = f"Down and to the left is better; a straight line means normal scores; ringed: {target_percent(target_fpr)}"
    text += " FPR" + (", with its 95 % interval" if recall else "")
    figure = house_figure("Detection error tradeoff", text, height=480)
    drawn: list[np.ndarray] = []
    notes = []
    for index, (name, (labels, scores)) in enumerate(test.items()):
        curve = step_curve(labels, scores)
        if curve is None:
            notes.append(f"{label(name)} has one class only and is not drawn")
            continue
        fpr, miss = curve[0], 1 - curve[1]
        inside = (fpr > 0) & (fpr < 1) & (miss > 0) & (miss < 1)
        if not inside.any():
            notes.append(f"{label(name)} is separated without an error, which lies at infinity, and is not drawn")
            continue
        figure.add_trace(_curve(name, fpr[inside], miss[inside], np.asarray(labels), index))
        drawn += [fpr[inside], miss[inside]]
        if fpr[0] <= target_fpr * (1 + 1e-9):
            _ring(figure, 1 - recall_at(curve, target_fpr), (recall or {}).get(name), target_fpr, index)
    _axes(figure, np.concatenate([*drawn, [target_fpr]]), target_fpr, positive)
    set_caption(figure, figure.layout.title.text, "; ".join([text, *notes]))
    return figure


def deviate(rates: Sequence[float] | np.ndarray) -> np.ndarray:
    """Return the normal deviates of rates strictly between 0 and 1.

    Example:
        >>> deviate(np.array([0.5, 0.975])).round(2).tolist()
        [0.0, 1.96]
    """
    return np.array([NormalDist().inv_cdf(float(rate)) for rate in rates])


def _curve(name: str, fpr: np.ndarray, miss: np.ndarray, labels: np.ndarray, index: int) -> go.Scatter:
    style = series_style(index)
    return go.Scatter(
        x=deviate(fpr).astype(np.float32),
        y=deviate(miss).astype(np.float32),
        name=f"{short_label(name)} (n = {count(int((labels == 1).sum()))} + {count(int((labels == 0).sum()))})",
        mode="lines",
        line={"color": style["colour"], "dash": style["dash"], "width": 2.2},
        customdata=np.stack([100 * miss, 100 * fpr], axis=1).astype(np.float32),
        hovertemplate="%{customdata[0]:.2f} % missed at %{customdata[1]:.2f} % FPR<extra>%{fullData.name}</extra>",
    )


def _ring(figure: go.Figure, miss: float, bounds: Mapping[str, Any] | None, target: float, index: int) -> None:
    if not 0 < miss < 1:
        return
    at = float(deviate(np.array([miss]))[0])
    bars = None
    if bounds and bounds.get("low") is not None and bounds.get("high") is not None:
        ends = np.clip([1 - bounds["low"], 1 - bounds["high"]], 1e-4, 1 - 1e-4)
        up, down = deviate(ends) - at
        bars = {"type": "data", "symmetric": False, "array": [max(0.0, up)], "arrayminus": [max(0.0, -down)]}
        bars |= {"thickness": 1.5, "width": 5}
    figure.add_trace(
        go.Scatter(
            x=deviate(np.array([target])),
            y=[at],
            mode="markers",
            showlegend=False,
            marker={
                "symbol": "circle-open",
                "size": 12,
                "color": series_style(index)["colour"],
                "line": {"width": 2.5},
            },
            error_y=bars,
            hovertemplate=f"{percent(miss)} missed at {target_percent(target)} FPR<extra></extra>",
        )
    )


def _axes(figure: go.Figure, rates: np.ndarray, target: float, positive: str) -> None:
    low, high = float(deviate([rates.min()])[0]) - 0.12, float(deviate([rates.max()])[0]) + 0.12
    ends = [min(low, -0.3), max(high, 0.3)]
    chance = {"color": NEUTRAL, "width": 1.2, "dash": "dot"}
    figure.add_trace(
        go.Scatter(x=ends, y=[-e for e in ends], name="chance", mode="lines", line=chance, hoverinfo="name")
    )
    at = float(deviate([target])[0])
    figure.add_vline(x=at, line={"color": NEUTRAL, "width": 1, "dash": "dash"})
    place = {"x": at, "y": 0.03, "yref": "y domain", "xanchor": "left", "yanchor": "bottom"}
    figure.add_annotation(text=f" {target_percent(target)} FPR", showarrow=False, **place)
    ticks = [t for t in _TICKS if ends[0] <= float(deviate([t])[0]) <= ends[1]]
    shown = {"tickvals": deviate(ticks), "ticktext": [f"{100 * t:g}" for t in ticks], "range": ends}
    figure.update_xaxes(title_text="False-positive rate (%, normal deviate)", **shown)
    figure.update_xaxes(ticktext=[f"{100 * t:g}" if t in _NUMBERED else "" for t in ticks], tickangle=0)
    figure.update_yaxes(title_text=f"Missed {label(positive)} (%, normal deviate)", **shown)
