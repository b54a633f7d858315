"""Cards of what was learnt and found: models, probes, sweeps, runs, audits, comparisons, autoencoders, latents."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from markupsafe import Markup

from sonde.report.audit_table import audit_table
from sonde.report.cards import MOST_ROWS, MOST_TOKENS, card
from sonde.report.comparison import difference_table
from sonde.report.features.histogram import histogram_svg
from sonde.report.figures.layer_curve import kind_of
from sonde.report.format import Cell, count, estimate, number, percent
from sonde.report.page import asset
from sonde.report.sentences import verdict
from sonde.report.tables import Row, Table, metric_table, sweep_table
from sonde.report.token_strip import scale_for, strip_html


def model_card(value: Any) -> str:
    """Return what a model is and which kinds of sites it has."""
    facts = [("layers", count(value.n_layers)), ("width", count(value.d_model)), ("heads", count(value.n_heads))]
    facts += [("vocabulary", count(value.vocabulary)), ("context", count(value.context))]
    facts += [("weights", f"{str(value.dtype).removeprefix('torch.')} on {value.device}")]
    facts += [("backend", value.backend), ("attention", value.attention), ("revision", value.revision or "")]
    kinds = dict.fromkeys(kind_of(site) for site in value.sites)
    facts.append((f"{count(len(value.sites))} sites", ", ".join(kinds)))
    return card(f"Model {value.name}", facts)


def probe_card(value: Any) -> str:
    """Return a probe's parameters and, once it is fitted, where it reads and what its audit said."""
    facts: list[tuple[str, object]] = [(k, v) for k, v in value.get_params().items()]
    if not hasattr(value, "classes_"):
        return card(f"{type(value).__name__}: not fitted", facts)
    origin, threshold = value.origin_, value.threshold_
    if origin is not None:
        facts += [("model", origin.model), ("site", origin.site), ("tokens read", origin.tokens)]
        facts += [("pooling", origin.pooling), ("detects", origin.positive), ("against", origin.negative)]
    facts += [("rows learnt from", count(value.n_rows_)), ("width", count(value.n_features_in_))]
    cut = "none set" if threshold is None else f"{number(threshold.value)}, {threshold.claim} on {threshold.control}"
    return card(f"{type(value).__name__}: {value.audit_}", [*facts, ("threshold", cut)])


def sweep_card(value: Any) -> str:
    """Return the best strength of every site and probe type, the best of all set apart."""
    best = value.best()
    strength = "none" if best.l2 is None else f"{best.l2:g}"
    facts = [("best", f"{best.probe} at {best.site}, l2 {strength}, AUROC {best.auroc}")]
    facts += [("cells", count(len(value))), ("method", value.method)]
    return card("Sweep", facts, sweep_table(value.rows, {"site": best.site, "probe": best.probe}))


def run_card(value: Any) -> str:
    """Return a run: its verdict, where it reads, and its test results."""
    record = value.content
    facts: list[tuple[str, object]] = [("verdict", verdict(record).name), ("why", verdict(record).sentence)]
    facts += [("model", (record.get("model") or {}).get("name"))]
    facts += [("site", (record.get("selected") or {}).get("site")), ("folder", value.folder)]
    return card(f"Run {record.get('name', '')}", facts, metric_table(record))


def comparison_card(value: Any) -> str:
    """Return the paired differences of every two runs."""
    pairs = [pair for pair in value.content["pairs"] if pair["tests"]]
    notes = "; ".join(note for pair in value.content["pairs"] for note in pair["notes"])
    facts = [("runs", ", ".join(run["run"] for run in value.content["runs"])), ("method", value.content["method"])]
    return card("Comparison", [*facts, ("notes", notes)], *(difference_table(pair) for pair in pairs))


def audit_card(value: Any) -> str:
    """Return an audit: verdict, why, and every check."""
    return card(f"Audit: {value.verdict}", [("why", value.sentence)], audit_table(value.to_json()))


def finding_card(value: Any) -> str:
    """Return one check of an audit."""
    said = value.to_json()
    facts = [("found", value.sentence), ("bar", value.bar), ("catches", value.why), ("to do", value.advice)]
    statistic = "" if said["statistic"] is None else str(estimate(said["statistic"]))
    return card(f"{value.check}: {value.status}", [*facts, (value.measures or "statistic", statistic)])


def sae_card(value: Any) -> str:
    """Return what an autoencoder is of, and how it was trained."""
    told = value.training
    facts: list[tuple[str, object]] = [("model", value.model_name), ("site", value.site)]
    facts += [("latents", count(value.d_sae)), ("width", count(value.d_in)), ("trained as", told.get("architecture"))]
    figures = [("L0", "l0"), ("L0 in training", "l0_in_training"), ("explained variance", "explained_variance")]
    facts += [(name, number(told[key])) for name, key in figures if told.get(key) is not None]
    return card(f"SAE: {value.architecture}", facts)


def ranking_card(value: Any) -> str:
    """Return the best latents beside what they must be compared with."""
    content = value.content
    detectors = [("best latent", content["latents"][0]["test"])]
    detectors += [(f"{k} latents", entry["test"]) for k, entry in content["k_sparse"].items()]
    detectors += [(k.replace("_", " "), v["test"]) for k, v in content["baselines"].items() if "test" in v]
    rows = tuple(Row(name, (estimate(entry),)) for name, entry in detectors)
    table = Table(content["sentence"], ("detector", "test AUROC"), rows)
    listed = tuple(_latent_row(entry) for entry in content["latents"][: MOST_ROWS // 2])
    latents = Table("The best latents", ("latent", "training AUROC", "density", "test AUROC"), listed)
    facts = [("test rows", count(content["n"]["test"]))]
    return card(f"Latents ranked by {content['positive']}", facts, table, latents)


def _latent_row(entry: Mapping[str, Any]) -> Row:
    cells = (Cell(number(entry.get("auroc"))), Cell(percent(entry.get("density"))), estimate(entry.get("test")))
    return Row(str(entry["latent"]), cells)


def latent_card(value: Any) -> str:
    """Return a latent: how often it is active, on what, what it raises, and its neighbours."""
    facts: list[tuple[str, object]] = [("active in", f"{percent(value.density)} of {count(value.rows)} tokens")]
    facts += [("highest activation", number(float(value.active.max())) if len(value.active) else "none"), *value.about]
    facts.append(("neighbours, by cosine", ", ".join(f"{i} ({number(c, 2)})" for i, c in value.neighbours[:6])))
    ends = [("raises", value.top_logits), ("lowers", value.bottom_logits)]
    facts += [(name, ", ".join(f"{t} {number(v, 2)}" for t, v in pairs[:6])) for name, pairs in ends]
    rows = tuple(Row(name, (Cell(figure), Cell(meaning))) for name, figure, meaning in value.concept)
    concept = Table("What it says of the concept", ("", "figure", "meaning"), rows) if rows else None
    strips = [strip for _, given in value.strips for strip in given][:3]
    scale = scale_for(strips, None)
    drawn = [strip_html(strip, scale, None, MOST_TOKENS // 9) for strip in strips]
    style = Markup("<style>{}</style>").format(Markup(asset("notebook_latent.css")))
    body = style + histogram_svg(value.active) + Markup("").join(drawn)
    return card(f"Latent {value.latent} of {count(value.d_sae)}", facts, concept, body=body)
