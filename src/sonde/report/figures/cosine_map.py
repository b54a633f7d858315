"""Do probes point the same way? Cosines between directions."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import plotly.graph_objects as go
from jaxtyping import Float

from sonde.base.errors import InputError
from sonde.report.figures.heatmap import heatmap
from sonde.report.figures.style import label
from sonde.report.format import number


def cosine_map(directions: Mapping[str, Float[np.ndarray, " d"]]) -> go.Figure:
    """Draw the cosine of every pair of directions.

    Args:
        directions: name → `[d]` vector, of one site and one model (only then are they comparable); any length but 0.

    Raises:
        InputError: directions of different widths, or one of length 0.

    Example:
        >>> import numpy as np
        >>> cosine_map({"a": np.array([1.0, 0.0]), "b": np.array([0.0, 2.0])}).data[0].z[0]
        (1.0, 0.0)
    """
    names = list(directions)
    widths = {len(v) for v in directions.values()}
    if len(widths) != 1:
        raise InputError(
            f"The directions {', '.join(names)} have widths {sorted(widths)}: "
            "cosines need probes of one site of one model."
        )
    stacked = np.stack([np.asarray(v, dtype=float) for v in directions.values()])
    lengths = np.linalg.norm(stacked, axis=1, keepdims=True)
    if (lengths == 0).any():
        raise InputError(
            f"Direction {names[int(np.argmin(lengths))]!r} has length 0 and so points nowhere: leave it out."
        )
    cosines = np.clip((stacked / lengths) @ (stacked / lengths).T, -1, 1)
    hover = [
        [f"{label(a)}<br>{label(b)}<br>cosine {number(cosines[i, j])}" for j, b in enumerate(names)]
        for i, a in enumerate(names)
    ]
    d = widths.pop()
    chance = number(2 / np.sqrt(d), 2)
    return heatmap(
        cosines,
        names,
        names,
        title="Agreement of directions",
        caption=f"Cosine of unit vectors in d = {d}; 19 of 20 random pairs lie within ±{chance}",
        unit="cosine",
        span=(-1.0, 1.0),
        hover=hover,
    )
