"""Where and when the concept can be read: AUROC by site and token position."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import plotly.graph_objects as go

from sonde.report.figures.heatmap import heatmap, intervals_fit, mark_cell, short_interval
from sonde.report.figures.style import label
from sonde.report.format import count, number


def site_grid(
    cells: Mapping[tuple[str, str], Mapping[str, Any]],
    *,
    selected: tuple[str, str] | None = None,
    n: int | None = None,
    on: str = "validation folds",
) -> go.Figure:
    """Draw AUROC for every site (rows, first at the bottom) and token position (columns).

    Args:
        cells: (site, position) → `value`, `low`, `high` of the AUROC; cells left out or without a value stay empty.
        selected: the (site, position) to frame.
        n: examples behind each cell.
        on: what the AUROCs were measured on.

    Example:
        >>> cells = {("blocks.0.hook_resid_post", "last(1)"): {"value": 0.9, "low": 0.8, "high": 0.95}}
        >>> site_grid(cells).layout.xaxis.ticktext
        ('last(1)',)
    """
    sites = list(dict.fromkeys(site for site, _ in cells))[::-1]
    positions = list(dict.fromkeys(position for _, position in cells))
    values = np.full((len(sites), len(positions)), np.nan)
    below = [["" for _ in positions] for _ in sites]
    hover = [[f"{label(s)}<br>{label(p)}<br>not measured" for p in positions] for s in sites]
    for (site, position), cell in cells.items():
        row, column = sites.index(site), positions.index(position)
        if cell.get("value") is not None:
            values[row, column] = float(cell["value"])
        hover[row][column] = _hover(site, position, cell)
        below[row][column] = short_interval(cell)
    text = f"AUROC on {label(on)}, "
    text += "its 95 % interval below" if intervals_fit(positions) else "intervals under the pointer"
    text += "; blue is below chance (0.5), orange above" + ("; framed: the selected one" if selected in cells else "")
    text += f"; n = {count(n)} examples" if n is not None else ""
    figure = heatmap(
        values,
        sites,
        positions,
        title="AUROC by site and position",
        caption=text,
        unit="AUROC",
        span=(0.0, 1.0),
        hover=hover,
        below=below,
    )
    figure.update_xaxes(title_text="Tokens read")
    if selected is not None and selected in cells:
        mark_cell(figure, sites.index(selected[0]), positions.index(selected[1]))
    return figure


def _hover(site: str, position: str, cell: Mapping[str, Any]) -> str:
    where = f"{label(site)}<br>{label(position)}<br>"
    if cell.get("value") is None:
        return where + f"undefined: {label(cell.get('reason') or 'no reason was recorded')}"
    bounds = "" if cell.get("low") is None else f" [{number(cell['low'])} to {number(cell.get('high'))}]"
    return where + f"AUROC {number(cell['value'])}{bounds}"
