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
    series = group_series(drawn)
    for index, (name, rows) in enumerate(series.items()):
        shift = 0.08 * (index - (len(series) - 1) / 2)
        figure.add_trace(_series(name, rows, index, shift))
        _ring(figure, rows, shift, selected)
    _lines(figure, drawn, baselines or {})
    _axes(figure, drawn, baselines or {})
    return figure


def kind_of(site: str) -> str:
    """Return the site without its layer: `blocks.2.hook_resid_post` → `resid_post`."""
    return re.sub(r"^blocks\.\d+\.", "", site).replace("hook_", "")


def group_series(rows: Sequence[Row]) -> dict[str, list[Row]]:
    """Group rows into series by kind of site and probe type, in layer order.

    Where the layers hold one kind of site only, a series is a probe type, and sites outside the layers join it.
    """
    layered = {kind_of(r["site"]) for r in rows if r.get("layer") is not None}
    one = len(layered) <= 1
    groups: dict[str, list[Row]] = {}
    for row in sorted(rows, key=lambda r: (kind_of(r["site"]) not in layered, r["site"], r["probe"])):
        name = row["probe"] if one else f"{kind_of(row['site'])}, {row['probe']}"
        groups.setdefault(name, []).append(row)
    return {name: sorted(group, key=position) for name, group in groups.items()}


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


def _series(name: str, rows: Sequence[Row], index: int, shift: float) -> go.Scatter:
    style = series_style(index)
    cut = sum(position(r) == _OUTSIDE for r in rows)  # no line joins the embedding to the layers
    high = [_bound(r, "high") for r in rows]
    low = [_bound(r, "low") for r in rows]
    return go.Scatter(
        x=_gap([position(r) + shift for r in rows], cut),
        y=_gap([r["auroc"]["value"] for r in rows], cut),
        name=label(name),
        mode="lines+markers",
        line={"color": style["colour"], "dash": style["dash"], "width": 2},
        marker={"symbol": style["symbol"], "size": 8},
        error_y={
            "type": "data",
            "symmetric": False,
            "array": _gap(high, cut),
            "arrayminus": _gap(low, cut),
            "thickness": 1.3,
            "width": 3,
        },
        text=_gap([_hover(r) for r in rows], cut),
        hovertemplate="%{text}<extra></extra>",
    )


def _gap(values: list[Any], at: int) -> list[Any]:
    return [*values[:at], None, *values[at:]] if at else values


def _bound(row: Row, name: str) -> float:
    bound = row["auroc"].get(name)
    return 0.0 if bound is None else abs(float(bound) - float(row["auroc"]["value"]))


def _hover(row: Row) -> str:
    a = row["auroc"]
    strength = "" if row.get("l2") is None else f", l2 {row['l2']:g}"
    bounds = "" if a.get("low") is None else f" [{number(a['low'])} to {number(a.get('high'))}]"
    return f"{label(row['site'])}<br>{label(row['probe'])}{strength}<br>AUROC {number(a['value'])}{bounds}"


def _ring(figure: go.Figure, rows: Sequence[Row], shift: float, selected: Mapping[str, Any] | None) -> None:
    wanted = selected or {}
    for row in [r for r in rows if (r["site"], r["probe"]) == (wanted.get("site"), wanted.get("probe"))]:
        ring = {"symbol": "circle-open", "size": 19, "line": {"width": 2.5, "color": NEUTRAL}, "color": NEUTRAL}
        x, y = [position(row) + shift], [row["auroc"]["value"]]
        figure.add_trace(
            go.Scatter(x=x, y=y, name="selected", mode="markers", marker=ring, hoverinfo="skip", cliponaxis=False)
        )


def _lines(figure: go.Figure, drawn: Sequence[Row], baselines: Mapping[str, float]) -> None:
    places = [position(r) for r in drawn] or [0]
    ends = [min(places) - 0.35, max(places) + 0.35]
    chance = {"color": NEUTRAL, "width": 1.2, "dash": "dot"}
    figure.add_trace(go.Scatter(x=ends, y=[0.5, 0.5], name="chance", mode="lines", line=chance, hoverinfo="name"))
    for index, (name, value) in enumerate(baselines.items()):
        style = series_style(index + 2)
        line = {"color": style["colour"], "width": 1.2, "dash": style["dash"]}
        shown = f"{label(name)} {number(value)}"
        figure.add_trace(go.Scatter(x=ends, y=[value, value], name=shown, mode="lines", line=line, hoverinfo="name"))


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
