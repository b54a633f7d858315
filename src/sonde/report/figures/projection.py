"""Examples in a plane: a view, not evidence."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go
from jaxtyping import Float

from sonde.base.errors import InputError
from sonde.report.figures.style import house_figure, label, series_style, short_label
from sonde.report.format import count


def projection(
    points: Float[np.ndarray, "n 2"],
    classes: Sequence[str],
    *,
    axes: tuple[str, str],
    names: Sequence[str] | None = None,
    positive: str | None = None,
) -> go.Figure:
    """Draw examples as points in a plane.

    Two dimensions of many can be chosen to show almost anything, so the caption says that this is a view.

    Args:
        points: coordinates of the examples, for example on a probe's direction and on the first principal component.
        classes: `[n]` name of each example's class; one series each, in the order of appearance.
        axes: what the two coordinates are, with their unit.
        names: `[n]` what each point says under the pointer.
        positive: the class that is drawn in the colour of the positive class, as in the other figures.

    Raises:
        InputError: not one class (and name) a point.

    Example:
        >>> import numpy as np
        >>> len(projection(np.zeros((2, 2)), ["lie", "honest"], axes=("direction (units)", "first component")).data)
        2
    """
    if len(points) != len(classes) or (names is not None and len(names) != len(points)):
        raise InputError(f"A projection of {len(points)} points was given {len(classes)} classes: expected one each.")
    text = f"A view, not evidence: two dimensions of many; n = {count(len(points))}"
    figure = house_figure("Projection", text, height=460)
    found = list(dict.fromkeys(classes))
    if positive is not None and positive in found:  # the second colour of the house is that of the positive class
        found.remove(positive)
        found.insert(1, positive)
    for index, name in enumerate(found):
        inside = [i for i, c in enumerate(classes) if c == name]
        style = series_style(index)
        figure.add_trace(
            go.Scatter(
                x=points[inside, 0],
                y=points[inside, 1],
                mode="markers",
                name=f"{short_label(name)} (n = {count(len(inside))})",
                marker={"symbol": style["symbol"], "color": style["colour"], "size": 6, "opacity": 0.65},
                text=[label(names[i]) if names is not None else "" for i in inside],
                hovertemplate="%{text}<extra>%{fullData.name}</extra>",
            )
        )
    figure.update_xaxes(title_text=label(axes[0]))
    figure.update_yaxes(title_text=label(axes[1]))
    return figure
