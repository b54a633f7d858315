"""Every format, by a tiny hand-made sample, and what a wrong file is told."""

import json

import pandas as pd
import pytest

from sonde.base.errors import InputError
from sonde.text import Target, load_dataset

CAA = [
    {
        "question": "Is it so?\n (A) yes\n (B) no",
        "answer_matching_behavior": " (A)",
        "answer_not_matching_behavior": " (B)",
    },
    {
        "question": "And this?",
        "answer_matching_behavior": "(B)",
        "answer_not_matching_behavior": "(A)",
        "label_confidence": 0.5,
    },
]


def write(path, content):
    if not isinstance(content, str | bytes):
        content = "\n".join(json.dumps(row) for row in content)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def test_dialogue_lines_and_list(tmp_path):
    rows = [{"text": "a\u2028b", "label": "lie", "group": "g"}, {"id": "x", "text": "c", "label": "honest"}]
    lines = load_dataset(write(tmp_path / "d.jsonl", rows), positive="lie")
    listed = load_dataset(write(tmp_path / "d.json", json.dumps(rows, indent=2)), positive="lie")
    assert lines.dialogues == listed.dialogues
    assert [(d.id, d.text, d.label, d.group) for d in lines] == [("0", "a\u2028b", 1, "g"), ("x", "c", 0, None)]
    assert (lines.name, lines.negative, lines.provenance.source) == ("d", "honest", str(tmp_path / "d.jsonl"))
    assert len(lines.provenance.sha256) == 64


def test_nested_fields_left_out_are_noted(tmp_path):
    data = load_dataset(write(tmp_path / "d.jsonl", [{"text": "a", "scores": [1]}]))
    assert data.provenance.notes == ("Fields left out, as they are no plain values: scores.",)


def test_table_by_content_and_by_ending(tmp_path):
    table = 'statement,label,city\n"Paris, it is\nin France.",1,Paris\n"It ""is"" in Peru.",0,Paris\n'
    data = load_dataset(write(tmp_path / "d.csv", table))
    assert [d.text for d in data] == ["Paris, it is\nin France.", 'It "is" in Peru.']
    assert data.tags == {"city": ("Paris", "Paris")}
    assert load_dataset(write(tmp_path / "noending", table)).dialogues == data.dialogues
    tabs = "\ufefftext\tlabel\tgroup\nA, b\t1\tg\r\nC\t0\tg\r\n"
    assert load_dataset(write(tmp_path / "d.tsv", tabs)).groups.tolist() == ["g", "g"]


def test_own_columns(tmp_path):
    path = write(tmp_path / "d.csv", "claim,truth,city,label\nA,yes,x,q\nB,no,y,q\n")
    data = load_dataset(path, text="claim", label="truth", group="city", positive="yes")
    assert (data.labels.tolist(), data.groups.tolist(), data.tags) == ([1, 0], ["x", "y"], {"label": ("q", "q")})
    mapped = load_dataset(path, columns={"text": "claim", "label": "truth", "group": "city"}, positive="yes")
    assert mapped == data
    assert load_dataset(path, text="claim", label="").labels is None


def test_parquet_file_and_folder(tmp_path):
    frame = pd.DataFrame({"statement": ["A", "B"], "label": [1, 0], "n": [1.5, None]})
    frame.to_parquet(tmp_path / "d.parquet")
    data = load_dataset(tmp_path / "d.parquet")
    assert (data.labels.tolist(), data[0].text) == ([1, 0], "A")
    frame.to_parquet(tmp_path / "e.parquet")
    both = load_dataset(tmp_path)
    assert [d.id for d in both] == ["d/0", "d/1", "e/0", "e/1"]
    assert both.tags["file"] == ("d", "d", "e", "e")
    assert both.provenance.notes == ("Joined from 2 files: d.parquet, e.parquet.",)


def test_contrast_lines_and_list(tmp_path):
    lines = load_dataset(write(tmp_path / "c.jsonl", CAA))
    listed = load_dataset(write(tmp_path / "c.json", json.dumps(CAA, indent=4)), positive="sycophantic")
    assert lines.labels.tolist() == listed.labels.tolist() == [1, 0, 1, 0]
    assert (lines.positive, listed.positive, listed.negative) == ("matching", "sycophantic", "not sycophantic")
    assert [m.content for m in lines[0].messages] == ["Is it so?\n (A) yes\n (B) no", " (A)"]
    assert [m.role for m in lines[0].messages] == ["user", "assistant"]
    assert lines[0].target == Target(1)
    assert lines.groups[0] == lines.groups[1] != lines.groups[2]
    assert lines.tags == {"label_confidence": (None, None, "0.5", "0.5")}
    assert lines.provenance.policy == "off-policy"


def test_a_chat_that_quotes_the_contrast_key_stays_a_chat(tmp_path):
    path = write(tmp_path / "c.jsonl", [{"text": 'It says "answer_matching_behavior": "(A)".'}])
    assert load_dataset(path)[0].is_plain_text


def test_truthfulqa(tmp_path):
    table = (
        "\ufeffType,Category,Question,Best Answer,Correct Answers,Incorrect Answers,Source\n"
        'Adversarial,Law,Is it?,No,"No; Not really ;","Yes; Of course",http://x\n'
    )
    data = load_dataset(write(tmp_path / "T.csv", table))
    assert [(d.messages[1].content, d.label) for d in data] == [
        ("No", 1),
        ("Not really", 1),
        ("Yes", 0),
        ("Of course", 0),
    ]
    assert (data.positive, set(data.groups), data.tags["category"][0]) == ("true", {"is it?"}, "Law")
    flipped = load_dataset(tmp_path / "T.csv", positive="false")
    assert flipped.labels.tolist() == [0, 0, 1, 1]
    with pytest.raises(InputError, match=r"'lie' does not occur .* 'true' and 'false'"):
        load_dataset(tmp_path / "T.csv", positive="lie")
    assert "Not applied" in load_dataset(tmp_path / "T.csv", group="city").provenance.notes[0]


def test_hugging_face_folder(tmp_path):
    import datasets

    features = datasets.Features(
        {"claim": datasets.Value("string"), "kind": datasets.ClassLabel(names=["honest", "lie"])}
    )
    rows = datasets.Dataset.from_dict({"claim": ["A", "B"], "kind": [0, 1]}, features=features)
    datasets.DatasetDict({"train": rows, "test": rows.select([1])}).save_to_disk(str(tmp_path / "saved"))
    columns = {"text": "claim", "label": "kind"}
    data = load_dataset(tmp_path / "saved", columns=columns)
    assert (data.labels.tolist(), data.positive, data.negative) == ([0, 1], "lie", "honest")
    assert load_dataset(tmp_path / "saved", columns=columns, positive="honest").labels.tolist() == [1, 0]
    assert len(load_dataset(tmp_path / "saved", columns=columns, split="test")) == 1
    with pytest.raises(InputError, match=r"split 'tst'.*did you mean 'test'"):
        load_dataset(tmp_path / "saved", columns=columns, split="tst")
    chats = datasets.Dataset.from_dict({"messages": [[{"role": "user", "content": "Hi"}]], "label": [1]})
    chats.save_to_disk(str(tmp_path / "chats"))
    assert load_dataset(tmp_path / "chats")[0].messages[0].content == "Hi"


def test_hugging_face_name_offline():
    with pytest.raises(InputError) as error:
        load_dataset("hf:nobody/no-such-set")
    sentence = str(error.value)
    assert "nobody/no-such-set" in sentence
    assert "HF_HUB_OFFLINE" in sentence
    assert "\n" not in sentence


def test_an_unknown_source_names_the_nearest():
    with pytest.raises(InputError, match="no source 'cretn:': did you mean 'cretan:'"):
        load_dataset("cretn:x")


def test_split_tag_and_limit(tmp_path):
    path = write(tmp_path / "d.jsonl", [{"text": "a", "split": "train"}, {"text": "b", "split": "test"}])
    data = load_dataset(path, split="test")
    assert [d.text for d in data] == ["b"]
    assert "first 1 of 2" in load_dataset(path, limit=1).provenance.notes[0]
    with pytest.raises(InputError, match="split 'tset'"):
        load_dataset(path, split="tset")
    with pytest.raises(InputError, match="limit=0"):
        load_dataset(path, limit=0)


WRONG = [
    ("empty.jsonl", b"", {}, ["empty.jsonl", "empty"]),
    ("blank.csv", b" \n\n", {}, ["empty"]),
    ("latin.csv", "statement,label\nok,1\ncafé,0\n".encode("latin-1"), {}, ["line 3", "UTF-8", "0xe9"]),
    ("nul.csv", b"statement,label\nok\0,1\n", {}, ["line 2", "NUL"]),
    ("bad.jsonl", b'{"text": "a"}\n\n{"text": \n', {}, ["line 3", "not valid JSON"]),
    ("bad.json", b'[{"text": "a"},\n {"text": "b" "label"}]', {}, ["line 2", "not valid JSON"]),
    ("cut.json", b'[{"text": "a"}\n', {}, ["line 2", "expected ','"]),
    ("more.json", b'[{"text": "a"}]\n{}', {}, ["line 2", "after the end"]),
    ("object.json", b'{\n "a": {"text": "x"}\n}', {}, ["one JSON object", "'a'"]),
    ("numbers.jsonl", b"[1, 2]", {}, ["line 1", "int"]),
    ("nocolumn.csv", b"claim,label\nx,1\n", {}, ["'statement' or 'text'", "claim, label", "text="]),
    ("nolabel.csv", b"text,lab\nx,1\n", {}, ["'label'", "text, lab", 'label=""']),
    ("near.csv", b"claim,label\nx,1\n", {"text": "clam"}, ["did you mean 'claim'"]),
    ("wide.csv", b"text,label\nx,1\ny,0,9\n", {}, ["line 3", "3 columns", "expected 2"]),
    ("quote.csv", b'text,label\nx,1\n"y,0\n', {}, ["line 3", "quotes"]),
    ("twice.csv", b"text,label,label\nx,1,1\n", {}, ["two columns named 'label'"]),
    ("hole.csv", b"text,label\nx,1\n ,0\n", {}, ["line 3", "empty 'text'"]),
    ("header.csv", b"text,label\n", {}, ["no record"]),
    ("third.csv", b"text,label\na,lie\nb,honest\nc,dunno\nd,lie\ne,honest\n", {"positive": "lie"},
     ["'dunno'", "line 4", "'lie' nor 'honest'"]),
    ("names.csv", b"text,label\na,lie\nb,honest\n", {}, ["'lie'", "'honest'", "positive="]),
    ("ids.jsonl", b'{"id": 1, "text": "a"}\n{"id": "1", "text": "b"}\n', {}, ["line 2", "'1'", "line 1"]),
    ("group.csv", b"text,label,group\na,1,\n", {}, ["line 2", "group column"]),
    ("odd.json", b'[{"question": "q", "answer_matching_behavior": "a", "answer_not_matching_behavior": "b"},\n'
     b'{"prompt": "p"}]', {}, ["line 2", "'question'", "'prompt'"]),
    ("fake.parquet", b"PAR1 not really", {}, ["fake.parquet", "Parquet"]),
    ("what.xyz", b"hello", {}, ["no known format", "format="]),
    ("d.csv", b"text,label\nx,1\n", {"format": "tabel"}, ["'tabel'", "did you mean 'table'"]),
    ("d.csv", b"text,label\nx,1\n", {"columns": {"txt": "text"}}, ["'txt'", "did you mean 'text'"]),
    ("d.csv", b"text,label\nx,1\n", {"split": "train"}, ["no splits"]),
    ("head.jsonl", b'{"dataset": {"name": "x"}}\n{"text": "a"}', {}, ["line 1", "describes no dataset"]),
    ("d.csv", b"text,label\nx,1\n", {"format": "truthfulqa"}, ["'Question'", "text, label"]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "content", "options", "words"), WRONG, ids=[f"{i}-{w[0]}" for i, w in enumerate(WRONG)]
)
def test_wrong_files_get_one_sentence(tmp_path, name, content, options, words):
    with pytest.raises(InputError) as error:
        load_dataset(write(tmp_path / name, content), **options)
    sentence = str(error.value)
    assert "\n" not in sentence
    for word in words:
        assert word in sentence


def test_wrong_paths(tmp_path):
    write(tmp_path / "cities.csv", "statement,label\na,1\n")
    with pytest.raises(InputError, match=r"citees\.csv: did you mean 'cities\.csv'"):
        load_dataset(tmp_path / "citees.csv")
    with pytest.raises(InputError, match="does not exist either"):
        load_dataset(tmp_path / "no" / "x.csv")
    with pytest.raises(InputError, match="write 'hf:owner/name'"):
        load_dataset("owner/name")
    (tmp_path / "hollow").mkdir()
    with pytest.raises(InputError, match="holds no data file"):
        load_dataset(tmp_path / "hollow")
    write(tmp_path / "chat.jsonl", [{"text": "x"}])
    with pytest.raises(InputError, match=r"mixes formats, chat\.jsonl is dialogues and cities\.csv is table"):
        load_dataset(tmp_path)
