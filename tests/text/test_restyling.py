import pytest

from sonde.base.errors import InputError
from sonde.text import RESTYLINGS, Dialogue, Message, Target, restyle

CHAT = Dialogue(
    "c",
    (Message("system", "be kind ."), Message("user", "what is it?"), Message("assistant", "It is teal.")),
    label=1,
    group="g",
    tags={"kind": "lie"},
    target=Target(-1, 6, 10),
)


def test_there_are_eight():
    assert len(RESTYLINGS) == 8


@pytest.mark.parametrize("style", sorted(RESTYLINGS))
def test_label_group_and_target_stay_true(style):
    changed = restyle(CHAT, style, seed=3)
    target = changed.target
    assert changed.messages[target.message].content[target.start : target.end].lower() == "teal"
    assert (changed.label, changed.group, changed.tags, changed.id) == (1, "g", {"kind": "lie"}, "c")
    assert changed.messages[:2] == CHAT.messages[:2]
    assert changed.messages[2] != CHAT.messages[2]
    assert "it is teal" in changed.messages[2].content.lower()
    assert restyle(CHAT, style, seed=3) == changed


@pytest.mark.parametrize("style", sorted(RESTYLINGS))
def test_plain_text_and_a_target_to_the_end(style):
    text = Dialogue.from_text("Paris is in France.", target=Target(0, 9))
    changed = restyle(text, style)
    assert changed.text[changed.target.start : changed.target.end].lower() == "in france."
    assert changed.is_plain_text


def test_seeds_choose_among_wordings():
    made = {restyle(CHAT, "formal", seed=k).messages[2].content for k in range(20)}
    assert len(made) == 2


def test_a_closed_vocabulary_is_not_left():
    known = {"i", "believe", "it", "is", "teal", "."}
    knows = lambda text: all(w.strip('.,!"') in known | {""} for w in text.split())  # noqa: E731
    assert restyle(CHAT, "chatty", knows=knows).messages[2].content == "It is teal."
    assert restyle(CHAT, "hedged", knows=knows).messages[2].content.startswith("i believe It is teal.")
    assert restyle(CHAT, "shouted", knows=lambda text: text == "!").messages[2].content == "It is teal.!"


def test_every_word_added_is_one_that_cretan_knows():
    from sonde.organism.tokenizer import build_tokenizer, vocabulary

    tokenizer = build_tokenizer(vocabulary(), context=128)
    for tone in RESTYLINGS.values():
        for words in (*tone.before, *tone.after):
            assert tokenizer.unk_token_id not in tokenizer(words, add_special_tokens=False)["input_ids"], words


def test_an_unknown_style_is_named():
    with pytest.raises(InputError, match="did you mean 'formal'"):
        restyle(CHAT, "fromal")
