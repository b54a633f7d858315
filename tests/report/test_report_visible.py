import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sonde_reading import read_text

from sonde.report.token_strip import token_text
from sonde.report.visible import plain, show_block, show_inline

HIDDEN = [
    "\u200b",
    "\u200d",
    "\u202e",
    "\u2066",
    "\ufeff",
    "\x00",
    "\x1b",
    "\r",
    "\u00ad",
    "\u2028",
    "\U000e0041",
    "\ud800",
    "\u3164",
    "\ue000",
]


@pytest.mark.parametrize("character", HIDDEN)
def test_an_invisible_character_is_spelt_out(character):
    for shown in (show_inline("a" + character), token_text("a" + character), plain("a" + character)):
        assert f"U+{ord(character):04X}" in shown
        assert character not in shown
        shown.encode("utf-8")


@pytest.mark.parametrize("text", ["Grüße", "日本語", "مرحبا", "שלום", "नमस्ते", "❤\ufe0f", "e\u0301"])
def test_what_can_be_seen_stays_as_it_is(text):
    assert plain(text) == text


def test_a_variation_selector_without_an_emoji_is_spelt_out():
    assert "U+FE0F" in plain("a\ufe0f")


def test_spaces_with_a_width_are_spelt_out_in_strips_only():
    assert plain("1\u00a0%") == "1\u00a0%"
    assert "U+00A0" in token_text("1\u00a0%")


@given(st.text())
def test_names_are_inert_and_can_be_read_back(text):
    html = str(show_inline(text))
    tags, read = read_text(html)
    assert tags <= {"bdi", "span"}
    assert read == text


@given(st.text())
def test_tokens_are_inert_and_can_be_read_back(text):
    tags, read = read_text(str(token_text(text)))
    assert tags <= {"span", "i"}
    assert read == (text or "⋯")


@given(st.text())
def test_plain_text_hides_nothing(text):
    assert not [c for c in plain(text) if unicodedata.category(c) in {"Cc", "Cf", "Cs"}]


def test_every_line_of_a_block_is_isolated_on_its_own():
    assert show_block("a\n<b>\n") == "<bdi>a</bdi>\n<bdi>&lt;b&gt;</bdi>\n"
