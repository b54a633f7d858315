"""How values look in a notebook: a small card each, in the theme's own colours. Unknown values have no picture."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from markupsafe import Markup

from sonde.report import reprs_results as results
from sonde.report.cards import MOST_ROWS, MOST_TOKENS, card, plain_strip, provenance, scored_strips, short
from sonde.report.format import Cell, count, memory, number
from sonde.report.marked import marked_html
from sonde.report.scored import strips_of, token_pieces
from sonde.report.tables import Row, Table

_MOST_STRIPS = 5


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


def _dialogue(value: Any) -> str:
    facts = [("label", value.label), ("group", value.group), *dict(value.tags).items()]
    pieces = [(m.content, m.role) for m in value.messages]
    return card(f"Dialogue {value.id}", facts, body=plain_strip("", pieces))


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
        Row(d.id, (Cell(names.get(d.label, str(d.label))), Cell(short(d.text))))
        for d in value.dialogues[: MOST_ROWS // 2]
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
    drawn = [plain_strip(value.names[i], [(t, r) for t, _, r in token_pieces(value.table, i)]) for i in shown]
    return card("Tokens", facts, body=Markup("").join(drawn))


def _shown_tokens(value: Any) -> str:
    body = marked_html(value.table, value.mask, value.example, MOST_TOKENS)
    return card(f"Tokens of {value.name}", [("framed", value.counts)], body=body)


def _activations(value: Any) -> str:
    facts = [("examples", count(len(value))), ("tokens", count(len(value.tokens)))]
    facts += provenance(value.fingerprint)
    rows = []
    for site in value.sites[:MOST_ROWS]:
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
    facts += provenance(value.fingerprint)
    rows = tuple(Row(site, ()) for site in value.sites[:MOST_ROWS])
    return card("Features", facts, Table(f"{len(rows)} of {len(value.sites)} sites", ("site",), rows))


def _site_features(value: Any) -> str:
    examples, y = value.examples, value.y
    facts = [("rows", count(len(examples))), ("width", count(value.X.shape[1])), ("pooling", value.features.pooling)]
    if y is not None:
        facts += [(f"n {examples.positive}", count((y == 1).sum())), (f"n {examples.negative}", count((y == 0).sum()))]
    if value.groups is not None:
        facts.append(("groups", count(len(set(value.groups)))))
    return card(f"Features of {value.site}", facts)


def _store(value: Any) -> str:
    facts = [("folder", value.folder), ("examples", count(len(value))), ("tokens", count(value.rows))]
    facts += provenance(value.fingerprint)
    rows = tuple(Row(site, (Cell(memory(value.rows * _row_bytes(value, site))),)) for site in value.sites[:MOST_ROWS])
    return card("Activation store", facts, Table(f"{len(rows)} of {len(value.sites)} sites", ("site", "size"), rows))


def _row_bytes(store: Any, site: str) -> int:
    return int(store.source.width(site) * store.source.dtype(site).itemsize)


def _scores(value: Any) -> str:
    cut = None if value.threshold is None else value.threshold.value
    facts = [("scores", value.source), ("positive class", value.positive), ("note", value.note)]
    facts.append(("threshold", "none set" if cut is None else number(cut)))
    if value.tokens is not None:
        shown = np.arange(min(len(value), _MOST_STRIPS))
        more = f", the first {len(shown)} drawn" if len(shown) < len(value) else ""
        facts.append(("examples", count(len(value)) + more))
        return card("Scores", facts, body=scored_strips(strips_of(value, shown), cut, value.positive))
    order = np.argsort(-value.values, kind="stable")[:MOST_ROWS]
    rows = tuple(
        Row(value.examples.ids[i], (Cell(number(float(value.values[i]))), *_flag(value.values[i], cut))) for i in order
    )
    columns = ("example", "score") if cut is None else ("example", "score", "flagged")
    table = Table(f"The highest {len(rows)} of {count(len(value))} examples", columns, rows)
    return card("Scores", facts, table)


def _flag(score: float, cut: float | None) -> tuple[Cell, ...]:
    return () if cut is None else (Cell("yes" if score > cut else "no"),)


_RENDERERS: dict[str, Callable[[Any], str | None]] = {
    "Dataset": _dataset,
    "Dialogue": _dialogue,
    "Tokens": _tokens,
    "ShownTokens": _shown_tokens,
    "Activations": _activations,
    "ActivationStore": _store,
    "Features": _features,
    "SiteFeatures": _site_features,
    "Scores": _scores,
    "Model": results.model_card,
    "Probe": results.probe_card,
    "Sweep": results.sweep_card,
    "Run": results.run_card,
    "Comparison": results.comparison_card,
    "Audit": results.audit_card,
    "Finding": results.finding_card,
    "SAE": results.sae_card,
    "Ranking": results.ranking_card,
    "FeaturePage": results.latent_card,
}
