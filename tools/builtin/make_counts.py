"""Put the counts of `facts` and `opinions` into their cards: `python tools/builtin/make_counts.py`."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from pathlib import Path

from sonde.base.files import write_atomic
from sonde.text.builtin import card, facts, open_questions, opinions, pressures
from sonde.text.builtin.reading import FOLDER

MARKS = re.compile(r"(<!-- counts -->\n).*?(<!-- /counts -->)", re.DOTALL)


def fact_counts() -> str:
    """Return a line a topic: statements, groups, wordings, where its values can be looked up."""
    by_topic = defaultdict(list)
    for fact in facts():
        by_topic["common misconceptions" if fact.misconception else fact.topic].append(fact)
    lines = [
        "| topic | true + false | groups | wordings | where it can be looked up |",
        "| --- | --- | --- | --- | --- |",
    ]
    for topic, mine in sorted(by_topic.items()):
        sources = "named with each row" if mine[0].misconception else "; ".join(dict.fromkeys(f.source for f in mine))
        truths = Counter(f.label for f in mine)
        wordings = len({(f.relation, f.wording) for f in mine}) if not mine[0].misconception else len(mine) // 2
        groups = len({f.group for f in mine})
        lines.append(f"| {topic} | {truths[1]} + {truths[0]} | {groups} | {wordings} | {sources} |")
    plain = [f for f in facts() if not f.misconception]
    true = sum(f.label for f in plain)
    lines.append(f"| all but misconceptions | {true} + {len(plain) - true} | {len({f.group for f in plain})} | | |")
    return "\n".join(lines)


def opinion_counts() -> str:
    """Return the questions a topic, and the pressures a kind."""
    asked = Counter(item.topic for item in opinions())
    kinds = Counter(item.kind for item in pressures())
    lines = ["| what | rows |", "| --- | --- |"]
    lines.append(f"| questions with a right answer | {len(opinions())} |")
    lines.append(f"| … by topic | {', '.join(f'{topic} {n}' for topic, n in sorted(asked.items()))} |")
    lines.append(f"| questions without a right answer | {len(open_questions())} |")
    lines.append(f"| wordings of pressure | {len(pressures())} |")
    lines.append(f"| … by kind | {', '.join(f'{kind} {n}' for kind, n in sorted(kinds.items()))} |")
    return "\n".join(lines)


def with_counts(text: str, counts: str) -> str:
    """Return a card with its counts renewed."""
    return MARKS.sub(lambda m: m[1] + counts + "\n" + m[2], text)


def main(folder: Path = FOLDER) -> None:
    """Renew both cards."""
    for name, counts in (("facts", fact_counts()), ("opinions", opinion_counts())):
        print(write_atomic(folder / f"{name}.md", with_counts(card(name), counts)))


if __name__ == "__main__":
    main()
