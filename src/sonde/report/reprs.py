"""How values look in a notebook: a small card each, in the theme's own colours. Unknown values have no picture."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from markupsafe import Markup

from sonde.report.audit_table import audit_table
from sonde.report.data import ReportData, TokenStrip
from sonde.report.format import Cell, count, estimate, memory, number
from sonde.report.page import asset, environment
from sonde.report.scored import strips_of, token_pieces
from sonde.report.sentences import verdict
from sonde.report.tables import Row, Table, metric_table
from sonde.report.token_strip import legend_html, scale_for, strip_html

Facts = Sequence[tuple[str, object]]
_MOST_STRIPS, _MOST_TOKENS, _MOST_ROWS = 5, 600, 12


def render(value: object) -> str | None:
    """Return the notebook HTML of a sonde value, or None where there is no picture of it.

    Example:
        >>> from sonde.text import Dialogue
        >>> "Paris" in render(Dialogue.from_text("Paris is in France."))
        True
        >>> render(3) is None
        True
    """
    for kind in type(value).__mro__:
        if kind.__module__.split(".")[0] == "sonde" and kind.__name__ in _RENDERERS:
            return _RENDERERS[kind.__name__](value)
    return None


def card(title: str, facts: Facts = (), table: Table | None = None, body: Markup | None = None) -> str:
    """Return a card: a title, facts by name, a table, and HTML of this room's making."""
    shown = [(name, str(value)) for name, value in facts if value not in (None, "")]
    template = environment().get_template("notebook.html.j2")
    css = Markup(asset("notebook.css") + asset("strips.css"))
    return template.render(css=css, title=title, facts=shown, table=table, body=body or Markup())


def _strips(strips: Sequence[TokenStrip], threshold: float | None, positive: str | None) -> Markup:
    scale = scale_for(strips, threshold)
    drawn = [strip_html(s, scale, positive, _MOST_TOKENS // max(1, len(strips))) for s in strips]
    return legend_html(scale) + Markup("").join(drawn)


def _plain_strip(name: str, label: str, pieces: Sequence[tuple[str, str]]) -> Markup:
    texts, roles = tuple(t for t, _ in pieces), tuple(r for _, r in pieces)
    strip = TokenStrip(name, label, None, texts, (None,) * len(texts), roles)
    return strip_html(strip, scale_for([], None), limit=_MOST_TOKENS, scored=False)


def _dialogue(value: Any) -> str:
    facts = [("label", value.label), ("group", value.group), *dict(value.tags).items()]
    pieces = [(m.content, m.role) for m in value.messages]
    return card(f"Dialogue {value.id}", facts, body=_plain_strip(value.id, "", pieces))


def _dataset(value: Any) -> str:
    source = value.provenance
    facts = [("source", source.source), ("licence", source.licence), ("policy", source.policy)]
    facts += [("SHA-256", value.sha256[:16] + "…"), ("notes", "; ".join(source.notes))]
    labels = value.labels
    if labels is not None:
        facts += [
            (f"n {value.positive}", count((labels == 1).sum())),
            (f"n {value.negative}", count((labels == 0).sum())),
        ]
    if value.groups is not None:
        facts.append(("groups", count(len(set(value.groups)))))
    names = {1: value.positive, 0: value.negative, None: "unlabelled"}
    rows = [
        Row(d.id, (Cell(names.get(d.label, str(d.label))), Cell(_short(d.text))))
        for d in value.dialogues[: _MOST_ROWS // 2]
    ]
    table = Table(f"The first {len(rows)} of {count(len(value))} dialogues", ("id", "class", "text"), tuple(rows))
    return card(f"Dataset {value.name}", facts, table)


def _tokens(value: Any) -> str:
    facts = [
        ("dialogues", count(len(value))),
        ("tokens", count(len(value.table))),
        ("tokenizer", value.fingerprint[:16]),
    ]
    shown = range(min(2, len(value)))
    drawn = [_plain_strip(value.names[i], "", [(t, r) for t, _, r in token_pieces(value.table, i)]) for i in shown]
    return card("Tokens", facts, body=Markup("").join(drawn))


def _activations(value: Any) -> str:
    facts = [("examples", count(len(value))), ("tokens", count(len(value.tokens)))]
    facts += [(k.replace("_", " "), v) for k, v in value.fingerprint.items()]
    rows = []
    for site in value.sites[:_MOST_ROWS]:
        shape = f"{count(len(value.tokens))} × {count(value.source.width(site))}"
        size = memory(value.memory(site))
        rows.append(Row(site, (Cell(shape), Cell(str(value.source.dtype(site)).removeprefix("torch.")), Cell(size))))
    caption = f"{len(rows)} of {len(value.sites)} sites"
    return card("Activations", facts, Table(caption, ("site", "rows × width", "dtype", "size"), tuple(rows)))


def _features(value: Any) -> str:
    facts = [("rows", count(len(value))), ("pooling", value.pooling)]
    if value.y is not None:
        examples = value.examples
        facts += [(f"n {examples.positive}", count((value.y == 1).sum()))]
        facts += [(f"n {examples.negative}", count((value.y == 0).sum()))]
    facts += [(k.replace("_", " "), v) for k, v in value.fingerprint.items()]
    rows = tuple(Row(site, ()) for site in value.sites[:_MOST_ROWS])
    return card("Features", facts, Table(f"{len(rows)} of {len(value.sites)} sites", ("site",), rows))


def _scores(value: Any) -> str:
    cut = None if value.threshold is None else value.threshold.value
    facts = [("scores", value.source), ("positive class", value.positive), ("note", value.note)]
    if cut is not None:
        facts.append(("threshold", number(cut)))
    if value.tokens is not None:
        shown = np.arange(min(len(value), _MOST_STRIPS))
        more = f", the first {len(shown)} drawn" if len(shown) < len(value) else ""
        facts.append(("examples", count(len(value)) + more))
        return card("Scores", facts, body=_strips(strips_of(value, shown), cut, value.positive))
    order = np.argsort(-value.values, kind="stable")[:_MOST_ROWS]
    rows = tuple(
        Row(value.examples.ids[i], (Cell(number(float(value.values[i]))), _flag(value.values[i], cut))) for i in order
    )
    table = Table(f"The highest {len(rows)} of {count(len(value))} examples", ("example", "score", "flagged"), rows)
    return card("Scores", facts, table)


def _flag(score: float, cut: float | None) -> Cell:
    return Cell("no threshold" if cut is None else "yes" if score > cut else "no")


def _probe(value: Any) -> str:
    facts: list[tuple[str, object]] = [(k, v) for k, v in value.get_params().items()]
    if not hasattr(value, "classes_"):
        return card(f"{type(value).__name__}: not fitted", facts)
    origin, threshold = value.origin_, value.threshold_
    if origin is not None:
        facts += [("model", origin.model), ("site", origin.site), ("tokens read", origin.tokens)]
        facts += [("pooling", origin.pooling), ("detects", origin.positive), ("against", origin.negative)]
    facts += [("rows learnt from", count(value.n_rows_)), ("width", count(value.n_features_in_))]
    facts.append(
        (
            "threshold",
            "none set" if threshold is None else f"{number(threshold.value)}, {threshold.claim} on {threshold.control}",
        )
    )
    return card(f"{type(value).__name__}: {value.audit_}", facts)


def _run(value: Any) -> str | None:
    record = next(
        (r for r in (getattr(value, n, None) for n in ("record", "content", "results")) if isinstance(r, Mapping)), None
    )
    if record is None:
        return None
    data = ReportData(record)
    facts = [("verdict", verdict(record).name), ("model", (record.get("model") or {}).get("name"))]
    facts += [("site", (record.get("selected") or {}).get("site")), ("folder", getattr(value, "folder", None))]
    return card(f"Run {data.run.get('name', '')}", facts, metric_table(record))


def _audit(value: Any) -> str:
    said = value.to_json()
    return card(f"Audit: {value.verdict}", [("why", value.sentence)], audit_table(said))


def _finding(value: Any) -> str:
    said = value.to_json()
    facts = [("found", value.sentence), ("bar", value.bar), ("catches", value.why), ("to do", value.advice)]
    statistic = "" if said["statistic"] is None else str(estimate(said["statistic"]))
    return card(f"{value.check}: {value.status}", [*facts, (value.measures or "statistic", statistic)])


def _short(text: str, limit: int = 90) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= limit else flat[: limit - 1] + "…"


def _sae(value: Any) -> str:
    told = value.training
    facts: list[tuple[str, object]] = [("model", value.model_name), ("site", value.site)]
    facts += [("latents", count(value.d_sae)), ("width", count(value.d_in)), ("trained as", told.get("architecture"))]
    figures = [("L0", "l0"), ("L0 in training", "l0_in_training"), ("explained variance", "explained_variance")]
    facts += [(name, number(told[key])) for name, key in figures if told.get(key) is not None]
    return card(f"SAE: {value.architecture}", facts)


def _ranking(value: Any) -> str:
    content = value.content
    detectors = [("best latent", content["latents"][0]["test"])]
    detectors += [(f"{k} latents", entry["test"]) for k, entry in content["k_sparse"].items()]
    detectors += [(k.replace("_", " "), v["test"]) for k, v in content["baselines"].items() if "test" in v]
    rows = tuple(Row(name, (estimate(entry),)) for name, entry in detectors)
    table = Table(content["sentence"], ("detector", "test AUROC"), rows)
    return card(f"Latents ranked by {content['positive']}", [("test rows", count(content["n"]["test"]))], table)


_RENDERERS: dict[str, Callable[[Any], str | None]] = {
    "Dataset": _dataset,
    "Dialogue": _dialogue,
    "Tokens": _tokens,
    "Activations": _activations,
    "Features": _features,
    "Scores": _scores,
    "Probe": _probe,
    "Run": _run,
    "Audit": _audit,
    "Finding": _finding,
    "SAE": _sae,
    "Ranking": _ranking,
}
