"""The ROC where it matters: at few false positives, on a log scale, and not below what n can resolve."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import plotly.graph_objects as go

from sonde.report.figures.style import NEUTRAL, house_figure, label, series_style, set_caption, short_label
from sonde.report.format import count, number, percent, target_percent

_MOST_POINTS = 600


def roc_curves(
    test: Mapping[str, tuple[np.ndarray, np.ndarray]],
    *,
    recall: Mapping[str, Mapping[str, Any]] | None = None,
    target_fpr: float = 0.01,
    positive: str = "positive",
) -> go.Figure:
    """Draw recall against false-positive rate (log scale), one curve a test set, the target rate marked.

    A set of m negatives resolves steps of 1/m, so its curve begins there; where 1/m exceeds the target, no point is set
    at the target.

    Args:
        test: set → (labels `[n]`, 1 = positive; scores `[n]`).
        recall: set → recall at the target rate with its interval (`value`, `low`, `high`), for the bar at the point.
        target_fpr: the rate marked, a fraction.
        positive: name of the positive class.

    Example:
        >>> import numpy as np
        >>> roc = roc_curves({"a": (np.array([0, 1]), np.array([0.0, 1.0]))})
        >>> roc.layout.xaxis.type
        'log'
    """
    notes = []
    curves = {name: step_curve(labels, scores) for name, (labels, scores) in test.items()}
    figure = house_figure("ROC at few false positives", "", height=460)
    for index, (name, curve) in enumerate(curves.items()):
        if curve is None:
            notes.append(f"{label(name)} has one class only and is not drawn")
            continue
        labels = np.asarray(test[name][0])
        figure.add_trace(_curve(name, curve, labels, index))
        if curve[0][0] <= target_fpr * (1 + 1e-9):
            figure.add_trace(_point(curve, (recall or {}).get(name), target_fpr, index))
        else:
            notes.append(f"{label(name)} has too few negatives to resolve {target_percent(target_fpr)}")
    lowest = min((c[0][0] for c in curves.values() if c is not None), default=target_fpr)
    _guides(figure, min(lowest, target_fpr), target_fpr)
    title = f"Recall: share of {label(positive)} caught (%)"
    figure.update_yaxes(title_text=title, range=[-2, 102])
    text = f"Curves begin at 1/n negatives, the finest rate n can resolve; ringed: at most {target_percent(target_fpr)}"
    text += ", with its 95 % interval" if recall else ""
    set_caption(figure, figure.layout.title.text, "; ".join([text, *notes]))
    return figure


def step_curve(labels: np.ndarray, scores: np.ndarray) -> tuple[np.ndarray, np.ndarray] | None:
    """Return (FPR, recall) from FPR = 1/n negatives to 1, or None when a class is missing.

    The first recall is the highest at an FPR of at most 1/n; both are non-decreasing.
    """
    from sklearn.metrics import roc_curve

    labels = np.asarray(labels)
    negatives = int((labels == 0).sum())
    if negatives == 0 or negatives == len(labels):
        return None
    fpr, recall, _ = roc_curve(labels, np.asarray(scores, dtype=float), drop_intermediate=True)
    finest = 1 / negatives
    shown = fpr > finest * (1 + 1e-9)
    start = recall[~shown].max()
    fpr, recall = np.r_[finest, fpr[shown]], np.r_[start, recall[shown]]
    return _thin(fpr, recall)


def _thin(fpr: np.ndarray, recall: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Keep at most `_MOST_POINTS` points, evenly along the log axis, ends included."""
    if len(fpr) <= _MOST_POINTS:
        return fpr, recall
    at = np.searchsorted(fpr, np.geomspace(fpr[0], fpr[-1], _MOST_POINTS - 1))
    keep = np.unique(np.r_[0, np.clip(at, 0, len(fpr) - 1), len(fpr) - 1])
    return fpr[keep], recall[keep]


def recall_at(curve: tuple[np.ndarray, np.ndarray], target: float) -> float:
    """Return the highest recall at an FPR of at most `target`."""
    fpr, recall = curve
    return float(recall[fpr <= target * (1 + 1e-9)].max())


def _curve(name: str, curve: tuple[np.ndarray, np.ndarray], labels: np.ndarray, index: int) -> go.Scatter:
    style = series_style(index)
    positives, negatives = int((labels == 1).sum()), int((labels == 0).sum())
    return go.Scatter(
        x=100 * curve[0],
        y=100 * curve[1],
        name=f"{short_label(name)} (n = {count(positives)} + {count(negatives)})",
        mode="lines",
        line={"color": style["colour"], "dash": style["dash"], "width": 2.2, "shape": "hv"},
        hovertemplate="recall %{y:.1f} % at FPR %{x:.2f} %<extra>%{fullData.name}</extra>",
    )


def _point(
    curve: tuple[np.ndarray, np.ndarray], bounds: Mapping[str, Any] | None, target: float, index: int
) -> go.Scatter:
    colour = series_style(index)["colour"]
    value = recall_at(curve, target)
    bars = None
    if bounds and bounds.get("low") is not None and bounds.get("high") is not None:
        up, down = max(0.0, 100 * (bounds["high"] - value)), max(0.0, 100 * (value - bounds["low"]))
        bars = {"type": "data", "symmetric": False, "array": [up], "arrayminus": [down], "thickness": 1.5, "width": 5}
    return go.Scatter(
        x=[100 * target],
        y=[100 * value],
        mode="markers",
        showlegend=False,
        marker={"symbol": "circle-open", "size": 12, "color": colour, "line": {"width": 2.5}},
        error_y=bars,
        hovertemplate=f"recall {percent(value)} at most {target_percent(target)} FPR<extra></extra>",
    )


def _guides(figure: go.Figure, lowest: float, target: float) -> None:
    x = np.geomspace(lowest, 1, 60)
    chance = {"color": NEUTRAL, "width": 1.2, "dash": "dot"}
    figure.add_trace(go.Scatter(x=100 * x, y=100 * x, name="chance", mode="lines", line=chance, hoverinfo="name"))
    figure.add_vline(x=100 * target, line={"color": NEUTRAL, "width": 1, "dash": "dash"})
    # plotly places annotations on a log axis by exponent
    place = {"x": float(np.log10(100 * target)), "y": 0.06, "yref": "y domain", "xanchor": "left", "yanchor": "bottom"}
    figure.add_annotation(text=f" {target_percent(target)} FPR", showarrow=False, **place)
    ticks = [t for t in (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100) if t >= 100 * lowest * 0.99]
    figure.update_xaxes(
        title_text="False-positive rate (%, log scale)",
        type="log",
        range=[float(np.log10(100 * lowest)) - 0.04, 2.02],
        tickvals=ticks,
        ticktext=[number(t, 0) if t >= 1 else f"{t:g}" for t in ticks],
        minor={"ticks": "outside", "ticklen": 2, "dtick": "D1"},
    )
