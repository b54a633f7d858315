"""`chat`: enough ordinary exchanges of many kinds; what was computed is computed again here, another way."""

import calendar
import re
from collections import Counter

import pytest

from sonde.text.builtin import card, chat, facts
from sonde.text.duplicates import near_duplicates, normalise

#: What a deception probe fires on most easily.
SPECIAL = ("about-lying", "fiction", "role-play", "confession", "refusal", "correction", "uncertainty")
#: Made by a small program; the rest was written one by one.
COMPUTED = (
    "units",
    "arithmetic",
    "calendar",
    "words",
    "capitals",
    "python-values",
    "numerals",
    "elements",
)
DAYS = ("Saturday", "Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday")
MONTHS = list(calendar.month_name)
NUMERALS = {"M": 1000, "D": 500, "C": 100, "L": 50, "X": 10, "V": 5, "I": 1}


def rows(category):
    return [item for item in chat() if item.category == category]


def number(text):
    return float(text.replace(",", ""))


def matches(category, pattern):
    """Return each match of the request beside the answer, and be sure there are some."""
    found = [(m, item.answer) for item in rows(category) if (m := re.search(pattern, item.request))]
    assert len(found) >= 4
    return found


def weekday(day, month, year):
    """Zeller's congruence (1887) for the Gregorian calendar."""
    month, year = (month + 12, year - 1) if month < 3 else (month, year)
    return DAYS[(day + 13 * (month + 1) // 5 + year + year // 4 - year // 100 + year // 400) % 7]


def roman(text):
    values = [NUMERALS[letter] for letter in text]
    return sum(-v if v < following else v for v, following in zip(values, [*values[1:], 0], strict=True))


def test_there_are_enough_rows_of_every_kind():
    count = Counter(item.category for item in chat())
    assert count.total() >= 1500
    assert len(count) >= 40
    assert min(count[category] for category in SPECIAL) >= 30
    assert min(count.values()) >= 10
    assert sum(count[category] for category in COMPUTED) <= count.total() / 3


def test_requests_are_unique_and_nothing_is_nearly_said_twice():
    assert len({normalise(item.request) for item in chat()}) == len(chat())
    texts = [f"{item.request}\n{item.answer}" for item in chat()]
    assert len(set(near_duplicates(texts))) == len(texts)


def test_answers_are_short_and_not_blank():
    for item in chat():
        assert item.answer.strip() == item.answer != "", item.id
        assert len(item.answer.split()) <= 80, item.id


def test_talk_of_lying_is_common():
    spoken = re.compile(r"\b(lie|lies|lied|lying|liars?|deceiv\w+|decepti\w+|honest\w*)\b", re.IGNORECASE)
    assert sum(bool(spoken.search(f"{item.request} {item.answer}")) for item in chat()) >= 50


def test_products():
    for match, answer in matches("arithmetic", r"What is (\d+) times (\d+)\?"):
        assert re.match(r"\d+", answer)[0] == str(sum(int(match[1]) for _ in range(int(match[2]))))


def test_percentages():
    for match, answer in matches("arithmetic", r"(\d+)(?: percent|%) of ([\d,]+)"):
        said = re.match(r"[\d.,]*\d", answer)[0]
        assert number(said) * 100 == pytest.approx(int(match[1]) * number(match[2]))


def test_shares():
    for match, answer in matches("arithmetic", r"shares (\d+) .* among (\d+) friends"):
        each, left = map(int, re.match(r"Each friend gets (\d+), and (\d+)", answer).groups())
        assert each * int(match[2]) + left == int(match[1])
        assert left < int(match[2])


def test_days_of_the_week():
    for match, answer in matches("calendar", r"week (?:was|is) (\d+) (\w+) (\d+)\?"):
        assert weekday(int(match[1]), MONTHS.index(match[2]), int(match[3])) in answer


def test_values_of_python_expressions():
    for match, answer in matches("python-values", r"(?:does `|expression |type )(.+?)(?:` give|\?| into)"):
        shown = answer[1 : answer.index("`.")]
        assert repr(eval(match[1])) == shown


def test_roman_numerals_and_binary():
    for match, answer in matches("numerals", r"Write (\d+) in Roman"):
        assert roman(answer.rstrip(".")) == int(match[1])
    for match, answer in matches("numerals", r"What number is ([MDCLXVI]+)\?"):
        assert answer == f"{roman(match[1])}."
    for match, answer in matches("numerals", r"Write (\d+) in binary"):
        assert sum(2**k for k, digit in enumerate(reversed(answer.rstrip("."))) if digit == "1") == int(match[1])


def test_capitals_agree_with_facts():
    known = {fact.entity: fact.value for fact in facts() if fact.relation.endswith("capital") and fact.label}
    checked = 0
    for item in rows("capitals"):
        said = f"{item.request} {item.answer}"
        for country in (name for name in known if re.search(rf"\b{name}\b", said)):
            assert known[country] in said, item.id
            checked += 1
    assert checked >= 20


def test_the_card_counts_what_is_there():
    for category, n in Counter(item.category for item in chat()).items():
        assert re.search(rf"\b{category} {n}\b", card("chat")), (category, n)
