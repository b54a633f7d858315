import re

import pytest
from sonde_reading import read, read_text

from sonde.report import TokenStrip
from sonde.report.token_strip import Scale, kept_indices, outcome, scale_for, strip_html, token_html, turns


def strip(tokens, scores, roles=None, **facts):
    roles = roles or ["text"] * len(tokens)
    given = {"example_id": "e", "class_name": "lie", "score": 1.0} | facts
    return TokenStrip(tokens=tuple(tokens), scores=tuple(scores), roles=tuple(roles), **given)


def shade(html):
    return float(re.search(r"--a:([0-9.]+)", str(html)).group(1))


def test_lengths_that_disagree_are_refused():
    with pytest.raises(ValueError, match="2 tokens, 1 scores"):
        strip(["a", "b"], [1.0])


def test_shades_are_centred_on_the_threshold_and_symmetric():
    scale = Scale(centre=2.0, span=4.0)
    above, below = token_html("a", 4.0, "text", 0, scale), token_html("a", 0.0, "text", 0, scale)
    assert 'class="tk hi st"' in above
    assert 'class="tk lo st"' in below
    assert shade(above) == shade(below) == pytest.approx(0.31)
    assert shade(token_html("a", 2.0, "text", 0, scale)) == 0
    assert shade(token_html("a", 99.0, "text", 0, scale)) == shade(token_html("a", 6.0, "text", 0, scale))


def test_a_token_not_scored_has_no_shade_and_says_so():
    html = token_html("a", None, "user", 3, Scale(0, 1))
    assert "--a" not in html
    assert 'title="not scored · user · token 3"' in html


def test_the_scale_is_the_95th_percentile_of_distance():
    scores = [float(k) for k in range(1, 101)]
    assert scale_for([strip(["x"] * 100, scores)], 0.0).span == pytest.approx(95.05)
    assert scale_for([strip(["x"], [2.0])], 2.0).span == 1.0
    assert not scale_for([], None).has_threshold


def test_template_tokens_join_the_turn_they_open():
    roles = ["template", "user", "user", "template", "assistant", "template"]
    assert turns(roles) == [("user", [0, 1, 2]), ("assistant", [3, 4, 5])]
    assert turns(["template"]) == [("template", [0])]
    assert turns([]) == []


def test_white_space_is_marked_and_kept():
    _tags, text = read_text(strip_html(strip(["a", " b", "\tc\n"], [1.0, 1.0, 1.0]), Scale(0, 1)))
    assert "a b\tc\n" in text
    html = strip_html(strip(["a", " b", "\tc\n"], [1.0, 1.0, 1.0]), Scale(0, 1))
    assert all(f'<i class="{mark}">' in html for mark in ("sp", "tb", "nl"))


def test_bytes_of_a_character_are_marked():
    html = strip_html(strip(["🦜", "", "\ufffd"], [1.0, 1.0, 1.0]), Scale(0, 1))
    assert "multi-byte" in html
    assert "U+FFFD" in html


def test_right_to_left_turns_take_their_own_direction():
    html = strip_html(strip(["مر", "حبا"], [1.0, 1.0]), Scale(0, 1))
    assert '<p class="tks" dir="auto">' in html


def test_a_long_strip_keeps_a_window_around_its_peak():
    scores = [0.0] * 1000
    scores[700] = 5.0
    long = strip(["x"] * 1000, scores)
    kept = kept_indices(long, 100)
    assert len(kept) == 100
    assert 700 in kept
    html = strip_html(long, Scale(0, 1), limit=100)
    assert html.count('class="tk ') == 100
    assert "650 more tokens before" in html
    assert "250 more tokens after" in html


def test_a_window_at_either_end_stays_inside():
    for peak in (0, 999):
        scores = [None] * 1000
        scores[peak] = 1.0
        kept = kept_indices(strip(["x"] * 1000, scores), 100)
        assert peak in kept
        assert len(kept) == 100
    assert kept_indices(strip(["x"] * 9, [None] * 9), 4) == [0, 1, 2, 3]


@pytest.mark.parametrize(
    ("name", "above", "said"),
    [
        ("lie", True, "caught"),
        ("lie", False, "missed"),
        ("honest", True, "false alarm"),
        ("honest", False, "correctly passed"),
        ("", True, ""),
    ],
)
def test_the_outcome_is_named(name, above, said):
    assert outcome(name, above, "lie") == said


def test_every_element_is_closed():
    from example import example_strips

    for strips in example_strips().values():
        for one in strips:
            reader = read(strip_html(one, Scale(0, 1), "lie"))
            assert not reader.errors
            assert not reader.open
