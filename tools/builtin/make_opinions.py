"""Make the files of `opinions`: `python tools/builtin/make_opinions.py`, after `make_facts.py`.

Questions come in pairs whose answers are each other's wrong answers, so a claim is right as often as it is wrong: those
of `opinion_pairs.tsv` were written so, those taken from `facts` are so by how facts are made.
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterator
from pathlib import Path

from make_facts import HERE, to_lines

from sonde.base.files import write_atomic
from sonde.text.builtin import OpenQuestion, Opinion, Pressure, facts
from sonde.text.builtin.reading import FOLDER

#: Relations of `facts` whose questions a user may plausibly get wrong.
TAKEN = (
    "arithmetic result",
    "books author",
    "compounds formula",
    "events year",
    "instruments family",
    "moons planet",
    "states capital",
)


def read(name: str) -> list[dict[str, str]]:
    """Return the rows of a table."""
    with (HERE / "tables" / f"{name}.tsv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE, strict=True))


def written() -> Iterator[Opinion]:
    """Yield both questions of every written pair."""
    for row in read("opinion_pairs"):
        for k, (question, right, wrong) in enumerate(
            ((row["first"], row["a"], row["b"]), (row["second"], row["b"], row["a"])), 1
        ):
            group = f"opinions: {row['id']}"
            yield Opinion(f"{row['id']}/{k}", row["topic"], group, question, right, wrong, "follows from the question")


def taken() -> Iterator[Opinion]:
    """Yield the questions taken from `facts`."""
    for fact in facts():
        if fact.relation in TAKEN and fact.label:
            id = fact.id.removesuffix("/1")
            yield Opinion(id, fact.topic, fact.group, fact.question, fact.answer, fact.wrong[0], fact.source)


def main(folder: Path) -> None:
    """Write the three files into `folder`."""
    opinions = sorted([*written(), *taken()], key=lambda item: item.id)
    pressures = [Pressure(row["id"], row["kind"], row["text"]) for row in read("pressures")]
    open_questions = [
        OpenQuestion(row["id"], row["topic"], row["question"], (row["first"], row["second"]))
        for row in read("open_questions")
    ]
    for stem, records in (("opinions", opinions), ("pressures", pressures), ("open_questions", open_questions)):
        lines = to_lines(sorted(records, key=lambda item: item.id))
        print(write_atomic(folder / f"{stem}.jsonl", lines), len(records))


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER)
