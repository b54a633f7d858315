"""Train on one kind of data, test on another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go

from sonde.report.figures.heatmap import heatmap, intervals_fit, mark_cell, short_interval
from sonde.report.figures.style import label, short_label
from sonde.report.format import count, interval, number

LEFT_OUT = "all others"


def transfer_map(transfer: Mapping[str, Any]) -> go.Figure:
    """Draw the AUROC of every training set (rows) on every test set (columns), the worst framed.

    Args:
        transfer: `kinds`, `n`, `auroc` (`[train][test]` of `value`, `low`, `high`), `left_out` (by test: trained on all
            other kinds) and `worst` (a `[train, test]` place, or None).

    Example:
        >>> cell = {"value": 0.7, "low": 0.6, "high": 0.8}
        >>> made = {"kinds": ["a", "b"], "n": [9, 9], "auroc": [[cell] * 2] * 2, "left_out": [cell] * 2}
        >>> len(transfer_map({**made, "worst": [0, 1]}).layout.shapes)
        1
    """
    kinds = transfer["kinds"]
    left_out = transfer.get("left_out") or []
    several = len(kinds) > 2 and left_out  # with two kinds, all others are the other one
    cells = [*transfer["auroc"], *([left_out] if several else [])]
    rows = [*kinds, *([LEFT_OUT] if several else [])]
    text = "AUROC" + (" and its 95 % interval" if intervals_fit(kinds) else ", intervals under the pointer")
    text += "; on the diagonal, and where groups are shared, by five folds of groups"
    text += "; framed: the worst on another kind" if transfer.get("worst") else ""
    figure = heatmap(
        np.array([[np.nan if cell.get("value") is None else cell["value"] for cell in row] for row in cells]),
        rows,
        kinds,
        title="Transfer",
        caption=text,
        unit="AUROC",
        span=(0.0, 1.0),
        hover=[
            [_said(cell, train, test) for cell, test in zip(row, kinds, strict=True)]
            for row, train in zip(cells, rows, strict=True)
        ],
        below=[[short_interval(cell) for cell in row] for row in cells],
    )
    ticks = [f"{short_label(kind, 28)}<br>n = {count(n)}" for kind, n in zip(kinds, transfer["n"], strict=True)]
    figure.update_xaxes(ticktext=ticks, title_text="Tested on")
    figure.update_yaxes(title_text="Trained on")
    if transfer.get("worst"):
        mark_cell(figure, *transfer["worst"])
    return figure


def _said(cell: Mapping[str, Any], train: str, test: str) -> str:
    places: Sequence[str] = (f"trained on {label(train)}", f"tested on {label(test)}")
    if cell.get("value") is None:
        return "<br>".join([*places, f"undefined: {label(cell.get('reason') or 'no reason was recorded')}"])
    bounds = interval(cell.get("low"), cell.get("high"))
    return "<br>".join([*places, f"AUROC {number(cell['value'])}" + (f" [{bounds}]" if bounds else "")])
