"""A run in a screenful of text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sonde.run.folder import Run

BASELINE_NAMES = {
    "bag_of_words": "bag of words",
    "length": "length",
    "embedding_layer": "embedding layer",
    "answer_entropy": "answer entropy",
    "shuffled_labels": "shuffled labels",
}


def summarize(run: Run) -> str:
    """Return the verdict, the selected probe, its figures beside the baselines, and where the files are."""
    content = run.content
    chosen, threshold = content["selected"], content["threshold"]
    strength = "" if chosen["l2"] is None else f", l2 {chosen['l2']:g}"
    lines = [
        f"{content['name']} on {content['model']['name']}: {run.verdict}",
        *audit_lines(content["audit"]),
        f"selected on validation: {chosen['probe']} at {chosen['site']}{strength}, "
        f"AUROC {_estimate(chosen['validation_auroc'])}",
        f"threshold {threshold['value']:.4g} for {threshold['target_fpr']:.0%} false positives on "
        f"{threshold['control']} (n = {threshold['n']}, 95 % interval {_range(threshold['realised'])})",
    ]
    for name, entry in content["test"].items():
        lines += [
            "",
            f"{name}: {entry['n_positive']} {content['positive']}, {entry['n_negative']} {content['negative']}",
        ]
        figures = [
            ("AUROC", _estimate(entry["auroc"])),
            ("recall at 1 % FPR", _estimate(entry["recall_at_fpr"].get("0.01", {}))),
            ("balanced accuracy", _estimate(entry["balanced_accuracy"])),
        ]
        figures += [
            (f"  {label}: AUROC", _estimate(content["baselines"][key][name]["auroc"]))
            for key, label in BASELINE_NAMES.items()
        ]
        width = max(len(label) for label, _ in figures)
        lines += [f"  {label.ljust(width)}  {value}" for label, value in figures]
    if content["warnings"]:
        lines += ["", *(f"note: {note}" for note in content["warnings"])]
    return "\n".join([*lines, "", f"report: {run.report_path}", f"probe:  {run.probe_path}"])


def audit_lines(audit: Mapping[str, Any]) -> list[str]:
    """Return the verdict's sentence and one line a check."""
    findings = audit["findings"]
    width = max((len(f["check"]) for f in findings), default=0)
    marks = {"passed": "passed", "failed": "FAILED", "could not run": "open"}
    lines = [f"  {f['check'].ljust(width)}  {marks[f['status']].ljust(7)}  {f['sentence']}" for f in findings]
    return [audit["sentence"], "", *lines, ""] if audit.get("sentence") else []


def _estimate(entry: Mapping[str, Any]) -> str:
    if entry.get("value") is None:
        return f"undefined: {entry.get('reason') or 'not computed'}"
    interval = "" if entry.get("low") is None else f"  [{entry['low']:.3f}, {entry['high']:.3f}]"
    return f"{entry['value']:.3f}{interval}"


def _range(interval: Any) -> str:
    if not interval or interval[0] is None:
        return "undefined"
    return f"{interval[0]:.1%} to {interval[1]:.1%}"
