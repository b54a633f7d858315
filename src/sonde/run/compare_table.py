"""A comparison as text for the terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

#: The metrics compared, in the words of the report.
METRIC_NAMES = {
    "auroc": "AUROC",
    "recall_at_fpr": "recall at 1 % FPR",
    "recall": "recall at the threshold",
    "false_positive_rate": "FPR at the threshold",
    "balanced_accuracy": "balanced accuracy",
}


def comparison_text(content: Mapping[str, Any]) -> str:
    """Return what `sonde compare` prints."""
    lines = [*_aligned([("run", "verdict", "model", "selected"), *map(_run_row, content["runs"])]), ""]
    lines += _aligned(list(_auroc_rows(content["runs"])))
    for pair in content["pairs"]:
        lines += ["", *_pair_lines(pair)]
    return "\n".join([*lines, "", content["method"]])


def selected_text(run: Mapping[str, Any]) -> str:
    """Return the selected probe in a few words."""
    chosen = run["selected"]
    strength = "" if chosen["l2"] is None else f", l2 {chosen['l2']:g}"
    return f"{chosen['probe']} at {chosen['site']}{strength}"


def estimate_text(entry: Mapping[str, Any] | None, *, sign: bool = False) -> str:
    """Return `0.757 [0.680, 0.831]`, signed for differences, or why there is no number."""
    if not entry:
        return "-"
    if entry.get("value") is None:
        return f"undefined: {entry.get('reason') or 'not computed'}"
    form = "+.3f" if sign else ".3f"
    interval = "" if entry.get("low") is None else f" [{entry['low']:{form}}, {entry['high']:{form}}]"
    return f"{entry['value']:{form}}{interval}"


def direction_text(entry: Mapping[str, Any]) -> str:
    """Return the cosine beside what random directions have, or why there is none."""
    if entry["value"] is None:
        return f"directions: not comparable, {entry['reason']}"
    return f"directions: cosine {entry['value']:+.3f} (95 % of random pairs lie within ±{entry['random']:.3f})"


def _run_row(run: Mapping[str, Any]) -> tuple[str, ...]:
    return run["run"], run["verdict"], run["model"]["name"], selected_text(run)


def _auroc_rows(runs: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, ...]]:
    yield ("AUROC", *(run["run"] for run in runs))
    for name in dict.fromkeys(name for run in runs for name in run["test"]):
        yield (name, *(estimate_text(run["test"].get(name, {}).get("auroc")) for run in runs))


def _pair_lines(pair: Mapping[str, Any]) -> Iterator[str]:
    yield f"{pair['a']} minus {pair['b']}"
    yield f"  {direction_text(pair['direction'])}"
    yield from (f"  note: {note}" for note in pair["notes"])
    for name, test in pair["tests"].items():
        yield f"  {name}: {test['n']} rows in {test['n_groups']} groups"
        rows = [(f"    {METRIC_NAMES[k]}", estimate_text(v, sign=True)) for k, v in test["difference"].items()]
        rows += [
            ("    same verdict", estimate_text(test["same_verdict"])),
            ("    rank correlation", estimate_text(test["rank_correlation"])),
        ]
        yield from _aligned(rows)
        if test["disagreements"]:
            yield f"    they differ most on (score, share of rows below; * flagged):  {pair['a']}  {pair['b']}"
            yield from _aligned([_disagreement(row) for row in test["disagreements"]])


def _disagreement(row: Mapping[str, Any]) -> tuple[str, ...]:
    shown = [
        f"{side['score']:+.3f} {side['rank']:.0%}{'*' if side['flagged'] else ' '}" for side in (row["a"], row["b"])
    ]
    excerpt = row["excerpt"] if len(row["excerpt"]) <= 90 else f"…{row['excerpt'][-89:]}"
    return (f"      {row['id']}", f"label {row['label']}", *shown, excerpt)


def _aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(len(row[k]) for row in rows) for k in range(len(rows[0]))]
    return ["  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)).rstrip() for row in rows]
