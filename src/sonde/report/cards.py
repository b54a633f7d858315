"""A card: how a value looks in a notebook. A title, facts by name, tables, and HTML of this room's making."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from markupsafe import Markup

from sonde.report.data import TokenStrip
from sonde.report.page import asset, environment
from sonde.report.tables import Table
from sonde.report.token_strip import legend_html, scale_for, strip_html

Facts = Sequence[tuple[str, object]]
#: The most tokens a card draws, shared by its strips, and the most rows of its tables.
MOST_TOKENS, MOST_ROWS = 600, 12


def card(title: str, facts: Facts = (), *tables: Table | None, body: Markup | None = None) -> str:
    """Return a card; facts without a value and tables that are None are left out."""
    shown = [(name, str(value)) for name, value in facts if value not in (None, "")]
    template = environment().get_template("notebook.html.j2")
    css = Markup(asset("notebook.css") + asset("strips.css"))
    drawn = [table for table in tables if table is not None]
    return template.render(css=css, title=title, facts=shown, tables=drawn, body=body or Markup())


def scored_strips(strips: Sequence[TokenStrip], threshold: float | None, positive: str | None) -> Markup:
    """Return strips on one scale, its key before them."""
    scale = scale_for(strips, threshold)
    drawn = [strip_html(s, scale, positive, MOST_TOKENS // max(1, len(strips))) for s in strips]
    return legend_html(scale) + Markup("").join(drawn)


def plain_strip(name: str, pieces: Sequence[tuple[str, str]], limit: int = MOST_TOKENS) -> Markup:
    """Return (text, role) pieces as a strip that shows who said what, without scores."""
    texts, roles = tuple(t for t, _ in pieces), tuple(r for _, r in pieces)
    strip = TokenStrip(name, "", None, texts, (None,) * len(texts), roles)
    return strip_html(strip, scale_for([], None), limit=limit, scored=False)


def short(text: str, limit: int = 90) -> str:
    """Return a text on one line, cut to `limit` characters."""
    flat = " ".join(text.split())
    return flat if len(flat) <= limit else flat[: limit - 1] + "…"


def provenance(fingerprint: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return a capture's fingerprint as facts: hashes cut short, the self-check in words, its sites left to a table."""
    facts: list[tuple[str, str]] = []
    for name, value in fingerprint.items():
        if name == "self_check":
            facts.append(("self check", _self_check(value)))
        elif name != "sites":
            facts.append((name.replace("_", " "), value[:12] + "…" if _is_hash(value) else value))
    return facts


def _is_hash(value: str) -> bool:
    return len(value) == 64 and set(value) <= set("0123456789abcdef")


def _self_check(value: str) -> str:
    try:
        said = json.loads(value)
        worst, tolerance = float(said["batched_vs_unbatched"]), float(said["tolerance"])
    except (ValueError, KeyError, TypeError):
        return short(value)
    return f"passed; batched differs from unbatched by {worst:.0e}, at most {tolerance:.0e} is let through"
