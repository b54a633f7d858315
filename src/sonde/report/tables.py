"""The tables of the report as plain values: captions, columns, rows of cells. The template draws them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sonde.report.figures.layer_curve import best_rows, position
from sonde.report.format import NOT_MEASURED, Cell, count, estimate, multiple, number, seconds

#: What each baseline reads, in one clause.
BASELINES = {
    "bag_of_words": "which words stand in the transcript",
    "length": "how long the transcript is",
    "embedding_layer": "the same probe on the token embeddings, before any computation",
    "answer_entropy": "how uncertain the model was of its answer",
    "shuffled_labels": "the same probe fitted to permuted labels; should be chance",
}
#: Where time goes, in the order it is spent.
COSTS = (
    ("forward_only_seconds", "plain forward pass over the same tokens"),
    ("capture_seconds", "capture"),
    ("sweep_seconds", "sweep and selection"),
    ("test_seconds", "test: intervals, baselines, transfer"),
    ("audit_seconds", "audit"),
)
_MOST_SWEEP_ROWS = 96
#: Metrics shown where some test set has them: heading, and whether it is a percentage.
_EXTRA = {
    "realised_fpr": ("FPR at threshold", True),
    "recall": ("Recall at threshold", True),
    "brier": ("Brier score", False),
    "ece": ("ECE", False),
}


@dataclass(frozen=True)
class Row:
    """One row: its heading, a remark under the heading, its cells, and whether it is set apart."""

    head: str
    cells: tuple[Cell, ...]
    note: str = ""
    strong: bool = False


@dataclass(frozen=True)
class Table:
    """A table: what it shows, its columns (the first heads the rows), its rows, and whether its cells are sentences.

    Where there is little room, a table of sentences has its cells under each other.
    """

    caption: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    prose: bool = False


def recall_entry(metrics: Mapping[str, Any], fpr: float = 0.01) -> Mapping[str, Any] | None:
    """Return the recall at `fpr`, whether recorded alone or as one entry a rate (`"0.01"`)."""
    found = metrics.get("recall_at_fpr") or {}
    if "value" in found or "reason" in found:
        return found
    for key, entry in found.items():
        try:
            if abs(float(key) - fpr) < 1e-12:
                return entry
        except ValueError:
            continue
    return None


def metric_table(run: Mapping[str, Any]) -> Table:
    """Return one row a test set: AUROC, recall at 1 % FPR, balanced accuracy, what else was measured, counts."""
    tests = run.get("test") or {}
    extra = [name for name in _EXTRA if any((m.get(name) or {}).get("value") is not None for m in tests.values())]
    worst = worst_test(run)
    rows = []
    for name, m in tests.items():
        cells = [estimate(m.get("auroc")), estimate(recall_entry(m), True), estimate(m.get("balanced_accuracy"))]
        cells += [estimate(m.get(key), _EXTRA[key][1]) for key in extra]
        cells += [Cell(count(m.get("n_positive"))), Cell(count(m.get("n_negative")))]
        rows.append(Row(name, tuple(cells), note="lowest AUROC of all test sets" if name == worst else ""))
    columns = ["Test set", "AUROC", "Recall at 1\u202f% FPR", "Balanced accuracy", *[_EXTRA[key][0] for key in extra]]
    columns += [f"n {run.get('positive', 'positive')}", f"n {run.get('negative', 'negative')}"]
    caption = "Test results, with 95\u202f% intervals; layer, strength and threshold were fixed before"
    return Table(caption, tuple(columns), tuple(rows))


def worst_test(run: Mapping[str, Any]) -> str | None:
    """Return the test set with the lowest AUROC, or None where fewer than two have one."""
    known = {n: m["auroc"]["value"] for n, m in (run.get("test") or {}).items() if _auroc(m) is not None}
    return min(known, key=lambda n: known[n]) if len(known) > 1 else None


def _auroc(entry: Mapping[str, Any] | None) -> float | None:
    return ((entry or {}).get("auroc") or {}).get("value")


def baseline_entry(entry: Mapping[str, Any] | None, test: str, first: str | None) -> Mapping[str, Any] | None:
    """Return a baseline's AUROC on `test`; one recorded without a test set speaks of the first."""
    if not entry:
        return None
    if "auroc" in entry:
        return entry["auroc"] if test == entry.get("test", first) else None
    if test in entry:
        found = entry[test]
        return found.get("auroc", found)
    alone = "value" in entry or "reason" in entry
    return entry if alone and test == first else None


def baseline_table(run: Mapping[str, Any]) -> Table:
    """Return the probe and every baseline side by side, one column a test set."""
    tests = list(run.get("test") or {})
    first = tests[0] if tests else None
    probe = Row("the probe", tuple(estimate(run["test"][t].get("auroc")) for t in tests), strong=True)
    recorded = run.get("baselines") or {}
    rows = [probe]
    for name in [*BASELINES, *[n for n in recorded if n not in BASELINES]]:
        cells = tuple(estimate(baseline_entry(recorded.get(name), t, first)) for t in tests)
        rows.append(Row(name.replace("_", " "), cells, note=BASELINES.get(name, "")))
    return Table("AUROC of what needs no probe, on the same splits", ("Detector", *tests), tuple(rows))


def baseline_values(run: Mapping[str, Any], test: str | None) -> dict[str, float]:
    """Return name → AUROC of the baselines that have a value on `test`."""
    values = {}
    for name, entry in (run.get("baselines") or {}).items():
        if name == "shuffled_labels":  # chance has its own line
            continue
        found = baseline_entry(entry, test, test) if test is not None else None
        if found and found.get("value") is not None:
            values[name.replace("_", " ")] = float(found["value"])
    return values


def sweep_table(sweep: Sequence[Mapping[str, Any]], selected: Mapping[str, Any] | None) -> Table:
    """Return the best l2 of every site and probe type, deepest layers last; the numbers behind the layer curve."""
    best = sorted(best_rows(sweep), key=lambda r: (r["probe"], position(r), r["site"]))
    rows = []
    for row in best[:_MOST_SWEEP_ROWS]:
        chosen = bool(selected) and (row["site"], row["probe"]) == (selected.get("site"), selected.get("probe"))  # type: ignore[union-attr]
        strength = "none" if row.get("l2") is None else f"{row['l2']:g}"
        cells = (Cell(row["probe"]), Cell(strength), estimate(row["auroc"]))
        rows.append(Row(row["site"], cells, note="selected" if chosen else "", strong=chosen))
    left = len(best) - len(rows)
    caption = "Validation AUROC at the best l2" + (f"; {left} more rows are in run.json" if left else "")
    notes = {row.cells[-1].note for row in rows}
    if len(notes) == 1 and (note := notes.pop()):  # what holds for every row is said once
        caption += f"; {note}"
        rows = [replace(row, cells=(*row.cells[:-1], replace(row.cells[-1], note=""))) for row in rows]
    return Table(caption, ("Site", "Probe", "l2", "AUROC"), tuple(rows))


def cost_table(run: Mapping[str, Any]) -> Table:
    """Return what the run cost, in seconds and as multiples of a plain forward pass."""
    cost = run.get("cost") or {}
    forward = cost.get("forward_only_seconds")
    rows = []
    for key, name in COSTS:
        spent = cost.get(key)
        times = Cell(multiple(spent, forward)) if spent is not None and forward else NOT_MEASURED
        rows.append(Row(name, (Cell(seconds(spent)), times)))
    known = [cost[key] for key, _ in COSTS[1:] if cost.get(key) is not None]
    if known:
        total = Cell(multiple(sum(known), forward)) if forward else NOT_MEASURED
        rows.append(Row("all of it, without the plain pass", (Cell(seconds(sum(known))), total), strong=True))
    caption = f"Cost over {count(cost.get('tokens'))} tokens"
    if cost.get("extra_tokens"):
        caption += f", {count(cost['extra_tokens'])} of them in rows that only the audit needs"
    return Table(caption, ("Step", "Time", "Plain forward passes"), tuple(rows))


def source_table(run: Mapping[str, Any]) -> Table | None:
    """Return one row a data set (role, n, source, licence, policy, hash), or None where none is recorded."""
    sources = run.get("data")
    if not isinstance(sources, Sequence) or isinstance(sources, str) or not sources:
        return None
    rows = []
    for source in sources:
        cells = [Cell(str(source.get("role") or "unknown")), Cell(count(source.get("n")))]
        cells += [Cell(str(source.get(k) or "not stated")) for k in ("source", "licence", "policy")]
        digest = str(source.get("sha256") or "")
        cells.append(Cell(digest[:16] + "…" if len(digest) > 16 else digest or "not recorded"))
        rows.append(
            Row(str(source.get("name", "unnamed")), tuple(cells), note="; ".join(map(str, source.get("notes") or ())))
        )
    return Table("Data", ("Data set", "Role", "n", "Source", "Licence", "Policy", "SHA-256"), tuple(rows))


def fact_rows(run: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """Return what identifies the detector: model, fingerprint, site, selector, probe, threshold, versions."""
    model, selected = run.get("model") or {}, run.get("selected") or {}
    facts = [("Model", model.get("name")), ("Model fingerprint", model.get("fingerprint"))]
    facts += [
        ("Site", selected.get("site")),
        ("Tokens read", selected.get("tokens")),
        ("Pooling", selected.get("pool")),
    ]
    facts += [("Probe", selected.get("probe")), ("l2", selected.get("l2")), ("Chosen on", selected.get("chosen_on"))]
    facts += [("Threshold", number((run.get("threshold") or {}).get("value"), 6) if run.get("threshold") else None)]
    facts += [(f"{name} version", version) for name, version in (run.get("versions") or {}).items()]
    facts += [("Made", run.get("created"))]
    return tuple(
        (name, f"{value:g}" if isinstance(value, float) else str(value)) for name, value in facts if value is not None
    )
