"""What the report says in words: the verdict, the headline, the threshold, the warnings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sonde.report.data import ReportData
from sonde.report.format import Cell, count, estimate, number, percent, target_percent
from sonde.report.tables import recall_entry, worst_test

#: What each verdict means.
MEANINGS = {
    "supported": "Every check that bears on the claim's scope ran and passed.",
    "weak": "There is useful signal, but some check failed or could not run: read which before relying on it.",
    "not supported": "A simpler explanation accounts for this result: do not use this detector as what its name says.",
    "not audited": (
        "No check has asked whether the probe reads what its name says, rather than the prompt, the words or the "
        "topic: the numbers below are performance on these data, not evidence for the claim."
    ),
}
_MARKS = {"supported": "✓", "weak": "~", "not supported": "✗", "not audited": "?"}


@dataclass(frozen=True)
class Verdict:
    """The first line: its name, what it means, the audit's own sentence, and the mark drawn beside it."""

    name: str
    meaning: str
    sentence: str
    mark: str

    @property
    def css(self) -> str:
        """The verdict as a CSS class."""
        return "v-" + (self.name.replace(" ", "-") if self.name in MEANINGS else "not-audited")


@dataclass(frozen=True)
class Tile:
    """One of the few numbers shown large."""

    name: str
    cell: Cell
    note: str = ""


def verdict(run: Mapping[str, Any]) -> Verdict:
    """Return the audit's verdict, or `not audited`."""
    audit = run.get("audit") or {}
    name = str(audit.get("verdict") or "not audited")
    sentence = str(audit.get("sentence") or audit.get("reason") or "")
    meaning = MEANINGS.get(name, "This verdict is not one this version of sonde knows: read its findings in run.json.")
    return Verdict(name, meaning, sentence, _MARKS.get(name, "?"))


def headline(data: ReportData) -> tuple[tuple[str, bool], ...]:
    """Return the one-sentence result as (text, whether it is a name from the data) parts."""
    run = data.run
    selected, name = run.get("selected") or {}, data.headline_test
    model = (run.get("model") or {}).get("name", "an unnamed model")
    parts: list[tuple[str, bool]] = [("On ", False), (str(model), True), (", a ", False)]
    parts += [
        (str(selected.get("probe", "probe")), True),
        (" probe at ", False),
        (str(selected.get("site", "?")), True),
    ]
    if name is None:
        return (
            *parts,
            (" was fitted; no test set was given, so nothing is known of how well it detects ", False),
            (data.positive, True),
            (".", False),
        )
    metrics = run["test"][name]
    auroc = estimate(metrics.get("auroc"))
    parts += [(" separates ", False), (data.positive, True), (" from ", False), (data.negative, True)]
    parts += [(f" with AUROC {auroc.main}" if auroc.defined else f" with an AUROC that is {auroc}", False)]
    parts += [
        (f" (95\u202f% interval {auroc.interval})" if auroc.interval else "", False),
        (" on ", False),
        (name, True),
    ]
    n = (metrics.get("n_positive") or 0) + (metrics.get("n_negative") or 0)
    counts = f" (n = {count(n)}: {count(metrics.get('n_positive'))} + {count(metrics.get('n_negative'))})."
    return (*parts, (counts, False))


def tiles(data: ReportData) -> tuple[Tile, ...]:
    """Return the numbers shown large: AUROC, recall, the worst test set, the control's false positives."""
    name = data.headline_test
    if name is None:
        return ()
    metrics = data.run["test"][name]
    made = [Tile("AUROC", estimate(metrics.get("auroc")), f"on {name}")]
    made.append(Tile("Recall at 1\u202f% FPR", estimate(recall_entry(metrics), True), f"on {name}"))
    worst = worst_test(data.run)
    if worst is not None and worst != name:
        made.append(Tile("Lowest AUROC", estimate(data.run["test"][worst].get("auroc")), f"on {worst}"))
    control = data.run.get("threshold") or {}
    if control:
        made.append(
            Tile(
                "False positives on control",
                realised(control),
                f"{control.get('control')}, n = {count(control.get('n'))}",
            )
        )
    return tuple(made)


def realised(threshold: Mapping[str, Any]) -> Cell:
    """Return the control's false-positive rate at the threshold, with its exact interval.

    `realised` holds the interval and `observed` the rate; a record with the interval alone is shown as such.
    """
    bounds = threshold.get("realised")
    if bounds is None:
        return Cell("not measured", defined=False)
    low, high = bounds
    if threshold.get("observed") is None:
        return Cell(f"{percent(low)} to {percent(high)}", note="95\u202f% interval")
    return estimate({"value": threshold["observed"], "low": low, "high": high}, as_percent=True)


def threshold_sentences(data: ReportData) -> tuple[str, ...]:
    """Return what the threshold is, what it was set on, and how far n lets it be trusted."""
    threshold = data.run.get("threshold") or {}
    if threshold.get("value") is None:
        return ("No threshold was set: scores rank examples, and nothing says which are too high.",)
    n, target = int(threshold.get("n") or 0), float(threshold.get("target_fpr", 0.01))
    cut = number(threshold["value"], 4)
    lines = [f"Examples scoring above {cut} are flagged."]
    if n * target < 1:
        lines.append(
            f"The control holds {count(n)} examples, too few to speak of {target_percent(target)} false positives."
        )
    else:
        lines.append(f"It was set for {target_percent(target)} false positives on {count(n)} control examples.")
    if threshold.get("note"):
        note = str(threshold["note"]).rstrip(".")
        lines.append(note[:1].upper() + note[1:] + ".")
    elif 1 <= n * target < 10:
        least = count(round(10 / target))
        lines.append(f"That is coarse: below {least} control examples the rate is known only to its interval.")
    return tuple(lines)


def warnings(data: ReportData) -> tuple[str, ...]:
    """Return the run's own warnings, then what the page itself must say."""
    lines = [str(w) for w in data.run.get("warnings") or ()]
    model = str((data.run.get("model") or {}).get("name", ""))
    if model.split(":")[0].split("-")[0].lower() == "cretan":
        lines.append(
            "Cretan is a tiny model made to be tested on: this result says that the tooling works, "
            "and nothing about any other model."
        )
    return tuple(lines)
