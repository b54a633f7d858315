"""What a second source says of a table's values: nothing goes into `facts` that none confirms, or that any disputes."""

from __future__ import annotations

import csv
import re
import unicodedata
from collections import defaultdict
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from recomputed import recompute

FOLDER = Path(__file__).parent / "second"
FILES = ("gathered.tsv", "read.tsv")
#: A source that says the same in words that no rule can compare ("keeps food out of the windpipe"), read by eye.
SAME = "="
AGREES, DISPUTED, UNCHECKED = "agrees", "disputed", "unchecked"
#: Other names of one thing.
ALIKE = {"czechia": "czech republic", "bangla": "bengali", "mongoliantugrik": "togrog"}


@cache
def findings() -> Mapping[tuple[str, str, str], list[tuple[str, str]]]:
    """Return value and source of every finding, by table, column and entity."""
    found = defaultdict(list)
    for name in FILES:
        with (FOLDER / name).open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file, delimiter="\t", strict=True):
                found[row["table"], row["column"], row["entity"]].append((row["value"], row["source"]))
    return dict(found)


def judge(table: str, column: str, row: Mapping[str, str]) -> tuple[str, str]:
    """Return whether the second sources confirm `row[column]`, and which source (or what it says instead)."""
    entity, value = row.get("entity", row.get("id", "")), row[column]
    computed = recompute(table, column, row)
    said = findings().get((table, column, entity), []) + ([(computed, "computed another way")] if computed else [])
    if not said:
        return UNCHECKED, "no second source"
    for other, source in said:
        if not agree(value, other, formula=column == "formula"):
            return DISPUTED, f"{other} ({source})"
    return AGREES, said[0][1]


def agree(value: str, other: str, *, formula: bool = False) -> bool:
    """Return whether two ways to write a value mean the same.

    Numbers must be equal, to the rounding of unit tables; formulas must have the same atoms; of names one may be part
    of the other ("krone" and "Danish Krone", "Mozart" and "Wolfgang Amadeus Mozart").
    """
    if other == SAME:
        return True
    if formula:
        return atoms(value) == atoms(other)
    if (a := number(value)) is not None:
        b = number(other)
        return b is not None and abs(a - b) <= 1e-5 * max(abs(a), abs(b))
    mine, theirs = words(value), words(other)
    return mine in theirs or theirs in mine or "".join(mine.split()) == "".join(theirs.split())


def number(text: str) -> float | None:
    """Return a number such as "1,080"; None for any other text."""
    plain = text.replace(",", "").strip()
    return float(plain) if re.fullmatch(r"\d+(\.\d+)?", plain) else None


def words(text: str) -> str:
    """Return letters and digits in lower case between single spaces, without accents or a leading "the"."""
    letters = unicodedata.normalize("NFKD", text.casefold().replace("ł", "l")).encode("ascii", "ignore").decode()
    kept = re.sub(r"[^a-z0-9]+", " ", letters.removeprefix("the ")).strip()
    return f" {ALIKE.get(kept.replace(' ', ''), kept)} "


def atoms(formula: str) -> dict[str, int]:
    """Return how many atoms of each element a formula has (no brackets are needed here)."""
    counts: dict[str, int] = defaultdict(int)
    for symbol, times in re.findall(r"([A-Z][a-z]?)(\d*)", formula):
        counts[symbol] += int(times or 1)
    return dict(counts)
