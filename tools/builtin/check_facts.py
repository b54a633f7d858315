"""Print what stands behind `facts`: `python tools/builtin/check_facts.py [--write] [--dropped]`.

For each topic: its statements (true and false), the facts behind them that a second source confirms, and the values of
the tables that were dropped because a source says otherwise, because none was found, or because no pair was left for
them. `--dropped` lists those; `--write` puts the table into the card. Exits 1 when a statement in `facts.jsonl` is not
what its tables and their second sources give.
"""

from __future__ import annotations

import argparse
import re
import sys
import tomllib
from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import NamedTuple

from make_facts import HERE, make, read_table
from second_source import AGREES, DISPUTED, UNCHECKED, judge

from sonde.base.files import write_atomic
from sonde.text.builtin import card, facts
from sonde.text.builtin.reading import FOLDER

MARKS = re.compile(r"(<!-- second -->\n).*?(<!-- /second -->)", re.DOTALL)
COMMON = "common misconceptions"
#: Agrees, and yet stands in no statement: an odd row, or one that differs from no other.
UNPAIRED = "unpaired"
#: Longest list of sources shown for a topic.
SOURCES = 4


class Value(NamedTuple):
    """One value of a table: where it stands, whether it is confirmed, and by what."""

    topic: str
    table: str
    column: str
    entity: str
    value: str
    status: str
    source: str


def values() -> Iterator[Value]:
    """Yield every value that a relation of the tables has, misconceptions included."""
    used = {(fact.relation, fact.entity) for fact in facts()}
    relations = tomllib.loads((HERE / "relations.toml").read_text(encoding="utf-8"))["relation"]
    for relation in [*relations, {"topic": COMMON, "table": "misconceptions", "column": "right"}]:
        table, column = relation["table"], relation["column"]
        for row in read_table(table):
            if column not in row:
                continue
            entity = row.get("entity", row.get("id", ""))
            status, source = judge(table, column, row)
            name = "misconceptions" if table == "misconceptions" else f"{table} {column}"
            if status == AGREES and (name, entity) not in used:
                status = UNPAIRED
            yield Value(relation["topic"], table, column, entity, row[column], status, source)


def table_of(found: list[Value]) -> str:
    """Return a line a topic, as Markdown."""
    statements = Counter(COMMON if fact.misconception else fact.topic for fact in facts())
    counts, sources = defaultdict(Counter), defaultdict(Counter)
    for value in found:
        counts[value.topic][value.status] += 1
        if value.status == AGREES:
            sources[value.topic][value.source.partition(":")[0]] += 1
    columns = ["topic", "statements", "facts confirmed", "disputed", "no second source", "no pair", "second source"]
    lines = [f"| {' | '.join(columns)} |", f"|{' --- |' * len(columns)}"]
    total: Counter[str] = Counter()
    for topic in sorted(counts):
        total += counts[topic]
        cells = [counts[topic][status] for status in (AGREES, DISPUTED, UNCHECKED, UNPAIRED)]
        shown = [f"{name} {n}" for name, n in sources[topic].most_common(SOURCES)]
        more = sources[topic].total() - sum(n for _, n in sources[topic].most_common(SOURCES))
        shown += [f"others {more}"] if more else []
        lines.append(f"| {topic} | {statements[topic]} | {' | '.join(map(str, cells))} | {', '.join(shown)} |")
    cells = [total[status] for status in (AGREES, DISPUTED, UNCHECKED, UNPAIRED)]
    lines.append(f"| all | {statements.total()} | {' | '.join(map(str, cells))} | |")
    return "\n".join(lines)


def main() -> int:
    """Print the table; 1 = the shipped statements are not those that the tables and their second sources give."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true", help="put the table into the card")
    parser.add_argument("--dropped", action="store_true", help="list the values that were dropped, and why")
    options = parser.parse_args()
    found = list(values())
    table = table_of(found)
    print(table)
    if options.dropped:
        for value in found:
            if value.status != AGREES:
                said = f"; the source says {value.source}" if value.status == DISPUTED else ""
                print(f"{value.status}: {value.table} {value.column}: {value.entity} = {value.value}{said}")
    if options.write:
        text = MARKS.sub(lambda m: m[1] + table + "\n" + m[2], card("facts"))
        print(write_atomic(FOLDER / "facts.md", text), file=sys.stderr)
    same = make() == list(facts())
    if not same:
        print("facts.jsonl is not what the tables give: run tools/builtin/make_facts.py", file=sys.stderr)
    return 0 if same else 1


if __name__ == "__main__":
    sys.exit(main())
