"""Where a behaviour is decided: what patching one site at one position restores."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go
from jaxtyping import Float

from sonde.report.figures.heatmap import heatmap
from sonde.report.figures.style import label
from sonde.report.format import count, number


def patching_map(
    effect: Float[np.ndarray, "sites positions"], sites: Sequence[str], positions: Sequence[str], *, n: int
) -> go.Figure:
    """Draw the share of the behaviour that patching restores, by site (first at the bottom) and position.

    Args:
        effect: 0 = as in the corrupted run, 1 = as in the clean run; negative and above 1 are possible; NaN = not run.
        sites, positions: names of the axes.
        n: pairs of runs behind each cell.

    Example:
        >>> import numpy as np
        >>> patching_map(np.array([[0.2, 0.9]]), ["blocks.0.hook_resid_post"], ["the", "."], n=10).layout.yaxis.ticktext
        ('blocks.0.hook_resid_post',)
    """
    hover = [
        [f"{label(s)}<br>{label(p)}<br>effect {number(float(effect[i, j]))}" for j, p in enumerate(positions)]
        for i, s in enumerate(sites)
    ]
    reach = max(1.0, float(np.nanmax(np.abs(effect), initial=1.0)))
    figure = heatmap(
        np.asarray(effect, dtype=float)[::-1],
        list(sites)[::-1],
        positions,
        title="What patching restores",
        caption=f"0 = as in the corrupted run, 1 = as in the clean one; mean of n = {count(n)} pairs of runs",
        unit="share restored",
        span=(-reach, reach),
        hover=hover[::-1],
    )
    figure.update_xaxes(title_text="Position patched")
    return figure
