import pytest

from sonde.report.format import Cell, count, estimate, memory, multiple, number, percent, seconds, target_percent


def flat(text):
    return str(text).replace("\u202f", " ")


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        (number(0.9731), "0.973"),
        (number(-2.0004), "−2.000"),
        (number(-0.0001), "0.000"),
        (number(None), "undefined"),
        (number(float("nan")), "undefined"),
        (percent(0.0042), "0.42 %"),
        (percent(0.741), "74.1 %"),
        (percent(0.0), "0.0 %"),
        (percent(0.00999), "1.0 %"),
        (target_percent(0.01), "1 %"),
        (target_percent(0.001), "0.1 %"),
        (count(1234567), "1 234 567"),
        (count(None), "unknown"),
        (seconds(0.421), "0.42 s"),
        (seconds(12.34), "12.3 s"),
        (seconds(185), "3 min 05 s"),
        (seconds(7440), "2 h 04 min"),
        (seconds(None), "not measured"),
        (memory(40), "40 B"),
        (memory(20_000_000), "20.0 MB"),
        (multiple(3.0, 2.0), "1.5×"),
        (multiple(30.0, 2.0), "15×"),
        (multiple(3.0, None), "not measured"),
    ],
)
def test_numbers_as_people_read_them(shown, expected):
    assert flat(shown) == expected


def test_an_estimate_carries_its_interval():
    cell = estimate({"value": 0.5, "low": 0.25, "high": 0.75}, as_percent=True)
    assert flat(cell) == "50.0 % [25.0 % to 75.0 %]"
    assert cell.defined


def test_an_undefined_estimate_gives_its_reason_and_never_a_number():
    cell = estimate({"value": None, "low": None, "high": None, "reason": "one class only"})
    assert str(cell) == "undefined: one class only"
    assert not cell.defined


def test_a_value_that_is_not_finite_is_undefined():
    assert estimate({"value": float("nan")}).main == "undefined"


@pytest.mark.parametrize("missing", [None, {}])
def test_what_was_not_measured_says_so(missing):
    assert estimate(missing) == Cell("not measured", defined=False)


def test_a_note_stands_beside_its_value():
    assert str(estimate({"value": 0.5, "low": None, "high": None, "note": "coarse"})) == "0.500: coarse"
