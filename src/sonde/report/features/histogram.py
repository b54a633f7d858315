"""A histogram as a small drawing in the page itself: counts on a logarithmic axis, so that the tail is seen."""

from __future__ import annotations

import math

import numpy as np
from markupsafe import Markup

from sonde.report.format import count, number

_WIDTH, _HEIGHT, _LEFT, _RIGHT, _BOTTOM, _TOP = 640, 206, 52, 26, 34, 26


def round_ticks(end: float) -> list[float]:
    """Return four to nine round numbers from 0 up to at most `end`, a positive number.

    Example:
        >>> round_ticks(242.0)
        [0.0, 50.0, 100.0, 150.0, 200.0]
    """
    power = 10.0 ** math.floor(math.log10(end))
    step = next(power * part for part in (0.2, 0.5, 1.0, 2.0) if end / (power * part) < 8)
    return [round(k * step, 12) for k in range(int(end / step + 1e-9) + 1)]


def histogram_svg(values: np.ndarray, bins: int = 40) -> Markup:
    """Return the histogram of `[a]` positive values, counts on a log scale, as SVG with a text alternative."""
    if len(values) == 0:
        return Markup("<p>It is active nowhere in this data.</p>")
    counts, edges = np.histogram(values, bins=bins, range=(0.0, float(values.max())))
    decades = max(1, int(np.ceil(np.log10(counts.max() + 1))))
    height, width = _HEIGHT - _BOTTOM - _TOP, (_WIDTH - _LEFT - _RIGHT) / bins

    def y(value: float) -> float:
        return _TOP + height * (1 - float(np.log10(max(value, 1.0))) / decades)

    bars = [
        f'<rect x="{_LEFT + i * width:.1f}" y="{y(c + 0.3):.1f}" width="{max(width - 1, 0.5):.1f}" '
        f'height="{_TOP + height - y(c + 0.3):.1f}"><title>{count(int(c))} rows, {number(edges[i])} to '
        f"{number(edges[i + 1])}</title></rect>"
        for i, c in enumerate(counts)
        if c
    ]
    lines = [
        f'<line x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y(10**d):.1f}" y2="{y(10**d):.1f}"/>'
        f'<text x="{_LEFT - 6}" y="{y(10**d) + 4:.1f}" text-anchor="end">{count(10**d)}</text>'
        for d in range(decades + 1)
    ]
    ticks = [
        f'<text x="{_LEFT + tick / edges[-1] * (_WIDTH - _LEFT - _RIGHT):.0f}" y="{_HEIGHT - 16}" '
        f'text-anchor="middle">{tick:g}</text>'
        for tick in round_ticks(float(edges[-1]))
    ]
    said = f"Histogram of {count(len(values))} activations up to {number(float(values.max()))}, counts on a log scale"
    return Markup(
        f'<svg class="hist" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{said}">'
        f'<g class="grid">{"".join(lines)}</g><g class="bars">{"".join(bars)}</g><g class="grid">{"".join(ticks)}'
        f'<text x="{(_LEFT + _WIDTH) / 2:.0f}" y="{_HEIGHT - 2}" text-anchor="middle">activation</text>'
        f'<text x="{_LEFT + 6}" y="{_TOP - 12}">tokens, log scale</text></g></svg>'
    )
