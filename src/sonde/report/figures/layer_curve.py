"""Where in the model the concept can be read: validation AUROC by layer."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import plotly.graph_objects as go

from sonde.report.figures.style import NEUTRAL, house_figure, label, series_style
from sonde.report.format import count, number

Row = Mapping[str, Any]
_OUTSIDE = -1  # where sites outside the layers (the embedding) are drawn


def layer_curve(
    sweep: Sequence[Row],
    *,
    selected: Mapping[str, Any] | None = None,
    baselines: Mapping[str, float] | None = None,
    n: int | None = None,
) -> go.Figure:
    """Draw validation AUROC by layer, one series a kind of site and probe type, each at its best l2.

    Args:
        sweep: rows of `site`, `layer` (None outside the layers), `probe`, `l2`, `auroc` (`value`, `low`, `high`).
        selected: the chosen `site`, `probe`, `l2`; ringed.
        baselines: name → AUROC, drawn as horizontal lines.
        n: validation examples behind each point.

    Example:
        >>> rows = [{"site": "hook_embed", "layer": None, "probe": "lda", "l2": 1.0, "auroc": {"value": 0.6}}]
        >>> len(layer_curve(rows).data)
        2
    """
    best = best_rows(sweep)
    drawn = [row for row in best if row["auroc"].get("value") is not None]
    figure = house_figure("AUROC by layer", caption(best, drawn, n))
    kinds = sorted({series_of(row) for row in drawn})
    for index, kind in enumerate(kinds):
        rows = sorted((r for r in drawn if series_of(r) == kind), key=position)
        figure.add_trace(_series(kind, rows, index, shift=0.08 * (index - (len(kinds) - 1) / 2)))
    _ring(figure, drawn, kinds, selected)
    _lines(figure, drawn, baselines or {})
    _axes(figure, drawn, baselines or {})
    return figure


def kind_of(site: str) -> str:
    """Return the site without its layer: `blocks.2.hook_resid_post` → `resid_post`."""
    return re.sub(r"^blocks\.\d+\.", "", site).replace("hook_", "")


def series_of(row: Row) -> tuple[str, str]:
    """Return what a row's point belongs to: the kind of site and the probe type."""
    return kind_of(row["site"]), row["probe"]


def position(row: Row) -> int:
    """Return a row's place on the layer axis."""
    return _OUTSIDE if row.get("layer") is None else int(row["layer"])


def best_rows(sweep: Sequence[Row]) -> list[Row]:
    """Keep the best l2 of every site and probe type, by validation AUROC (the first of equals)."""
    best: dict[tuple[str, str], Row] = {}
    for row in sweep:
        key = (row["site"], row["probe"])
        if key not in best or _value(row) > _value(best[key]):
            best[key] = row
    return list(best.values())


def _value(row: Row) -> float:
    value = row["auroc"].get("value")
    return float("-inf") if value is None else float(value)


def caption(best: Sequence[Row], drawn: Sequence[Row], n: int | None) -> str:
    """Say what the points are, over how many examples, and how many could not be drawn."""
    text = "Best l2 of each site and probe type on validation folds; bars are 95 % intervals"
    text += f"; n = {count(n)} examples" if n is not None else ""
    missing = len(best) - len(drawn)
    return text + (f"; {missing} undefined and not drawn" if missing else "")


def _series(kind: tuple[str, str], rows: Sequence[Row], index: int, shift: float) -> go.Scatter:
    style = series_style(index)
    high = [_bound(r, "high") for r in rows]
    low = [_bound(r, "low") for r in rows]
    return go.Scatter(
        x=[position(r) + shift for r in rows],
        y=[r["auroc"]["value"] for r in rows],
        name=label(f"{kind[0]}, {kind[1]}"),
        mode="lines+markers",
        line={"color": style["colour"], "dash": style["dash"], "width": 2},
        marker={"symbol": style["symbol"], "size": 8},
        error_y={"type": "data", "symmetric": False, "array": high, "arrayminus": low, "thickness": 1.3, "width": 3},
        text=[_hover(r) for r in rows],
        hovertemplate="%{text}<extra></extra>",
    )


def _bound(row: Row, name: str) -> float:
    bound = row["auroc"].get(name)
    return 0.0 if bound is None else abs(float(bound) - float(row["auroc"]["value"]))


def _hover(row: Row) -> str:
    a = row["auroc"]
    strength = "" if row.get("l2") is None else f", l2 {row['l2']:g}"
    bounds = "" if a.get("low") is None else f" [{number(a['low'])} to {number(a.get('high'))}]"
    return f"{label(row['site'])}<br>{label(row['probe'])}{strength}<br>AUROC {number(a['value'])}{bounds}"


def _ring(figure: go.Figure, drawn: Sequence[Row], kinds: Sequence[tuple[str, str]], selected: Any) -> None:
    if not selected:
        return
    chosen = [r for r in drawn if r["site"] == selected.get("site") and r["probe"] == selected.get("probe")]
    for row in chosen[:1]:
        shift = 0.08 * (kinds.index(series_of(row)) - (len(kinds) - 1) / 2)
        ring = {"symbol": "circle-open", "size": 19, "line": {"width": 2.5, "color": NEUTRAL}, "color": NEUTRAL}
        x, y = [position(row) + shift], [row["auroc"]["value"]]
        figure.add_trace(go.Scatter(x=x, y=y, name="selected", mode="markers", marker=ring, hoverinfo="skip"))


def _lines(figure: go.Figure, drawn: Sequence[Row], baselines: Mapping[str, float]) -> None:
    places = [position(r) for r in drawn] or [0]
    ends = [min(places) - 0.35, max(places) + 0.35]
    chance = {"color": NEUTRAL, "width": 1.2, "dash": "dot"}
    figure.add_trace(go.Scatter(x=ends, y=[0.5, 0.5], name="chance", mode="lines", line=chance, hoverinfo="name"))
    for index, (name, value) in enumerate(baselines.items()):
        style = series_style(index + 2)
        line = {"color": style["colour"], "width": 1.2, "dash": style["dash"]}
        shown = f"{label(name)} {number(value)}"
        figure.add_trace(
            go.Scatter(x=ends, y=[value, value], name=shown, mode="lines", line=line, hoverinfo="name")
        )


def _axes(figure: go.Figure, drawn: Sequence[Row], baselines: Mapping[str, float]) -> None:
    places = sorted({position(r) for r in drawn})
    step = max(1, len(places) // 16)
    ticks = [p for p in places if p == _OUTSIDE or p % step == 0]
    outside = {kind_of(r["site"]) for r in drawn if position(r) == _OUTSIDE}
    names = [(label(outside.pop()) if len(outside) == 1 else "no layer") if p == _OUTSIDE else str(p) for p in ticks]
    figure.update_xaxes(title_text="Layer (block index)", tickvals=ticks, ticktext=names, showgrid=False)
    lows = [r["auroc"].get("low") or r["auroc"]["value"] for r in drawn]
    floor = min([0.5, *lows, *baselines.values()])
    figure.update_yaxes(title_text="AUROC (0.5 = chance, 1 = perfect)", range=[max(0.0, floor - 0.04), 1.015])
