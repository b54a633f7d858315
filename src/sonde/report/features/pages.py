"""The pages themselves: a latent's, and the index of all of them."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence

from markupsafe import Markup

from sonde.report.features.data import FeaturePage, IndexEntry
from sonde.report.features.histogram import histogram_svg
from sonde.report.format import count, number, percent
from sonde.report.page import asset, content_policy, environment
from sonde.report.token_strip import scale_for, strip_html
from sonde.report.visible import plain

#: Tokens drawn of one example: a window around its highest activation.
WINDOW = 40


def page_name(latent: int) -> str:
    """Return the file name of a latent's page."""
    return f"latent-{latent}.html"


def render_feature(page: FeaturePage, linked: Collection[int] = (), theme: str = "auto") -> str:
    """Return one latent's page: HTML and CSS, no script, nothing from outside.

    Args:
        page: what to draw.
        linked: latents that have a page beside this one.
        theme: `auto`, `light` or `dark`.
    """
    every = [strip for _, strips in page.strips for strip in strips]
    scale = scale_for(every, None)
    sections = [(heading, [strip_html(s, scale, None, WINDOW) for s in strips]) for heading, strips in page.strips]
    return (
        environment()
        .get_template("feature.html.j2")
        .render(
            theme=theme,
            css=Markup(asset("page.css") + asset("strips.css") + asset("features.css")),
            policy=content_policy(),
            page=page,
            density=percent(page.density),
            rows=count(page.rows),
            active=count(len(page.active)),
            highest=number(float(page.active.max())) if len(page.active) else "none",
            histogram=histogram_svg(page.active),
            span=number(scale.span, 2),
            sections=sections,
            logits=[("Raises", _logits(page.top_logits)), ("Lowers", _logits(page.bottom_logits))],
            neighbours=[(i, page_name(i) if i in linked else "", number(cosine)) for i, cosine in page.neighbours],
        )
    )


def render_index(
    entries: Sequence[IndexEntry], title: str, about: Sequence[tuple[str, str]], theme: str = "auto"
) -> str:
    """Return the index: every latent in one searchable, sortable list, of which only what is on screen is drawn.

    Args:
        entries: one a latent that has a page.
        title: the heading.
        about: facts of the dictionary by name.
        theme: `auto`, `light` or `dark`.
    """
    rows = [[e.latent, round(e.density, 6), round(e.highest, 4), plain(e.tokens), e.z] for e in entries]
    text = json.dumps(rows, ensure_ascii=True, separators=(",", ":"), allow_nan=False)
    script = Markup(asset("features.js"))
    return (
        environment()
        .get_template("features_index.html.j2")
        .render(
            theme=theme,
            css=Markup(asset("page.css") + asset("features.css")),
            policy=content_policy(script),
            title=title,
            about=about,
            total=count(len(entries)),
            concept=any(e.z is not None for e in entries),
            data=Markup(text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")),
            script=script,
        )
    )


def _logits(pairs: Sequence[tuple[str, float]]) -> list[tuple[str, str]]:
    return [(token, number(value)) for token, value in pairs]
