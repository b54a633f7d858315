"""The page of `sonde compare`: runs side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup
from plotly.offline import get_plotlyjs

from sonde.report.figures.differences import paired_differences
from sonde.report.format import THIN, Cell, count, estimate, number, percent
from sonde.report.page import asset, checked_theme, content_policy, embedded, environment
from sonde.report.tables import Row, Table, recall_entry

#: The metrics that are compared, as figure and table name them.
METRICS = {
    "auroc": "AUROC",
    "recall_at_fpr": f"recall at 1{THIN}% FPR",
    "recall": "recall at the threshold",
    "false_positive_rate": "FPR at the threshold",
    "balanced_accuracy": "balanced accuracy",
}
#: Those of them that the figure shows.
DRAWN = ("auroc", "recall_at_fpr", "balanced_accuracy")


def render_comparison(content: Mapping[str, Any], theme: str = "auto") -> str:
    """Return a comparison of runs as one HTML page that needs no network.

    Args:
        content: as `sonde compare --json` prints it.
        theme: `auto`, `light` or `dark`.

    Raises:
        InputError: `theme` is none of these.
    """
    pairs = [_pair(pair, k) for k, pair in enumerate(content["pairs"])]
    drawn = any(pair["figure"] for pair in pairs)
    scripts = {"plotly": Markup(get_plotlyjs()), "starter": Markup(asset("figures.js"))} if drawn else {}
    return (
        environment()
        .get_template("compare.html.j2")
        .render(
            theme=checked_theme(theme),
            css=Markup(asset("page.css")),
            policy=content_policy(*scripts.values()),
            scripts=scripts,
            runs=run_table(content["runs"]),
            tests=[table for name in _test_names(content["runs"]) if (table := test_table(content["runs"], name))],
            pairs=pairs,
            names=[run["run"] for run in content["runs"]],
            method=content["method"],
        )
    )


def run_table(runs: Sequence[Mapping[str, Any]]) -> Table:
    """Return what each run is, one a row."""
    rows = []
    for run in runs:
        chosen, threshold = run["selected"], run["threshold"]
        strength = "" if chosen["l2"] is None else f", l2 {chosen['l2']:g}"
        cells = (
            run["verdict"],
            run["model"]["name"],
            run["positive"],
            f"{chosen['probe']}{strength}",
            chosen["site"],
            f"{chosen.get('tokens', 'all')}, {chosen.get('pool', 'mean')}",
            f"{number(threshold['value'])} on {threshold['control']}",
        )
        rows.append(Row(run["run"], tuple(Cell(str(cell)) for cell in cells), note=run["folder"]))
    columns = ("Run", "Verdict", "Model", "Positive class", "Probe", "Site", "Tokens and pooling", "Threshold")
    return Table("What each run is", columns, tuple(rows))


def test_table(runs: Sequence[Mapping[str, Any]], name: str) -> Table | None:
    """Return the runs' own figures on one test set, side by side, or None where no run has it."""
    having = [run for run in runs if name in run["test"]]
    if not having:
        return None
    rows = []
    for run in having:
        m = run["test"][name]
        cells = [estimate(m.get("auroc")), estimate(recall_entry(m), True), estimate(m.get("balanced_accuracy"))]
        cells += [estimate(m.get("recall"), True), estimate(m.get("realised_fpr"), True)]
        cells.append(Cell(f"{count(m.get('n_positive'))} + {count(m.get('n_negative'))}"))
        rows.append(Row(run["run"], tuple(cells)))
    columns = ("Run", "AUROC", f"Recall at 1{THIN}% FPR", "Balanced accuracy", "Recall at threshold")
    return Table(f"On {name}, with 95{THIN}% intervals", (*columns, "FPR at threshold", "n"), tuple(rows))


def difference_table(pair: Mapping[str, Any]) -> Table:
    """Return the paired differences of two runs, one row a test set and metric."""
    rows = []
    for name, test in pair["tests"].items():
        for metric, entry in test["difference"].items():
            cell = estimate(entry)
            sure = entry.get("low") is not None and (entry["low"] > 0 or entry["high"] < 0)
            rows.append(Row(name, (Cell(METRICS[metric]), cell, Cell("excludes 0" if sure else "")), strong=sure))
        agreement, correlation = estimate(test["same_verdict"], True), estimate(test["rank_correlation"])
        rows.append(Row(name, (Cell("same verdict"), agreement, Cell(""))))
        rows.append(Row(name, (Cell("rank correlation"), correlation, Cell(""))))
    caption = f"{pair['a']} minus {pair['b']}, on the rows both scored"
    return Table(caption, ("Test set", "Metric", "Difference or agreement", ""), tuple(rows))


def disagreement_table(pair: Mapping[str, Any], name: str) -> Table | None:
    """Return the rows of a test set on which two runs differ most, or None where they agree on all."""
    found = pair["tests"][name]["disagreements"]
    if not found:
        return None
    rows = [
        Row(
            row["excerpt"],
            (Cell(str(row["label"])), *(_side(row[side]) for side in ("a", "b"))),
            note=f"{row['id']}, group {row['group']}",
        )
        for row in found
    ]
    caption = f"{name}: the rows on which the two differ most, different verdicts first"
    return Table(caption, ("Example", "Label", pair["a"], pair["b"]), tuple(rows))


def _side(side: Mapping[str, Any]) -> Cell:
    verdict = "flagged" if side["flagged"] else "not flagged"
    return Cell(number(side["score"]), note=f"{verdict}; above {percent(side['rank'])} of rows")


def _pair(pair: Mapping[str, Any], index: int) -> dict[str, Any]:
    direction = pair["direction"]
    cosine = direction["value"]
    figure = None
    if pair["tests"]:
        drawn = {metric: METRICS[metric] for metric in DRAWN}
        figure = embedded(paired_differences(pair["tests"], drawn, a=pair["a"], b=pair["b"]))
    return {
        "place": f"pair-{index}",
        "title": f"{pair['a']} and {pair['b']}",
        "notes": pair["notes"],
        "direction": f"not comparable: {direction['reason']}"
        if cosine is None
        else f"cosine {number(cosine)}; 95{THIN}% of random pairs lie within ±{number(direction['random'])}",
        "figure": figure,
        "differences": difference_table(pair) if pair["tests"] else None,
        "disagreements": [t for name in pair["tests"] if (t := disagreement_table(pair, name))],
    }


def _test_names(runs: Sequence[Mapping[str, Any]]) -> list[str]:
    return list(dict.fromkeys(name for run in runs for name in run["test"]))
