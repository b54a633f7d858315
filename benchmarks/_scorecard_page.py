"""The scorecard as text and as one offline page: the answers, a table, a figure."""

from __future__ import annotations

from html import escape
from typing import Any

import numpy as np

from _scorecard import QUESTIONS

Rows = list[dict[str, Any]]

NOTE = (
    "L0 and EV (explained variance) are of training rows. Latents, cuts and matchings are chosen on half of the "
    "entities, all else is of the other half. Matched F1: mean over all variables under the best one-to-one matching "
    "of latents; coverage: share of variables whose best latent reaches an F1 of 0.8; splitting: latents a variable "
    "that fire almost only where it holds and find less than half of it. Several seeds: mean (least–most)."
)


def answer(rows: Rows, concept: str) -> str:
    """Return the short answer: does any trained latent equal this?"""
    trained = [row for row in rows if "seed" in row]
    best = max(trained, key=lambda row: abs(row["concepts"][concept]["z"]))["concepts"][concept]
    where = next(row for row in trained if row["concepts"][concept] is best)
    dense = rows[-1]["concepts"][concept]
    value, wanted = best["auroc"]["value"], dense["auroc"]["value"]
    equal = best["f1"] >= 0.9 and value >= wanted - 0.01
    beside = {row["dictionary"]: row["concepts"][concept]["auroc"]["value"] for row in rows if "seed" not in row}
    others = ", ".join(f"{name} {auroc:.3f}" for name, auroc in list(beside.items())[:-1])
    return (
        f'Does any latent equal "{QUESTIONS[concept]}"? {"Yes" if equal else "No"}: the best of {len(trained)} '
        f"autoencoders (latent {best['latent']} of {where['dictionary']}, seed {where['seed']}, chosen on training "
        f"entities) has a test AUROC of {_interval(best['auroc'])} and an F1 of {best['f1']:.2f}; a dense probe has "
        f"{_interval(dense['auroc'])} and {dense['f1']:.2f}. One latent of: {others}."
    )


def _interval(estimate: dict[str, Any]) -> str:
    return f"{estimate['value']:.3f} [{estimate['low']:.3f}, {estimate['high']:.3f}]"


def cells(rows: Rows) -> list[list[str]]:
    """Return the table, its head first; seeds of one cell are one row, with their spread."""
    concepts = list(rows[-1]["concepts"])
    head = ["dictionary", "L0", "EV", "matched F1", "coverage", "splitting"]
    head += [f"{concept}: {what}" for concept in concepts for what in ("F1", "AUROC")] + ["lie absorbed", "PW-MCC"]
    table = [head]
    for name in dict.fromkeys(row["dictionary"] for row in rows):
        same = [row for row in rows if row["dictionary"] == name]
        line = [name, *(_mean(same, key) for key in ("l0", "explained_variance", "matched_f1", "coverage"))]
        line.append(_mean(same, "splitting"))
        for concept in concepts:
            line.append(_spread([row["concepts"][concept]["f1"] for row in same]))
            line.append(_spread([row["concepts"][concept]["auroc"]["value"] for row in same]))
        table.append([*line, _mean(same, "absorbed"), _mean(same, "pw_mcc")])
    return table


def _mean(rows: Rows, key: str) -> str:
    return _spread([row[key] for row in rows if row.get(key) is not None])


def _spread(values: list[float]) -> str:
    if not values:
        return "–"
    shown = f"{np.mean(values):.3f}"
    return shown if len(values) == 1 or np.ptp(values) < 5e-4 else f"{shown} ({min(values):.3f}–{max(values):.3f})"


def as_markdown(table: list[list[str]]) -> str:
    """Return the table as Markdown."""
    lines = ["| " + " | ".join(line) + " |" for line in table]
    return "\n".join([lines[0], "|" + " --- |" * len(table[0]), *lines[1:]])


def page(rows: Rows, table: list[list[str]], sentences: list[str], title: str) -> str:
    """Return one page that needs no network."""
    head, *body = ["".join(f"<td>{escape(cell)}</td>" for cell in line) for line in table]
    drawn = _figure(rows).to_html(full_html=False, include_plotlyjs=True)
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{escape(title)}</title><style>'
        "body{font:15px/1.5 system-ui,sans-serif;max-width:1200px;margin:2em auto;padding:0 1em;color:#222}"
        "table{border-collapse:collapse;font-size:13px}td{padding:3px 8px;border-bottom:1px solid #ddd}"
        "td:not(:first-child){text-align:right}thead td{font-weight:600}.wide{overflow-x:auto}</style>"
        f"<h1>{escape(title)}</h1>"
        + "".join(f"<p><strong>{escape(sentence)}</strong></p>" for sentence in sentences)
        + f'{drawn}<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>'
        + "".join(f"<tr>{line}</tr>" for line in body)
        + f"</tbody></table></div><p>{escape(NOTE)}</p></html>"
    )


def _figure(rows: Rows) -> Any:
    """Draw matched F1 by family of variables: autoencoders with several seeds, and what they stand beside."""
    from sonde.report.figures.style import house_figure, series_style

    families = list(rows[0]["families"])
    drawn = house_figure("Matched F1 on test entities, by family of known variables", "mean over seeds", height=480)
    seeds = {name: sum(r["dictionary"] == name for r in rows) for name in dict.fromkeys(r["dictionary"] for r in rows)}
    most = max(seeds.values())
    for index, name in enumerate(n for n, count in seeds.items() if count == most or not _trained(rows, n)):
        same = [row["families"] for row in rows if row["dictionary"] == name]
        style = series_style(index)
        drawn.add_scatter(
            x=families,
            y=[float(np.mean([values[family] for values in same])) for family in families],
            name=name,
            mode="lines+markers",
            line={"color": style["colour"], "dash": style["dash"], "width": 1},
            marker={"symbol": style["symbol"], "size": 9},
        )
    drawn.update_yaxes(range=[0, 1], title="matched F1")
    drawn.update_layout(legend={"orientation": "v", "x": 1.02, "y": 1})
    return drawn


def _trained(rows: Rows, name: str) -> bool:
    return any("seed" in row for row in rows if row["dictionary"] == name)
