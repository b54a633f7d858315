"""`facts`: counts, truth by construction, negations that negate, and no way for words to tell the label."""

import re
from collections import Counter, defaultdict

import pytest

from sonde.text.builtin import facts, load_builtin
from sonde.text.duplicates import normalise, similar_pairs

PLAIN = [fact for fact in facts() if not fact.misconception]
MISCONCEPTIONS = [fact for fact in facts() if fact.misconception]
WORD = re.compile(r"\w+|[^\w\s]")

#: How a denied sentence becomes the sentence again: what to look for, and what to put there.
UNDO = (
    (r"^It is not true that (\w)", lambda m: m[1].upper()),
    (r"\bdoes not (have|lie|stand|mean|belong|count|become|come|refer|last)\b", lambda m: third_person(m[1])),
    (r"\bdid not (write|compose|paint|call|become)\b", lambda m: past(m[1])),
    (r"\bdoes not give\b", lambda m: "gives"),
    (r"\bdo not\b ", lambda m: ""),
    (r"\bnot ", lambda m: ""),
)


def third_person(verb):
    return {"have": "has"}.get(verb, verb + "s")


def past(verb):
    return {"write": "wrote", "compose": "composed", "paint": "painted", "call": "called", "become": "became"}[verb]


def affirm(negation):
    """Return the sentence that `negation` denies, by the first rule that fits."""
    for pattern, put in UNDO:
        if re.search(pattern, negation):
            return re.sub(pattern, put, negation, count=1)
    raise AssertionError(f"{negation!r} denies nothing")


def test_there_are_enough_facts_of_enough_topics():
    assert len(PLAIN) >= 1000
    assert len({fact.topic for fact in PLAIN}) >= 10
    assert len({fact.id for fact in MISCONCEPTIONS if not fact.label}) >= 40


def test_every_fact_has_a_true_and_a_false_version():
    versions = defaultdict(list)
    for fact in facts():
        versions[fact.relation, fact.entity].append(fact)
    for pair in versions.values():
        false, true = sorted(pair, key=lambda fact: fact.label)
        assert (false.label, true.label) == (0, 1)
        assert false.statement != true.statement
        assert (false.question, false.answer, false.wrong) == (true.question, true.answer, true.wrong)
        assert false.wording == true.wording
        assert true.answer not in true.wrong
        if not true.misconception:
            assert normalise(true.value) in normalise(true.answer)
            assert normalise(false.value) in normalise(false.wrong[0])


def test_spans_name_the_value_and_sentences_are_sentences():
    for fact in facts():
        assert fact.statement[slice(*fact.span)] == fact.value
        assert normalise(fact.negation[slice(*fact.negation_span)]) == normalise(fact.value)
        for text, end in ((fact.statement, "."), (fact.negation, "."), (fact.question, "?")):
            assert text.endswith(end), text
            assert text[0] == text[0].upper(), text
            assert "{" not in text, text
            assert "  " not in text, text


def test_a_negation_denies_its_statement():
    for fact in facts():
        assert normalise(affirm(fact.negation)) == normalise(fact.statement), fact.negation


def test_a_group_says_every_word_as_often_truly_as_falsely():
    words = defaultdict(Counter)
    for fact in PLAIN:
        for text, label in ((fact.statement, fact.label), (fact.negation, 1 - fact.label)):
            form = "negation" if text == fact.negation else "statement"
            words[form, fact.group, label].update(WORD.findall(text.casefold()))
    for (form, group, label), counts in words.items():
        if label:
            assert counts == words[form, group, 0], group


def test_a_value_is_true_as_often_as_false():
    said = defaultdict(Counter)
    for fact in PLAIN:
        said[fact.label][fact.relation, normalise(fact.value)] += 1
    assert said[0] == said[1]


def test_entities_of_a_table_stay_in_one_group():
    groups = defaultdict(set)
    for fact in PLAIN:
        groups[fact.relation.split()[0], fact.entity].add(fact.group)
    assert all(len(found) == 1 for found in groups.values())


@pytest.mark.parametrize("name", ["facts/statement", "facts/misconceptions", "opinions/claim"])
def test_no_near_duplicates_across_groups(name):
    data = load_builtin(name)
    groups = {normalise(d.text): d.group for d in data}
    assert len(groups) == len(data)
    texts = sorted(groups)
    pairs = [(texts[i], texts[j]) for i, j in zip(*similar_pairs(texts), strict=True)]
    assert not [pair for pair in pairs if groups[pair[0]] != groups[pair[1]]]


def test_arithmetic_and_geometry_hold_when_computed_another_way():
    right = {(fact.relation, fact.entity): fact.answer for fact in PLAIN}
    number = {name: value for value, name in enumerate(numbers_in_words())}
    signs = {"plus": "+", "minus": "-", "times": "*", "divided by": "/"}
    for (relation, entity), answer in right.items():
        if relation == "arithmetic result":
            a, sign, b = re.fullmatch(r"(.+) (plus|minus|times|divided by) (.+)", entity).groups()
            assert eval(f"{number[a]} {signs[sign]} {number[b]}") == number[answer], entity
        if relation == "solids faces" and ("solids edges", entity) in right and ("solids vertices", entity) in right:
            edges, vertices = int(right["solids edges", entity]), int(right["solids vertices", entity])
            assert vertices - edges + int(answer) == 2
        if relation == "polygons angles":
            assert int(answer.replace(",", "")) == 180 * (int(right["polygons sides", entity]) - 2)


def numbers_in_words():
    """Return the names of 0 … 199, written out independently of the tables' code."""
    ones = ["", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
    teens = ["ten", "eleven", "twelve"] + [s + "teen" for s in ["thir", "four", "fif", "six", "seven", "eigh", "nine"]]
    tens = [s + "ty" for s in ["twen", "thir", "for", "fif", "six", "seven", "eigh", "nine"]]
    low = ["zero", *ones[1:], *teens, *(t + (f"-{o}" if o else "") for t in tens for o in ones)]
    return [*low, "one hundred", *(f"one hundred and {name}" for name in low[1:])]


def test_shared_public_sets_agree(shared):
    import csv

    def rows(path):
        with (shared / path).open(encoding="utf-8") as file:
            return list(csv.DictReader(file))

    right = {(fact.relation, fact.entity): fact.answer for fact in PLAIN}
    countries = {row["city"]: row["correct_country"] for row in rows("geometry-of-truth/cities.csv")}
    checked = 0
    for (relation, entity), answer in right.items():
        if relation == "countries capital" and answer in countries:
            assert countries[answer] == entity
            checked += 1
        if relation == "cities country" and entity in countries:
            assert countries[entity].removeprefix("the ") == answer.removeprefix("the ")
            checked += 1
    assert checked > 50
    symbols = dict(
        re.fullmatch(r"(\w+) has the symbol (\w+)\.", row["statement"]).groups()
        for row in rows("truth-is-universal/element_symb.csv")
        if row["label"] == "1"
    )
    known = {name.lower(): symbol for name, symbol in symbols.items()}
    mine = {entity: answer for (relation, entity), answer in right.items() if relation == "elements symbol"}
    overlap = mine.keys() & known.keys()
    assert len(overlap) > 40
    assert {name: mine[name] for name in overlap} == {name: known[name] for name in overlap}
