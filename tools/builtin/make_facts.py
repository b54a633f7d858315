"""Make `facts.jsonl` from the tables: `python tools/builtin/make_facts.py` (the same tables give the same bytes).

Two entities of a table form a pair and lend each other their values: of "The capital of France is Paris." and "The
capital of Peru is Lima." come the false "The capital of France is Lima." and "The capital of Peru is Paris.". A pair is
a group and has one wording a relation, so in every group each word stands in as many true as false statements.
"""

from __future__ import annotations

import csv
import hashlib
import json
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import networkx as nx
from computed import COMPUTED, Row
from second_source import AGREES, judge

from sonde.base.files import write_atomic
from sonde.text.builtin import Fact
from sonde.text.builtin.reading import FOLDER

HERE = Path(__file__).parent
_VOWELS = ("a", "e", "i", "o")
#: Wrong answers of a question, the one of the false statement first.
WRONG = 3

Relation = dict[str, Any]


def read_table(name: str) -> list[Row]:
    """Return the rows of a table, in order; an empty cell is left out."""
    if name in COMPUTED:
        return COMPUTED[name]()
    with (HERE / "tables" / f"{name}.tsv").open(encoding="utf-8", newline="") as file:
        rows = [{k: v for k, v in row.items() if v} for row in csv.DictReader(file, delimiter="\t", strict=True)]
    if len({row.get("entity", row.get("id")) for row in rows}) != len(rows):
        raise ValueError(f"{name}.tsv names an entity twice")
    return rows


def confirmed(rows: list[Row], table: str, columns: list[str], *, in_pairs: bool = False) -> list[Row]:
    """Return the rows without the values that no second source confirms.

    A row that has none left is dropped; of a table that lists its pairs (`in_pairs`), so is the row beside it.
    """
    kept = [{k: v for k, v in row.items() if k not in columns or judge(table, k, row)[0] == AGREES} for row in rows]
    whole = [any(column in row for column in columns) for row in kept]
    if in_pairs:
        whole = [both for pair in zip(whole[::2], whole[1::2], strict=True) for both in [all(pair)] * 2]
    return [row for row, fine in zip(kept, whole, strict=True) if fine]


def pairs(table: str, rows: list[Row], relations: list[Relation]) -> list[tuple[Row, Row]]:
    """Pair entities that differ in as many relations as possible.

    Among such pairings, a table whose rows are in a telling order (`pairing = "near"`: by date, number, kind) takes the
    nearest rows, so that false values are plausible; others take any. `pairing = "listed"` takes row after row.
    """
    columns = [relation["column"] for relation in relations]
    how = {relation.get("pairing", "any") for relation in relations}
    if how == {"listed"}:
        return list(zip(rows[::2], rows[1::2], strict=False))
    graph = nx.Graph()
    graph.add_nodes_from(range(len(rows)))
    for i, a in enumerate(rows):
        for j in range(i + 1, len(rows)):
            shared = sum(differ(a, rows[j], column) for column in columns)
            if shared and not any(clash(a, rows[j], relation) for relation in relations):
                liking = max(0, 1000 - 10 * (j - i)) if "near" in how else _tie(table, a["entity"], rows[j]["entity"])
                graph.add_edge(i, j, weight=shared * 1_000_000 + liking)
    matched = sorted(tuple(sorted(pair)) for pair in nx.max_weight_matching(graph))
    return [(rows[i], rows[j]) for i, j in matched]


def differ(a: Row, b: Row, column: str) -> bool:
    """Return whether both have a value in `column`, and not the same."""
    return column in a and column in b and a[column] != b[column]


def clash(a: Row, b: Row, relation: Relation) -> bool:
    """Return whether the two values are of kinds that some would count as one (birds among the reptiles)."""
    return sorted((a.get(relation["column"], ""), b.get(relation["column"], ""))) in relation.get("clash", [])


def _tie(*names: str) -> int:
    return int.from_bytes(hashlib.sha256("/".join(names).encode()).digest()[:2], "big")


def article(text: str) -> str:
    """Return `text` with "a" or "an" ("a" before u and eu, as all such words in the tables are said with a y)."""
    vowel = text.lower().startswith(_VOWELS) and not text.lower().startswith("eu")
    return f"{'an' if vowel else 'a'} {text}"


def fill(wording: str, entity: str, value: str) -> tuple[str, tuple[int, int]]:
    """Return a wording filled in, and the characters of its value."""
    forms = {"e": entity, "E": upper(entity), "ae": article(entity), "Ae": upper(article(entity))}
    before, slot, after = _cut(wording)
    shown = upper(value) if slot == "V" else value
    if slot in ("av", "Av"):
        lead = article(value)[: -len(value)]
        before += upper(lead) if slot == "Av" else lead
    before, after = before.format(**forms), after.format(**forms)
    return before + shown + after, (len(before), len(before) + len(shown))


def _cut(wording: str) -> tuple[str, str, str]:
    for slot in ("v", "V", "av", "Av"):
        before, found, after = wording.partition(f"{{{slot}}}")
        if found:
            return before, slot, after
    raise ValueError(f"wording {wording!r} has no value")


def upper(text: str) -> str:
    """Return `text` with a capital first letter."""
    return text[:1].upper() + text[1:]


def facts_of(relation: Relation, pair: tuple[Row, Row], rows: list[Row], turn: int) -> Iterator[Fact]:
    """Yield the four statements of a pair."""
    column, table = relation["column"], relation["table"]
    number = turn % len(relation["wordings"])
    wording, negated = relation["wordings"][number]
    for mine, other in (pair, pair[::-1]):
        entity = mine["entity"]
        wrong = wrong_values(mine, other, relation, rows)
        answer = relation.get("answer", "{v}")
        for label, value in ((1, mine[column]), (0, other[column])):
            statement, span = fill(wording, entity, value)
            negation, negation_span = fill(negated, entity, value)
            yield Fact(
                id=f"{table}/{column}/{entity}/{label}",
                topic=relation["topic"],
                relation=f"{table} {column}",
                entity=entity,
                group=f"{table}: {pair[0]['entity']} + {pair[1]['entity']}",
                statement=statement,
                label=label,
                negation=negation,
                value=statement[slice(*span)],
                span=span,
                negation_span=negation_span,
                question=fill_question(relation["question"], entity),
                answer=answer.format(v=mine[column]),
                wrong=tuple(answer.format(v=v) for v in wrong),
                misconception=False,
                wording=number,
                source=relation["source"],
                second=judge(table, column, mine)[1],
            )


def fill_question(question: str, entity: str) -> str:
    """Return the question about `entity`."""
    return question.format(e=entity, ae=article(entity))


def wrong_values(mine: Row, other: Row, relation: Relation, rows: list[Row]) -> list[str]:
    """Return the other's value, then those of the rows after it."""
    start, column = rows.index(other), relation["column"]
    around = [row for row in rows[start:] + rows[:start] if differ(mine, row, column)]
    values = dict.fromkeys(row[column] for row in around if not clash(mine, row, relation))
    return list(values)[: relation.get("wrong", WRONG)]


def misconceptions() -> Iterator[Fact]:
    """Yield both versions of every common misconception."""
    for row in confirmed(read_table("misconceptions"), "misconceptions", ["right"]):
        for label, value in ((1, row["right"]), (0, row["wrong"])):
            statement, span = fill(row["template"].removeprefix("="), "", value)
            named = row["template"].startswith("=")
            negation, shift = deny(statement, keep_case=named)
            yield Fact(
                id=f"misconceptions/{row['id']}/{label}",
                topic=row["topic"],
                relation="misconceptions",
                entity=row["id"],
                group=f"misconceptions: {row['id']}",
                statement=statement,
                label=label,
                negation=negation,
                value=value,
                span=span,
                negation_span=(span[0] + shift, span[1] + shift),
                question=row["question"],
                answer=row["right_answer"],
                wrong=(row["wrong_answer"],),
                misconception=True,
                wording=0,
                source=row["source"],
                second=judge("misconceptions", "right", row)[1],
            )


def deny(statement: str, *, keep_case: bool) -> tuple[str, int]:
    """Return "It is not true that …" and by how many characters that moved the rest."""
    opening = "It is not true that "
    return opening + (statement if keep_case else statement[:1].lower() + statement[1:]), len(opening)


def make() -> list[Fact]:
    """Return every fact, sorted by id."""
    relations = tomllib.loads((HERE / "relations.toml").read_text(encoding="utf-8"))["relation"]
    made = list(misconceptions())
    for table in dict.fromkeys(relation["table"] for relation in relations):
        mine = [r for r in relations if r["table"] == table]
        listed = any(relation.get("pairing") == "listed" for relation in mine)
        rows = confirmed(read_table(table), table, [r["column"] for r in mine], in_pairs=listed)
        for turn, pair in enumerate(pairs(table, rows, mine)):
            for k, relation in enumerate(mine):
                if differ(*pair, relation["column"]):
                    made += facts_of(relation, pair, rows, turn + k)
    return sorted(made, key=lambda fact: fact.id)


def to_lines(records: list[Any]) -> str:
    """Return records as JSON lines."""
    return "".join(json.dumps(asdict(record), ensure_ascii=False) + "\n" for record in records)


def main(folder: Path) -> None:
    """Write `facts.jsonl` into `folder`."""
    print(write_atomic(folder / "facts.jsonl", to_lines(make())))


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER)
