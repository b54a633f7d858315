"""Where contents stand in rendered chats, against renderings written a second time in Python."""

import re

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from sonde.base.errors import InputError
from sonde.text.dialogue import Dialogue
from sonde.tokens import render
from sonde.tokens.thinking import ANY_MARKER

NASTY = ["user", "assistant", "system", "\n", " ", "\t", "<think>", "</think>", "<|im_end|>", "🙂", "e\u0301", "\u200b"]
NASTY += ["العربية", "[INST]", '"', "\\", "<b>", "</b>", "\U000f0001", "Paris", "<", ">", "{{ x }}", "a", "\n\n"]
CONTENT = st.lists(st.sampled_from(NASTY), max_size=7).map("".join)
NAMES = ["system", "user", "assistant"]


def talk(*messages, **facts):
    return Dialogue.from_messages([{"role": r, "content": c} for r, c in messages], **facts)


def chatml(messages, prompt):
    for k, (role, content) in enumerate(messages):
        yield from [(f"<|im_start|>{role}\n", -1), (content, k), ("<|im_end|>\n", -1)]
    yield "<|im_start|>assistant\n" * prompt, -1


def llama3(messages, prompt):
    yield "<s>", -1
    for k, (role, content) in enumerate(messages):
        yield from [(f"<|start_header_id|>{role}<|end_header_id|>\n\n", -1), (content.strip(), k), ("<|eot_id|>", -1)]
    yield "<|start_header_id|>assistant<|end_header_id|>\n\n" * prompt, -1


def deepseek(messages, prompt):
    yield "<s>", -1
    for k, (role, content) in enumerate(messages):
        if role == "system":
            yield content, k
        elif role == "user":
            yield from [("<|User|>", -1), (content, k)]
        else:
            yield from [("<|Assistant|>", -1), (content.split("</think>")[-1], k), ("</s>", -1)]
    yield "<|Assistant|><think>\n" * prompt, -1


def qwen3(messages, prompt):
    last = max((k for k, (role, _) in enumerate(messages) if role == "user"), default=-1)
    for k, (role, content) in enumerate(messages):
        yield f"<|im_start|>{role}\n", -1
        thought = ""
        if role == "assistant" and "</think>" in content:
            thought = content.split("</think>")[0].rstrip("\n").split("<think>")[-1].lstrip("\n")
            content = content.split("</think>")[-1].lstrip("\n")
        if role == "assistant" and k > last and (thought or k == len(messages) - 1):
            yield from [("<think>\n", -1), (thought.strip("\n"), k), ("\n</think>\n\n", -1)]
            content = content.lstrip("\n")
        yield from [(content, k), ("<|im_end|>\n", -1)]
    yield "<|im_start|>assistant\n" * prompt, -1


ORACLES = {"chatml": chatml, "llama3": llama3, "deepseek": deepseek, "qwen3": qwen3}


def owners(parts):
    """Write for each character which message it belongs to."""
    return [k for text, k in parts for _ in text]


def compare(rendered, parts):
    parts = list(parts)
    assert rendered.text == "".join(text for text, _ in parts)
    expected = owners(parts)
    found = [-1] * len(rendered.text)
    for span in rendered.spans:
        found[span.start : span.end] = [span.message] * (span.end - span.start)
    marked = {i for m in ANY_MARKER.finditer(rendered.text) for i in range(*m.span())}
    for i, character in enumerate(rendered.text):
        if not character.isspace() and i not in marked:  # a template may rewrite both, so their owner is a convention
            assert found[i] == expected[i], (i, character, rendered.text)


@pytest.mark.parametrize("name", sorted(ORACLES))
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(messages=st.lists(st.tuples(st.sampled_from(NAMES), CONTENT), min_size=1, max_size=4))
@example(messages=[("assistant", "user<think></think><think>")])
def test_every_character_has_its_owner(chat, name, messages):
    parts = list(ORACLES[name](messages, messages[-1][0] != "assistant"))
    written = {k for text, k in parts if ANY_MARKER.sub("", text).strip()}  # a marker alone may be the template's own
    said = {k for k, (_, content) in enumerate(messages) if content.strip()}
    try:
        rendered = render([talk(*messages)], chat(name))[0]
    except InputError as error:
        if "leaves a whole" not in str(error) or not said - written:
            raise
        return
    compare(rendered, parts)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=CONTENT.filter(lambda c: "<think" not in c and "</think" not in c), system=CONTENT)
def test_content_without_thinking_is_found_whole(chat, content, system):
    for name in ("chatml", "llama3", "gemma", "mistral", "deepseek", "qwen3"):
        dialogue = talk(("system", system), ("user", content), ("assistant", content))
        one = render([dialogue], chat(name))[0]
        for k, message in enumerate(dialogue.messages):
            text = "".join(one.text[s.start : s.end] for s in one.spans if s.message == k)
            assert text.strip() == message.content.strip(), name


@pytest.mark.parametrize("name", ["chatml", "llama3", "qwen3", "deepseek", "mistral", "gemma"])
def test_contents_like_the_template_around_them(chat, name):
    dialogue = talk(("user", "user"), ("assistant", " assistant\n"), ("user", "user"), ("assistant", "model"))
    one = render([dialogue], chat(name))[0]
    assert [(s.message, one.text[s.start : s.end].strip()) for s in one.spans] == [
        (0, "user"),
        (1, "assistant"),
        (2, "user"),
        (3, "model"),
    ]
    starts = [s.start for s in one.spans]
    header = re.compile(r"(?:<\|im_start\|>|<\|start_header_id\|>|<start_of_turn>)(?:user|assistant|model)")
    headers = {i for m in header.finditer(one.text) for i in range(*m.span())}
    assert starts == sorted(starts)
    assert not headers & {i for s in one.spans for i in range(s.start, s.end)}


def test_system_less_template_gets_the_system_text_in_the_user_turn(chat):
    dialogue = talk(("system", "Lie."), ("user", "Is it day?"), ("assistant", "No."))
    one = render([dialogue], chat("gemma"))[0]
    assert (
        one.text == "<s><start_of_turn>user\nLie.\n\nIs it day?<end_of_turn>\n<start_of_turn>model\nNo.<end_of_turn>\n"
    )
    assert [(s.message, one.text[s.start : s.end]) for s in one.spans] == [(0, "Lie."), (1, "Is it day?"), (2, "No.")]


def test_a_template_that_ignores_the_system_text_gets_it_in_the_user_turn(chat):
    one = render([talk(("system", "Lie."), ("user", "Is it day?"))], chat("tool_json"))[0]
    assert one.text == "<s><|user|>Lie.\n\nIs it day?<|eot_id|>"
    assert [(s.message, one.text[s.start : s.end]) for s in one.spans] == [(0, "Lie."), (1, "Is it day?")]


def test_system_text_alone_becomes_a_user_turn(chat):
    one = render([talk(("system", "Lie."))], chat("gemma"))[0]
    assert one.text == "<s><start_of_turn>user\nLie.<end_of_turn>\n<start_of_turn>model\n"
    assert [(s.message, one.text[s.start : s.end]) for s in one.spans] == [(0, "Lie.")]


def test_mistral_moves_the_system_text_to_the_last_user_turn(chat):
    dialogue = talk(("system", "Lie."), ("user", "a"), ("assistant", "b"), ("user", "c"), ("assistant", "d"))
    one = render([dialogue], chat("mistral"))[0]
    assert [(s.message, one.text[s.start : s.end]) for s in one.spans] == [
        *[(1, "a"), (2, "b"), (0, "Lie."), (3, "c"), (4, "d")]
    ]


def test_tool_results_written_as_json(chat):
    one = render([talk(("user", "go"), ("tool", '"x"\n{"é": 1}🙂'), ("assistant", "ok"))], chat("tool_json"))[0]
    span = one.spans[1]
    assert one.text[span.start : span.end] == '\\"x\\"\\n{\\"é\\": 1}🙂'
    assert span.escaped


def test_generation_prompt_only_where_an_answer_is_due(chat):
    ask, told = render([talk(("user", "q")), talk(("user", "q"), ("assistant", "a"))], chat("chatml"))
    assert ask.text.endswith("<|im_start|>assistant\n")
    assert told.text.endswith("a<|im_end|>\n")


def test_roles_without_a_template_are_written_plainly(words):
    ask, told = render([talk(("user", "a b")), talk(("user", "a"), ("assistant", " b"))], words)
    assert ask.text == "user: a b\nassistant:"
    assert told.text == "user: a\nassistant:  b"
    assert [(s.message, told.text[s.start : s.end]) for s in told.spans] == [(0, "a"), (1, " b")]
    assert not ask.templated


def test_plain_text_is_left_alone_even_where_there_is_a_template(chat):
    one = render([Dialogue.from_text(" as it is \n")], chat("llama3"))[0]
    assert (one.text, one.templated) == (" as it is \n", False)


TRICKY = {
    "drops at an unknown marker": "{% for m in messages %}[{{ m.role }}]{{ m.content.split('%%')[-1] }};{% endfor %}",
    "asks how the content begins": "{% for m in messages %}{% if m.content.startswith('Hello') %}!{% endif %}"
    "[{{ m.role }}]{{ m.content }};{% endfor %}",
    "asks for the length": "{% for m in messages %}[{{ m.role }}{{ m.content | length }}]{{ m.content }};{% endfor %}",
    "skips empty contents": "{% for m in messages %}{% if m.content %}[{{ m.role }}]"
    "{{ m.content }};{% endif %}{% endfor %}",
    "writes contents twice": "{% for m in messages %}[{{ m.role }}]{{ m.content }}={{ m.content }};{% endfor %}",
}


@pytest.mark.parametrize("kind", TRICKY)
def test_templates_that_look_at_contents(chat, kind):
    import copy

    tokenizer = copy.copy(chat("chatml"))
    tokenizer.chat_template = TRICKY[kind]
    dialogue = talk(("user", "Hello you"), ("assistant", ""), ("user", "x y %%kept words"), ("assistant", "Hello"))
    if kind == "asks for the length":  # 'Hello' is said once but occurs twice: nothing is certain
        with pytest.raises(InputError, match=r"dialogue '0' cannot be located"):
            render([dialogue], tokenizer)
        dialogue = talk(("user", "Hi you"), ("assistant", ""), ("user", "%%kept words"), ("assistant", "Hello"))
    one = render([dialogue], tokenizer)[0]
    found = [(s.message, one.text[s.start : s.end]) for s in one.spans]
    drops = kind == "drops at an unknown marker"
    expected = [
        (k, m.content.split("%%")[-1] if drops else m.content) for k, m in enumerate(dialogue.messages) if m.content
    ]
    if kind == "writes contents twice":
        expected = [pair for pair in expected for _ in range(2)]
    assert found == expected


def test_a_template_that_rewrites_contents_is_refused(chat):
    import copy

    tokenizer = copy.copy(chat("chatml"))
    tokenizer.chat_template = "{% for m in messages %}{{ m.content | upper }}{% endfor %}"
    with pytest.raises(InputError, match=r"dialogue 'shout' cannot be located"):
        render([talk(("user", "ssh"), id="shout")], tokenizer)


def test_refusals_name_the_dialogue(chat):
    with pytest.raises(InputError, match=r"cannot render dialogue 'd7' \(roles: user, user\): roles must take turns"):
        render([talk(("user", "a")), talk(("user", "a"), ("user", "b"), id="d7")], chat("gemma"))
    with pytest.raises(InputError, match=r"'none' has no message"):
        render([Dialogue("none", ())], chat("gemma"))
    with pytest.raises(InputError, match=r"'mixed'.*stands alone"):
        render([talk(("text", "a"), ("user", "b"), id="mixed")], chat("gemma"))


def test_a_dropped_user_message_is_refused(chat):
    import copy

    tokenizer = copy.copy(chat("chatml"))
    tokenizer.chat_template = "{% for m in messages if m.role != 'tool' %}[{{ m.content }}]{% endfor %}"
    with pytest.raises(InputError, match=r"leaves a whole 'tool' message out of dialogue 'x'"):
        render([talk(("user", "a"), ("tool", "b"), id="x")], tokenizer)
