"""Truncation, with expectations counted on words."""

import pytest

from sonde.base.errors import InputError
from sonde.text.dialogue import Dialogue, Target
from sonde.tokens import First, Last, parse_selector, tokenize
from sonde.tokens import Target as TargetSelector

LONG = Dialogue.from_text("a b c d e f g", id="long")  # with BOS, 8 tokens
SHORT = Dialogue.from_text("a b", id="short")


def words_of(tokens, tokenizer, i):
    return " ".join(tokenizer.convert_ids_to_tokens(tokens.ids(i)))


def test_error_by_default(words):
    with pytest.raises(InputError) as error:
        tokenize([SHORT, LONG, LONG], words, max_tokens=5)
    assert "'long' has 8 tokens, but the limit is 5 (and 1 more of 3 are too long)" in str(error.value)
    assert len(tokenize([SHORT, LONG], words, max_tokens=8)) == 2


@pytest.mark.parametrize(("side", "expected"), [("right", "<s> a b c d"), ("left", "<s> d e f g")])
def test_sides(words, side, expected):
    tokens = tokenize([SHORT, LONG], words, max_tokens=5, truncation=side)
    assert words_of(tokens, words, 0) == "<s> a b"
    assert words_of(tokens, words, 1) == expected
    assert tokens.lengths.tolist() == [3, 5]
    assert tokens.table.position.tolist() == [0, 1, 2, 0, 1, 2, 3, 4]
    shown = [s for s in tokens.table.strings[3:] if s]
    assert shown == expected.split()[1:]
    assert Last(1).mask(tokens.table).nonzero()[0].tolist() == [2, 7]
    assert First(2).mask(tokens.table).nonzero()[0].tolist() == [0, 1, 3, 4]


def test_left_without_bos(words):
    dialogue = Dialogue.from_messages([{"role": "user", "content": "a b c d e"}], id="x")
    words = type(words)(tokenizer_object=words.backend_tokenizer, unk_token="<unk>", bos_token="<s>")
    words.chat_template = "{% for m in messages %}{{ m.content }} {% endfor %}"
    tokens = tokenize([dialogue], words, max_tokens=3, truncation="left")
    assert words_of(tokens, words, 0) == "c d e"


@pytest.mark.parametrize("side", ["left", "right"])
def test_losing_selected_tokens_is_refused(words, side):
    target = Target(0, 8, 9) if side == "right" else Target(0, 0, 1)  # 'e' or 'a'
    dialogue = Dialogue.from_text("a b c d e f g", id="row3", target=target)
    with pytest.raises(InputError) as error:
        tokenize([SHORT, dialogue], words, max_tokens=5, truncation=side, selector=TargetSelector())
    assert f"'row3' has 8 tokens, and cut on the {side} to 5 it loses 1 of those that 'target' takes" in str(
        error.value
    )
    kept = tokenize([dialogue], words, max_tokens=5, truncation=side, selector=First(1))
    assert kept.lengths.tolist() == [5]


def test_an_assistant_response_is_not_cut_unnoticed(chat):
    rows = [
        Dialogue.from_messages(
            [{"role": "user", "content": "a " * k}, {"role": "assistant", "content": "b c d"}], id=str(k)
        )
        for k in (1, 30)
    ]
    selector = parse_selector("response")
    with pytest.raises(InputError, match=r"Dialogue '30'.*'response' takes"):
        tokenize(rows, chat("llama3"), max_tokens=30, truncation="right", selector=selector)
    tokens = tokenize(rows, chat("llama3"), max_tokens=30, truncation="left", selector=selector)
    assert tokens.lengths[1] == 30
    assert tokens.ids(1)[0] == chat("llama3").bos_token_id
    full = tokenize(rows, chat("llama3"))
    for table in (tokens.table, full.table):
        last = selector.mask(table) & (table.example == 1)
        assert chat("llama3").decode(table.token_id[last]) == "b c d"


def test_bad_options(words):
    with pytest.raises(InputError, match="did you mean 'right'"):
        tokenize([LONG], words, max_tokens=3, truncation="rigth")
    with pytest.raises(InputError, match="at least 1"):
        tokenize([LONG], words, max_tokens=0, truncation="left")
