"""A plotly figure of this room redrawn by matplotlib: lines, points, bars of error, filled areas and heat maps."""

from __future__ import annotations

import html
import io
from typing import Any

import numpy as np
import plotly.graph_objects as go

from sonde.base.errors import InputError

_DASHES = {
    "solid": "-",
    "dash": "--",
    "dot": ":",
    "dashdot": "-.",
    "longdash": (0, (8, 3)),
    "longdashdot": (0, (8, 3, 1, 3)),
}
_SYMBOLS = {
    "circle": "o",
    "square": "s",
    "diamond": "D",
    "triangle-up": "^",
    "cross": "P",
    "x": "X",
    "circle-open": "o",
}
_STEPS = {"hv": "steps-post", "vh": "steps-pre", "hvh": "steps-mid"}
_PIXELS = 100  # of plotly's height to the inch


def picture(figure: go.Figure, kind: str) -> bytes:
    """Return the figure as `svg`, `png` (300 dots an inch) or `pdf`, black on white; the caption stands below.

    Raises:
        InputError: matplotlib is not installed.
    """
    try:
        import matplotlib as mpl
        from matplotlib.figure import Figure
    except ImportError as error:
        raise InputError(
            'Static figures are drawn by matplotlib, which is missing: pip install "sonde[figures]".'
        ) from error
    with mpl.rc_context({"svg.hashsalt": "sonde", "svg.fonttype": "none", "font.size": 9}):
        cells = sorted({(t.yaxis or "y") for t in figure.data}, key=_number) or ["y"]
        drawn = Figure(figsize=(7.2, max(3.0, (figure.layout.height or 420) / _PIXELS)), layout="constrained")
        axes = dict(zip(cells, np.atleast_1d(drawn.subplots(len(cells), 1, sharex=len(cells) > 1)), strict=True))
        for trace in figure.data:
            _trace(axes[trace.yaxis or "y"], trace)
        for name, ax in axes.items():
            _axes(ax, figure, name[1:])
        _texts(drawn, axes, figure)
        out = io.BytesIO()
        drawn.savefig(out, format=kind, dpi=300, metadata={"Date": None} if kind == "svg" else None)
    return out.getvalue()


def _number(name: str) -> int:
    return int(name[1:] or 1)


def _words(text: Any) -> str:
    """Return a plotly label as plain text: entities resolved, line breaks as spaces, no TeX."""
    return html.unescape(str(text or "").replace("<br>", " ")).replace("$", r"\$")


def _trace(ax: Any, trace: Any) -> None:
    if trace.type == "heatmap":
        _heatmap(ax, trace)
    elif trace.type == "bar":
        ax.bar(trace.x, trace.y, color=_colour(trace.marker.color), label=_name(trace), alpha=0.8)
    else:
        _scatter(ax, trace)


def _scatter(ax: Any, trace: Any) -> None:
    x = np.array([np.nan if v is None else v for v in trace.x], dtype=float)
    y = np.array([np.nan if v is None else v for v in trace.y], dtype=float)
    colour = _colour(trace.line.color or trace.marker.color)
    lines, points = "lines" in (trace.mode or ""), "markers" in (trace.mode or "")
    if trace.fill:
        drawn = lines and trace.line.width != 0
        ax.fill(x, y, color=_colour(trace.fillcolor or colour), linewidth=0, label=None if drawn else _name(trace))
        if not drawn:
            return
    symbol = trace.marker.symbol if isinstance(trace.marker.symbol, str) else "circle"
    look: dict[str, Any] = {
        "color": colour,
        "linestyle": _DASHES.get(trace.line.dash or "solid", "-") if lines else "none",
        "linewidth": trace.line.width if trace.line.width is not None else 1.5,
        "marker": _SYMBOLS.get(symbol, "o") if points else "none",
        "markersize": 0.65 * (trace.marker.size or 8),
        "fillstyle": "none" if symbol.endswith("-open") else "full",
        "drawstyle": _STEPS.get(trace.line.shape or "", "default"),
        "label": _name(trace),
    }
    if trace.error_y.array is not None:
        up, down = trace.error_y.array, trace.error_y.arrayminus
        bars = np.abs([[np.nan if v is None else v for v in side] for side in (up if down is None else down, up)])
        ax.errorbar(x, y, yerr=bars.astype(float), capsize=2, elinewidth=1, **look)
    else:
        ax.plot(x, y, **look)


def _heatmap(ax: Any, trace: Any) -> None:
    from matplotlib.colors import LinearSegmentedColormap

    stops = [(float(at), _colour(colour)) for at, colour in trace.colorscale]
    z = np.array([[np.nan if v is None else v for v in row] for row in trace.z], dtype=float)
    scale = LinearSegmentedColormap.from_list("house", stops)
    image = ax.imshow(z, cmap=scale, vmin=trace.zmin, vmax=trace.zmax, aspect="auto")
    ax.figure.colorbar(image, ax=ax, label=_words(trace.colorbar.title.text), shrink=0.8)


def _colour(colour: Any) -> Any:
    """Return a plotly colour as matplotlib reads it."""
    if isinstance(colour, str) and colour.startswith("rgba"):
        *rgb, alpha = (float(v) for v in colour[5:-1].split(","))
        return (*(v / 255 for v in rgb), alpha)
    return colour if isinstance(colour, str) else "0.4"


def _name(trace: Any) -> str:
    return "_nolegend_" if trace.showlegend is False or not trace.name else _words(trace.name)


def _axes(ax: Any, figure: go.Figure, suffix: str) -> None:
    x, y = figure.layout[f"xaxis{suffix}"], figure.layout[f"yaxis{suffix}"]
    for side, axis in (("x", x), ("y", y)):
        getattr(ax, f"set_{side}label")(_words(axis.title.text))
        if axis.type == "log":
            getattr(ax, f"set_{side}scale")("log")
        if axis.range is not None:
            ends = [10**v for v in axis.range] if axis.type == "log" else list(axis.range)
            getattr(ax, f"set_{side}lim")(*ends)
        if axis.tickvals is not None:
            ticks = list(axis.tickvals)
            names = ["\n".join(map(_words, str(t).split("<br>"))) for t in axis.ticktext or axis.tickvals]
            crowded = (
                side == "x" and max((len(line) for n in names for line in n.split("\n")), default=0) * len(names) > 72
            )
            getattr(ax, f"set_{side}ticks")(ticks, names, rotation=20 if crowded else 0)
    if y.autorange == "reversed" and not ax.yaxis_inverted():
        ax.invert_yaxis()
    for shape in figure.layout.shapes:
        if (shape.yref or "y").split(" ")[0] == f"y{suffix}":
            _shape(ax, shape)
    for side in ("top", "right"):
        ax.spines[side].set_visible(False)


def _shape(ax: Any, shape: Any) -> None:
    look = {"color": _colour(shape.line.color), "linewidth": shape.line.width or 1}
    if shape.type == "rect":
        from matplotlib.patches import Rectangle

        corner = (shape.x0, shape.y0)
        ax.add_patch(
            Rectangle(
                corner, shape.x1 - shape.x0, shape.y1 - shape.y0, fill=False, edgecolor=look["color"], linewidth=2
            )
        )
    elif shape.x0 == shape.x1:
        ax.axvline(shape.x0, linestyle=_DASHES.get(shape.line.dash or "solid", "-"), **look)
    else:
        ax.plot(
            [shape.x0, shape.x1], [shape.y0, shape.y1], linestyle=_DASHES.get(shape.line.dash or "solid", "-"), **look
        )


def _texts(drawn: Any, axes: dict[str, Any], figure: go.Figure) -> None:
    import textwrap

    for note in figure.layout.annotations:
        place, _, domain = (note.yref or "y").partition(" ")
        ax = axes.get(place)
        if ax is None:
            continue
        if domain or (note.xref or "x").endswith("domain"):
            ax.set_title(_words(note.text), loc="left", fontsize=8) if (note.xref or "").endswith("domain") else None
            continue
        colour = _colour(note.font.color) if note.font.color else "0.1"
        shift = (0, 0.75 * (note.yshift or 0))  # plotly counts in pixels, matplotlib in points
        place = {"xy": (note.x, note.y), "xytext": shift, "textcoords": "offset points"}
        size = 0.6 * (note.font.size or 12)
        ax.annotate(_words(note.text), ha="center", va="center", fontsize=size, color=colour, **place)
    first = next(iter(axes.values()))
    about = figure.layout.meta or {}
    drawn.suptitle(_words(about.get("title")), fontsize=11, x=0.01, ha="left")
    drawn.supxlabel(
        "\n".join(textwrap.wrap(_words(about.get("caption")), 110)), fontsize=7, x=0.01, ha="left", color="0.35"
    )
    handles, names = first.get_legend_handles_labels()
    if handles:
        first.legend(handles, names, fontsize=7, frameon=False)
