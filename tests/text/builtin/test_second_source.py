"""Every statement of `facts` has a second source that agrees, and what one disputes is not there."""

import csv
import importlib
from pathlib import Path

import pytest

from sonde.text.builtin import card, facts

ROOT = Path(__file__).parents[3]
TOOLS = ROOT / "tools" / "builtin"


@pytest.fixture
def tool(monkeypatch):
    """Return a function that imports a script of `tools/builtin`."""
    monkeypatch.syspath_prepend(TOOLS)
    return importlib.import_module


def recorded():
    """Return what the second sources say, read without the tools' own code."""
    said = {}
    for name in ("gathered.tsv", "read.tsv"):
        with (TOOLS / "second" / name).open(encoding="utf-8") as file:
            for row in csv.DictReader(file, delimiter="\t"):
                said.setdefault((f"{row['table']} {row['column']}", row["entity"]), []).append(row["value"])
    return said


def relation_of(fact):
    """Return table and column of a fact."""
    return "misconceptions right" if fact.misconception else fact.relation


#: Relations whose values follow from a definition, and are worked out again.
COMPUTED = {"arithmetic result", "roman value", "letters order", "polygons angles"}
COMPUTED |= {f"solids {part}" for part in ("faces", "edges", "vertices")}


def test_every_fact_has_a_second_source():
    said = recorded()
    for fact in facts():
        relation = relation_of(fact)
        computed = relation in COMPUTED or fact.second == "computed another way"
        assert computed or (relation, fact.entity) in said, fact.id
        assert fact.second


def test_every_source_is_described():
    text = (TOOLS / "second" / "README.md").read_text(encoding="utf-8")
    for name in {fact.second.partition(":")[0].partition(",")[0] for fact in facts()}:
        assert name in text or "." in name or name.startswith("FreeDict"), name


def test_what_a_source_disputes_is_left_out(tool):
    check = tool("check_facts")
    found = list(check.values())
    gone = {(f"{value.table} {value.column}", value.entity) for value in found if value.status == "disputed"}
    assert ("events year", "the first publication of the Communist Manifesto") in gone
    assert not gone & {
        (f"{fact.relation} right" if fact.misconception else fact.relation, fact.entity) for fact in facts()
    }
    assert sum(value.status == "agrees" for value in found) == len(facts()) / 2


def test_the_table_in_the_card_is_that_of_the_data(tool):
    check = tool("check_facts")
    assert check.table_of(list(check.values())) in card("facts")


@pytest.mark.parametrize(
    ("value", "other", "same"),
    [
        ("krone", "Danish Krone", True),
        ("złoty", "Polish Zloty", True),
        ("Johann Strauss II", "Johann Strauß II.", True),
        ("J. R. R. Tolkien", "JRR Tolkien", True),
        ("the United Kingdom", "United Kingdom", True),
        ("1,024", "1024", True),
        ("6", "6.00001", True),
        ("4", "14", False),
        ("1847", "1848", False),
        ("Mali", "Malaysia", False),
        ("Oman", "Romania", False),
        ("store bile", "=", True),
    ],
)
def test_two_ways_to_write_a_value(tool, value, other, same):
    assert tool("second_source").agree(value, other) is same


def test_formulas_are_compared_by_their_atoms(tool):
    agree = tool("second_source").agree
    assert agree("C2H6O", "C2H5OH", formula=True)
    assert not agree("CO", "CO2", formula=True)
    assert not agree("CO", "Co", formula=True)


@pytest.mark.parametrize(
    ("name", "shape"),
    [("cube", (6, 12, 8)), ("regular icosahedron", (20, 30, 12)), ("square pyramid", (5, 8, 5))],
)
def test_solids_are_worked_out_from_their_faces(tool, name, shape):
    assert tool("recomputed").solid(name) == shape


def test_wrong_sums_and_numerals_would_be_seen(tool):
    judge = tool("second_source").judge
    assert judge("arithmetic", "result", {"entity": "seven times eight", "result": "fifty-six"})[0] == "agrees"
    assert judge("arithmetic", "result", {"entity": "seven times eight", "result": "fifty-four"})[0] == "disputed"
    assert judge("roman", "value", {"entity": "XLIV", "value": "44"})[0] == "agrees"
    assert judge("roman", "value", {"entity": "XLIV", "value": "46"})[0] == "disputed"
