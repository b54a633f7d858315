"""Whether bag of words, length or position give away the labels of the built-in sets.

Every reader is trained on some groups and tested on others (five folds, five shuffles of the groups); `AUROC` is the
mean over folds, and the reader must stay within 0.5 ± 0.05 where the set's design says so ("must"). Exits 1 when one
does not.

    python benchmarks/data_balance.py              # prints the table, about a minute
    python benchmarks/data_balance.py --write      # also puts it into the sets' cards
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.pipeline import make_pipeline

from sonde.text import Dataset
from sonde.text.builtin import load_builtin
from sonde.text.builtin.reading import FOLDER

FOLDS, REPEATS, TOLERANCE = 5, 5, 0.05
#: Fewer groups than this say nothing about balance.
FEWEST_GROUPS = 20
READERS = ("bag of words", "words", "characters", "target position", "row position")


@dataclass(frozen=True)
class Claim:
    """One form of a set, and whether its text may tell the label."""

    name: str
    must: bool
    why: str = ""


CLAIMS = (
    Claim("facts/statement", True),
    Claim("facts/negation", True),
    Claim("facts/question-answer", True),
    Claim("facts/misconceptions", False, "each true version is worded on its own"),
    Claim("opinions/claim", True),
    Claim("opinions/answered", True),
    Claim("instructions/prompt", True),
    Claim("work/piece", False, "quality is in the text; that is what the label means"),
)


def folds(y: np.ndarray, groups: np.ndarray, repeats: int = REPEATS) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return train and test rows of every fold of every repeat; no group is on both sides."""
    return [
        split
        for seed in range(repeats)
        for split in StratifiedGroupKFold(FOLDS, shuffle=True, random_state=seed).split(y, y, groups)
    ]


def bag_of_words(
    texts: Sequence[str], y: np.ndarray, splits: Sequence[tuple[np.ndarray, np.ndarray]]
) -> tuple[float, float]:
    """Return the mean held-out AUROC of a logistic regression on word counts, and its spread over folds."""
    rows, found = np.array(texts, dtype=object), []
    for train, test in splits:
        reader = make_pipeline(CountVectorizer(token_pattern=r"(?u)\b\w+\b|[^\w\s]"), LogisticRegression(max_iter=1000))
        reader.fit(rows[train], y[train])
        found.append(roc_auc_score(y[test], reader.decision_function(rows[test])))
    return float(np.mean(found)), float(np.std(found))


def figures(data: Dataset) -> dict[str, np.ndarray]:
    """Return lengths and positions of every row: `[n]` each."""
    starts = [0 if d.target is None else d.target.start for d in data]
    return {
        "words": np.array([len(d.text.split()) for d in data]),
        "characters": np.array([len(d.text) for d in data]),
        "target position": np.array(starts),
        "row position": np.arange(len(data)),
    }


def balance(data: Dataset, repeats: int = REPEATS) -> dict[str, float]:
    """Return the AUROC of every reader on one set, and the spread of the bag of words."""
    assert data.labels is not None
    assert data.groups is not None
    mean, spread = bag_of_words([d.text for d in data], data.labels, folds(data.labels, data.groups, repeats))
    single = {name: float(roc_auc_score(data.labels, values)) for name, values in figures(data).items()}
    return {"bag of words": mean, "spread": spread, **single}


def row(claim: Claim, data: Dataset) -> tuple[str, bool]:
    """Return a line of the table, and whether the design is kept."""
    groups = len(set(data.groups.tolist())) if data.groups is not None else 0
    start = f"| `{claim.name}` | {len(data):,} | {groups:,} "
    if data.labels is None or groups < FEWEST_GROUPS:
        return start + f"| {'– | ' * len(READERS)}fewer than {FEWEST_GROUPS} groups |", True
    found = balance(data)
    kept = not claim.must or all(abs(found[name] - 0.5) <= TOLERANCE for name in READERS)
    cells = [f"{found['bag of words']:.3f} ± {found['spread']:.3f}", *(f"{found[name]:.3f}" for name in READERS[1:])]
    verdict = f"need not: {claim.why}" if not claim.must else "yes" if kept else "NO"
    return start + "| " + " | ".join([*cells, verdict]) + " |", kept


def header() -> str:
    """Return the head of the table."""
    columns = ["set", "rows", "groups", *(f"{name}" for name in READERS), "within 0.5 ± 0.05"]
    return f"| {' | '.join(columns)} |\n|{' --- |' * len(columns)}"


def write_card(base: str, table: str) -> Path | None:
    """Put the table between the card's balance marks; None where the card has none."""
    path = FOLDER / f"{base}.md"
    text = path.read_text(encoding="utf-8")
    marks = re.compile(r"(<!-- balance -->\n).*?(<!-- /balance -->)", re.DOTALL)
    if not marks.search(text):
        return None
    path.write_text(marks.sub(lambda m: m[1] + table + "\n" + m[2], text), encoding="utf-8")
    return path


def main() -> int:
    """Print the table; 1 = some set is out of balance."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true", help="put the table into the sets' cards")
    options = parser.parse_args()
    lines: dict[str, list[str]] = {}
    kept = True
    print(header())
    for claim in CLAIMS:
        line, fine = row(claim, load_builtin(claim.name))
        print(line, flush=True)
        kept &= fine
        lines.setdefault(claim.name.partition("/")[0], []).append(line)
    if options.write:
        for base, mine in lines.items():
            print(f"card: {write_card(base, chr(10).join([header(), *mine]))}", file=sys.stderr)
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
