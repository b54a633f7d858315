"""Whole pages: the run's report, and the script-free page of token strips."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files

import plotly.graph_objects as go
import plotly.io
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from plotly.offline import get_plotlyjs

from sonde.base.errors import InputError
from sonde.report import sentences, tables
from sonde.report.audit_table import audit_table
from sonde.report.data import ReportData, TokenStrip
from sonde.report.figures import (
    calibration_curves,
    det_curves,
    layer_curve,
    roc_curves,
    score_histograms,
    transfer_map,
)
from sonde.report.token_strip import Scale, legend_html, scale_for, strip_html
from sonde.report.visible import plain, show_block, show_inline

THEMES = ("auto", "light", "dark")
#: The most tokens drawn in a report, shared by its strips; each costs about 130 bytes of its 6 MB.
TOKEN_BUDGET = 6000


def render_report(data: ReportData, theme: str = "auto") -> str:
    """Return a run's report as one HTML page that needs no network.

    Args:
        data: what to draw.
        theme: `auto` follows the reader's system; `light` and `dark` fix it.

    Raises:
        InputError: `theme` is none of these.
    """
    drawn = figures(data)
    scripts = {"plotly": Markup(get_plotlyjs()), "starter": Markup(asset("figures.js"))} if drawn else {}
    every = [strip for strips in data.strips.values() for strip in strips]
    return (
        environment()
        .get_template("report.html.j2")
        .render(
            theme=checked_theme(theme),
            css=Markup(asset("page.css") + asset("strips.css")),
            policy=content_policy(*scripts.values()),
            scripts=scripts,
            data=data,
            run=data.run,
            verdict=sentences.verdict(data.run),
            headline=sentences.headline(data),
            tiles=sentences.tiles(data),
            threshold=sentences.threshold_sentences(data),
            realised=sentences.realised(data.run.get("threshold") or {}),
            warnings=sentences.warnings(data),
            tables=_tables(data),
            facts=tables.fact_rows(data.run),
            figures=drawn,
            strips=strip_sections(data.strips, scale_for(every, data.threshold), data.positive),
            legend=legend_html(scale_for(every, data.threshold)),
        )
    )


def render_strips(
    strips: Sequence[TokenStrip], title: str, threshold: float | None, positive: str, theme: str = "auto"
) -> str:
    """Return a page of token strips in the order given: HTML and CSS, no script.

    Args:
        strips: what to draw.
        title: the page's heading.
        threshold: the centre of the shades, or None for 0.
        positive: name of the positive class.
        theme: `auto`, `light` or `dark`.
    """
    scale = scale_for(strips, threshold)
    return (
        environment()
        .get_template("strips.html.j2")
        .render(
            theme=checked_theme(theme),
            css=Markup(asset("page.css") + asset("strips.css")),
            policy=content_policy(),
            title=title,
            positive=positive,
            scale=scale,
            legend=legend_html(scale),
            strips=[strip_html(strip, scale, positive) for strip in strips],
        )
    )


def render_figure(figure: go.Figure, theme: str = "auto") -> str:
    """Return a page of one figure that needs no network.

    Args:
        figure: from any function of this room.
        theme: `auto`, `light` or `dark`.
    """
    scripts = {"plotly": Markup(get_plotlyjs()), "starter": Markup(asset("figures.js"))}
    return (
        environment()
        .get_template("figure.html.j2")
        .render(
            theme=checked_theme(theme),
            css=Markup(asset("page.css")),
            policy=content_policy(*scripts.values()),
            scripts=scripts,
            figure=embedded(figure),
        )
    )


def render_audit(audit: Mapping[str, object], title: str, theme: str = "auto") -> str:
    """Return an audit (as `run.json` holds it) as a page: HTML and CSS, no script.

    Args:
        audit: `verdict`, `sentence` and `findings`.
        title: the page's heading.
        theme: `auto`, `light` or `dark`.
    """
    return (
        environment()
        .get_template("audit.html.j2")
        .render(
            theme=checked_theme(theme),
            css=Markup(asset("page.css")),
            policy=content_policy(),
            title=title,
            verdict=sentences.verdict({"audit": audit}),
            table=audit_table(audit),
        )
    )


def figures(data: ReportData) -> dict[str, Mapping[str, object]]:
    """Return the figures by place, each as title, caption and script-safe JSON; what has no data is left out."""
    made: dict[str, go.Figure] = {}
    if data.sweep:
        first = data.headline_test
        lines = tables.baseline_values(data.run, first)
        named = {f"{name} (test)": value for name, value in lines.items()}
        n = _train_size(data.run)
        made["layers"] = layer_curve(data.sweep, selected=data.run.get("selected"), baselines=named, n=n)
    if data.test:
        recall = {name: tables.recall_entry(m) or {} for name, m in (data.run.get("test") or {}).items()}
        made["roc"] = roc_curves(data.test, recall=recall, positive=data.positive)
        control = (data.run.get("threshold") or {}).get("control", "control")
        made["scores"] = score_histograms(
            data.test,
            control=data.control,
            threshold=data.threshold,
            positive=data.positive,
            negative=data.negative,
            control_name=str(control),
        )
        made["det"] = det_curves(data.test, recall=recall, positive=data.positive)
    bins = {name: found for name, m in (data.run.get("test") or {}).items() if (found := m.get("reliability"))}
    if bins:
        errors = {name: data.run["test"][name].get("ece") or {} for name in bins}
        made["calibration"] = calibration_curves(bins, ece=errors, positive=data.positive)
    if data.run.get("transfer"):
        made["transfer"] = transfer_map(data.run["transfer"])
    return {place: embedded(figure) for place, figure in made.items()}


def embedded(figure: go.Figure) -> Mapping[str, object]:
    """Return a figure for a page: its title and caption become HTML, the rest JSON that cannot end its script."""
    about = figure.layout.meta
    figure = go.Figure(figure).update_layout(title=None, meta=None, margin={"t": 24})
    text = json.dumps(json.loads(plotly.io.to_json(figure)), ensure_ascii=True, separators=(",", ":"))
    return {
        "title": about["title"],
        "caption": Markup(about["caption"]),
        "height": figure.layout.height,
        "least_width": about.get("least_width", 0),
        "json": Markup(text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")),
    }


def strip_sections(
    strips: Mapping[str, Sequence[TokenStrip]], scale: Scale, positive: str
) -> list[tuple[str, list[tuple[str, list[Markup]]]]]:
    """Return data set → (heading, strips): the higher half by falling score, then the lower half by rising score."""
    limit = max(1, TOKEN_BUDGET // max(1, sum(len(s) for s in strips.values())))
    sections = []
    for name, given in strips.items():
        ordered = sorted(given, key=lambda strip: float("inf") if strip.score is None else -strip.score)
        half = (len(ordered) + 1) // 2
        parts = [("Highest scored", ordered[:half]), ("Lowest scored", ordered[half:][::-1])]
        drawn = [(title, [strip_html(s, scale, positive, limit) for s in part]) for title, part in parts if part]
        sections.append((name, drawn))
    return sections


def content_policy(*scripts: str) -> str:
    """Return the page's Content-Security-Policy: nothing from outside, no script but these."""
    digests = [base64.b64encode(hashlib.sha256(s.encode()).digest()).decode() for s in scripts]
    allowed = " ".join(f"'sha256-{d}'" for d in digests) or "'none'"
    return (
        f"default-src 'none'; script-src {allowed}; style-src 'unsafe-inline'; img-src data: blob:; "
        "base-uri 'none'; form-action 'none'"
    )


@cache
def asset(name: str) -> str:
    """Return a file of the room's `templates` folder as text."""
    return (files("sonde.report") / "templates" / name).read_text(encoding="utf-8")


@cache
def environment() -> Environment:
    """Return the room's templates: everything escaped, everything defined."""
    loader = PackageLoader("sonde.report", "templates")
    made = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    made.filters.update(show=show_inline, block=show_block, plain=plain)
    return made


def _tables(data: ReportData) -> dict[str, tables.Table | None]:
    return {
        "audit": audit_table(data.run.get("audit") or {}),
        "metrics": tables.metric_table(data.run),
        "baselines": tables.baseline_table(data.run),
        "sweep": tables.sweep_table(data.sweep, data.run.get("selected")),
        "sources": tables.source_table(data.run),
        "cost": tables.cost_table(data.run),
    }


def _train_size(run: Mapping[str, object]) -> int | None:
    train = run.get("train")
    if not isinstance(train, Mapping) or train.get("n_positive") is None:
        return None
    return int(train["n_positive"]) + int(train.get("n_negative") or 0)


def checked_theme(theme: str) -> str:
    """Return `theme`, or refuse it."""
    if theme not in THEMES:
        raise InputError(f"Theme {theme!r} of a page: expected one of {', '.join(THEMES)}; leave it out for 'auto'.")
    return theme
