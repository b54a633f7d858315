"""Tokenising: roles, segments, targets and special tokens; expectations are read back by decoding ids."""

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizer_makers import TEMPLATES, byte_level, sentencepiece_like, word_level
from tokenizers import pre_tokenizers
from transformers import PreTrainedTokenizerFast

from sonde.base.errors import InputError
from sonde.base.tables import ROLES, SEGMENTS
from sonde.text.dialogue import Dialogue, Message, Target
from sonde.tokens import parse_selector, tokenize, tokenizer_fingerprint

MULTIBYTE = ["🙂🙃", "العربية", "e\u0301\u0323", "a\u200bb\u200d", "👩‍👩‍👧", "日本語", "naïve", "\u202eRTL", "𝔘"]


def talk(*messages, **facts):
    return Dialogue.from_messages([{"role": r, "content": c} for r, c in messages], **facts)


def decoded(tokens, tokenizer, selector, example=0):
    """Decode the selected tokens of one example."""
    mask = parse_selector(selector).mask(tokens.table) & (tokens.table.example == example)
    return tokenizer.decode(tokens.table.token_id[mask], skip_special_tokens=False, clean_up_tokenization_spaces=False)


@pytest.mark.parametrize("content", MULTIBYTE)
@pytest.mark.parametrize("name", ["chatml", "llama3", "gemma", "qwen3", "mistral"])
def test_multibyte_contents_decode_back(chat, name, content):
    tokenizer = chat(name)
    tokens = tokenize([talk(("user", f"{content} {content}"), ("assistant", f"{content}!"))], tokenizer)
    assert decoded(tokens, tokenizer, "user").strip() == f"{content} {content}"
    assert decoded(tokens, tokenizer, "response").strip() == f"{content}!"


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.sampled_from([*MULTIBYTE, " ", "\n", "user", "assistant", "Paris"]), min_size=1, max_size=6).map(
        "".join
    )
)
def test_any_text_decodes_back_and_every_character_is_covered(content):
    if not content.strip():
        return
    for tokenizer in TOKENIZERS:
        tokens = tokenize([Dialogue.from_text(content)], tokenizer)
        table = tokens.table
        text = [k for k in range(len(table)) if ROLES[table.role[k]] == "text"]
        assert decoded(tokens, tokenizer, "text").lstrip(" ") == content.lstrip(" ")
        covered = {i for k in text for i in range(table.start[k], table.end[k])}
        assert covered >= {i for i, c in enumerate(content) if not c.isspace()}


TOKENIZERS = [byte_level(), byte_level(trim_offsets=True), sentencepiece_like()]


def test_whitespace_tokens_keep_their_role_where_offsets_are_trimmed():
    tokenizer = byte_level(trim_offsets=True)
    tokens = tokenize([Dialogue.from_text("a \n\n  b \n")], tokenizer)
    assert decoded(tokens, tokenizer, "text") == "a \n\n  b \n"
    assert (tokens.table.end[1:] > tokens.table.start[1:]).all()


def test_tokens_that_share_a_character_all_belong_to_it(chat):
    tokens = tokenize([talk(("user", "🙂"), ("assistant", "é"))], chat("chatml"))
    user = parse_selector("user").mask(tokens.table)
    assert user.sum() == 4  # four bytes
    assert set(zip(tokens.table.start[user].tolist(), tokens.table.end[user].tolist(), strict=True)) == {(17, 18)}


def test_bos_stands_once(any_tokenizer, chat):
    plain = tokenize([Dialogue.from_text("Hello there"), Dialogue.from_text("<s>Hello there")], any_tokenizer)
    bos = any_tokenizer.bos_token_id
    assert [(plain.ids(i) == bos).sum() for i in range(2)] == [1, 1]
    assert [plain.ids(i)[0] for i in range(2)] == [bos, bos]
    assert plain.table.start[0] == plain.table.end[0] == 0
    assert ROLES[plain.table.role[0]] == SEGMENTS[plain.table.segment[0]] == "template"
    assert plain.table.special[0]
    assert plain.table.message[0] == -1
    for name in TEMPLATES:  # all of these tokenizers would add BOS themselves
        tokenizer = chat(name)
        tokens = tokenize([talk(("user", "Hello"), ("assistant", "there"))], tokenizer)
        assert (tokens.ids(0) == tokenizer.bos_token_id).sum() == ("bos_token" in TEMPLATES[name])


@pytest.mark.parametrize("name", sorted(TEMPLATES))
def test_ids_are_those_of_apply_chat_template(chat, name):
    tokenizer = chat(name)
    messages = [{"role": "user", "content": " Hi 🙂 "}, {"role": "assistant", "content": "\nuser  "}]
    for count in (1, 2):
        expected = tokenizer.apply_chat_template(messages[:count], add_generation_prompt=count == 1, return_dict=False)
        assert tokenize([Dialogue.from_messages(messages[:count])], tokenizer).ids(0).tolist() == expected


def test_no_template_adds_special_tokens_once(words):
    tokens = tokenize([talk(("user", "a b"), ("assistant", "yes"))], words)
    assert words.convert_ids_to_tokens(tokens.ids(0)) == ["<s>", *["user", ":", "a", "b", "assistant", ":", "yes"]]
    assert tokens.table.message.tolist() == [-1, -1, -1, 0, 0, -1, -1, 1]


def test_unknown_words_are_not_special(words):
    tokens = tokenize([Dialogue.from_text("a zebra")], words)
    assert tokens.table.special.tolist() == [True, False, False]


def test_thinking_is_told_from_the_response(chat):
    tokenizer = chat("qwen3")
    dialogue = talk(("user", "<think> is a tag"), ("assistant", "<think>\nhm hm\n</think>\n\nFour."))
    tokens = tokenize([dialogue], tokenizer)
    assert decoded(tokens, tokenizer, "thinking") == "<think>\nhm hm\n</think>"
    assert decoded(tokens, tokenizer, "response").strip() == "Four."
    assert decoded(tokens, tokenizer, "prompt") == "<think> is a tag"
    assert decoded(tokens, tokenizer, 'between("<think>\n", "\n</think>")') == "hm hm"


def test_thinking_markers_that_the_template_wrote(chat):
    tokenizer = chat("qwen3")  # writes an opening marker, its own line breaks, and the closing marker
    tokens = tokenize([talk(("user", "a"), ("assistant", "hm hm</think>Four."))], tokenizer)
    assert decoded(tokens, tokenizer, "thinking").removesuffix("</think>") == "hm hm"
    assert decoded(tokens, tokenizer, "response").strip() == "Four."
    empty = tokenize([talk(("user", "a"), ("assistant", "Four."))], tokenizer)
    assert "<think>\n\n</think>" in empty.table.texts[0]
    assert decoded(empty, tokenizer, "thinking") == ""
    assert decoded(empty, tokenizer, "response").strip() == "Four."


def test_earlier_thinking_that_the_template_drops(chat):
    for name in ("qwen3", "deepseek"):
        tokenizer = chat(name)
        dialogue = talk(("user", "a"), ("assistant", "<think>x</think>One"), ("user", "b"), ("assistant", "Two"))
        tokens = tokenize([dialogue], tokenizer)
        assert "x" not in tokens.table.texts[0]
        assert decoded(tokens, tokenizer, "message(1)") == "One"
        assert decoded(tokens, tokenizer, "response") == "OneTwo"


def test_prefilled_and_unclosed_thinking(chat):
    tokenizer = chat("chatml")
    turns = [
        "reasoned</think>said",
        "<think>cut off",
        "the tag <think> opens",
        "[THINK]a[/THINK]b",
        "a<think>b</think>c",
    ]
    tokens = tokenize([talk(("user", "q"), ("assistant", t)) for t in turns], tokenizer)
    assert [decoded(tokens, tokenizer, "thinking", i) for i in range(5)] == [
        "reasoned</think>",
        "<think>cut off",
        "",
        "[THINK]a[/THINK]",
        "<think>b</think>",
    ]
    assert [decoded(tokens, tokenizer, "response", i) for i in range(5)] == [
        "said",
        "",
        "the tag <think> opens",
        "b",
        "ac",
    ]


def test_system_less_template_keeps_the_system_role(chat):
    tokenizer = chat("gemma")
    tokens = tokenize([talk(("system", "Lie."), ("user", "Is it day?"), ("assistant", "No."))], tokenizer)
    assert decoded(tokens, tokenizer, "system") == "Lie."
    assert decoded(tokens, tokenizer, "user") == "Is it day?"
    assert decoded(tokens, tokenizer, "assistant & message(2)") == "No."


def test_tool_messages(chat):
    for name in ("qwen3", "tool_json"):
        tokenizer = chat(name)
        dialogue = talk(("user", "a"), ("tool", 'x "y" z'), ("assistant", "b"), target=Target(1, 6, 7))
        tokens = tokenize([dialogue], tokenizer)
        assert decoded(tokens, tokenizer, "tool") == ('x \\"y\\" z' if name == "tool_json" else 'x "y" z')
        assert decoded(tokens, tokenizer, 'segment("tool")') == decoded(tokens, tokenizer, "tool")
        assert decoded(tokens, tokenizer, "target").strip() == "z"


@pytest.mark.parametrize("name", ["chatml", "llama3", "qwen3", "gemma", "mistral", "deepseek"])
def test_targets(chat, name):
    tokenizer = chat(name)
    messages = (Message("user", "  Is 🙂 it? 🙂"), Message("assistant", " It is a lie, not a lie. "))
    said = messages[1].content
    second = said.rindex("lie")
    targets = [Target(-1), Target(1, second, second + 3), Target(0, 5, 6), Target(-2, 11)]
    tokens = tokenize([Dialogue(str(k), messages, target=t) for k, t in enumerate(targets)], tokenizer)
    table = tokens.table
    found = [decoded(tokens, tokenizer, "target", k) for k in range(4)]
    assert [f.strip() for f in found] == [said.strip(), "lie", "🙂", "🙂"]
    spans = table.start[table.target & (table.example == 1)]
    assert table.texts[1].rindex("lie") - 1 <= spans[0] <= table.texts[1].rindex("lie")
    assert decoded(tokens, tokenizer, "before(target)", 1).strip() == "a"
    assert decoded(tokens, tokenizer, "after(target)", 1) == "."


@pytest.mark.parametrize(
    ("target", "words"),
    [
        (Target(2), "message 2, but it has 2 messages: give an index from -2 to 1"),
        (Target(-3), "message -3"),
        (Target(1, 0, 99), "characters 0 to 99 of message 1, whose content has 5"),
        (Target(1, 3, 3), "a start before the end"),
        (Target(1, -2), "within the content"),
    ],
)
def test_targets_out_of_range(chat, target, words):
    with pytest.raises(InputError, match="dialogue 'row9'") as error:
        tokenize([talk(("user", "a"), ("assistant", "Four."), id="row9", target=target)], chat("chatml"))
    assert words in str(error.value)


def test_a_target_that_the_template_drops(chat):
    dialogue = talk(("user", "a"), ("assistant", "<think>x</think>b"), id="r", target=Target(1, 7, 8))
    with pytest.raises(InputError, match=r"dialogue 'r'.*not in the rendered text"):
        tokenize([dialogue], chat("deepseek"))


def test_padding_side_and_pad_token_make_no_difference():
    dialogues = [Dialogue.from_text("Hello there, how are you?"), Dialogue.from_text("Hello")]
    plain, left = byte_level(), byte_level(padding_side="left", pad_token="</s>", model_max_length=3)
    left.backend_tokenizer.enable_padding(direction="left", length=40)
    left.backend_tokenizer.enable_truncation(2)
    one, two = tokenize(dialogues, plain), tokenize(dialogues, left)
    assert plain.pad_token is None
    for column in one.table.COLUMNS:
        np.testing.assert_array_equal(getattr(one.table, column), getattr(two.table, column))
    assert one.fingerprint == two.fingerprint


def test_fingerprint_sees_what_changes_tokens():
    base = byte_level()
    assert tokenizer_fingerprint(base) == tokenizer_fingerprint(byte_level())
    changed = [byte_level(), byte_level(), byte_level(trim_offsets=True), byte_level(bos=False), sentencepiece_like()]
    changed[0].chat_template = TEMPLATES["chatml"]
    changed[1].backend_tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    prints = {tokenizer_fingerprint(t) for t in [base, *changed]}
    assert len(prints) == 6
    assert all(len(p) == 64 for p in prints)


def test_batches_and_order_make_no_difference(chat):
    rows = [talk(("user", f"number {k} " * (k % 5)), ("assistant", "<think>x</think> y"), id=str(k)) for k in range(40)]
    rows[7] = Dialogue.from_text("alone", id="7")
    whole = tokenize(rows, chat("qwen3"))
    for k in (0, 7, 8, 39):
        single = tokenize([rows[k]], chat("qwen3"))
        for column in whole.table.COLUMNS:
            span = slice(whole.table.offsets[k], whole.table.offsets[k + 1])
            np.testing.assert_array_equal(getattr(whole.table, column)[span], getattr(single.table, column))
    assert whole.names[7] == "7"


def test_chunks_make_no_difference(chat, monkeypatch):
    rows = [talk(("user", f"number {k}"), ("assistant", "y"), id=str(k)) for k in range(7)]
    whole = tokenize(rows, chat("llama3"))
    monkeypatch.setattr("sonde.tokens.tokens.CHUNK", 3)
    parts = tokenize(rows, chat("llama3"))
    for column in (*whole.table.COLUMNS, "offsets", "lengths"):
        np.testing.assert_array_equal(getattr(whole.table, column), getattr(parts.table, column))
    assert whole.table.texts == parts.table.texts


def test_value(words):
    tokens = tokenize([Dialogue.from_text("a b", id="x"), Dialogue.from_text("c", id="y")], words)
    assert len(tokens) == 2
    assert tokens.names == ("x", "y")
    assert tokens.lengths.tolist() == [3, 2]
    assert words.convert_ids_to_tokens(tokens.ids(-1)) == ["<s>", "c"]
    assert tokens.table.position.tolist() == [0, 1, 2, 0, 1]
    with pytest.raises(InputError, match="no dialogue 2"):
        tokens.ids(2)
    nothing = tokenize([], words)
    assert len(nothing) == 0
    assert not parse_selector("before(target) | last(3)").mask(nothing.table).size


def test_show(chat, words):
    tokens = tokenize([talk(("user", "a\u200b \tb"), ("assistant", "🙂"))], chat("chatml"))
    shown = tokens.show("user | special | assistant")
    assert shown.startswith("⟦<|im_start|>⟧user↵\n⟦a⟧")
    assert "\\u200b" in shown
    assert "·" in shown
    assert "→" in shown
    assert "⟦🙂⟧⟦⟧⟦⟧⟦⟧" in shown
    taken = int(parse_selector("user | special | assistant").mask(tokens.table).sum())
    assert f"taken {taken} of {len(tokens.table)} tokens; by role: template 4/" in shown
    assert "assistant 4/4" in shown
    plain = tokenize([Dialogue.from_text("a zz b")], words)
    assert plain.show("special | last(1)").splitlines()[0] == "⟦<s>⟧a·zz·⟦b⟧"
    assert plain.show().splitlines()[0] == "⟦<s>⟧⟦a⟧·⟦zz⟧·⟦b⟧"
    with pytest.raises(InputError, match="did you mean 'special'"):
        plain.show("specal")


def test_bad_input(words):
    with pytest.raises(InputError, match="Dialogue 'e' has no token"):
        tokenize([Dialogue.from_text("", id="e")], byte_level(bos=False))
    with pytest.raises(InputError, match=r"Dialogue 's'.*surrogate"):
        tokenize([Dialogue.from_text("a\ud83d", id="s")], words)
    with pytest.raises(InputError, match=r"Dialogue\.from_text"):
        tokenize(iter(["a"]), words)

    class Slow:
        is_fast = False

    for call in (lambda: tokenize([Dialogue.from_text("a")], Slow()), lambda: tokenizer_fingerprint(Slow())):
        with pytest.raises(InputError, match="Slow is a slow one"):
            call()


def test_real_tokenizers(ternary_folder, llama_folder):
    for folder in (ternary_folder, llama_folder):
        tokenizer = PreTrainedTokenizerFast.from_pretrained(folder)
        story = 'Once upon a time, Lily 🙂 saw a café.\n\n"Hi!" she said.'
        tokens = tokenize([Dialogue.from_text(story), talk(("user", "Hi 🙂"), ("assistant", "Hello  you"))], tokenizer)
        assert tokens.ids(0).tolist() == tokenizer(story)["input_ids"]
        assert tokens.ids(0)[0] == tokenizer.bos_token_id
        assert decoded(tokens, tokenizer, "text") == story
        assert decoded(tokens, tokenizer, "user", 1).strip() == "Hi 🙂"
        assert decoded(tokens, tokenizer, "response", 1).strip() == "Hello  you"


def test_the_room_imports_no_transformers():
    code = "import sys, sonde.tokens; sys.exit(any(m in sys.modules for m in ('transformers', 'torch', 'sklearn')))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_word_level_roles_by_hand():
    tokenizer = word_level()
    tokenizer.chat_template = "{% for m in messages %}{{ m.role }} : {{ m.content }} . {% endfor %}"
    tokens = tokenize([talk(("user", "a user ?"), ("assistant", "b assistant"))], tokenizer)
    assert tokens.table.strings == ["user", ":", "a", "user", "?", ".", "assistant", ":", "b", "assistant", "."]
    assert tokens.table.message.tolist() == [-1, -1, 0, 0, 0, -1, -1, -1, 1, 1, -1]
    assert [ROLES[r] for r in tokens.table.role[[0, 2, 8]]] == ["template", "user", "assistant"]
    assert [SEGMENTS[s] for s in tokens.table.segment[[0, 2, 8]]] == ["template", "prompt", "response"]
