"""Built-in sets load by name, with their records, splits and provenance."""

import json

import pytest

import sonde
from sonde.base.errors import InputError
from sonde.text import builtin
from sonde.text.builtin import FORMS, load_builtin
from sonde.text.builtin.reading import FOLDER, RECORDS

NAMES = [f"sonde:{base}/{form}" for base, forms in FORMS.items() for form in forms]


@pytest.mark.parametrize("name", NAMES)
def test_every_form_loads_with_its_provenance(name):
    data = sonde.load_dataset(name)
    assert data.name == name
    assert data.provenance.licence == "MIT"
    assert len(data.provenance.sha256) == 64
    assert data.groups is not None
    for row in data:
        if row.target is not None and row.target.end is not None:
            said = row.messages[row.target.message].content[row.target.start : row.target.end]
            assert said == row.tags["value"]


@pytest.mark.parametrize("stem", RECORDS)
def test_files_are_sorted_and_hold_the_documented_fields(stem):
    rows = [json.loads(line) for line in (FOLDER / f"{stem}.jsonl").read_text(encoding="utf-8").splitlines()]
    ids = [row["id"] for row in rows]
    assert ids == sorted(set(ids))
    documented = " ".join((builtin.__doc__ or "").split())
    for field in rows[0]:
        assert field in documented


def test_splits_share_no_group():
    for base in FORMS:
        train, test = (load_builtin(base, split=split) for split in ("train", "test"))
        assert not {d.group for d in train} & {d.group for d in test}
        assert len(train) + len(test) == len(load_builtin(base))
    assert len(load_builtin("chat", split="control")) == len(load_builtin("chat"))


def test_a_draw_is_seeded_and_keeps_groups_whole():
    first, again, other = (load_builtin("opinions", n=2, seed=seed) for seed in (0, 0, 1))
    assert len(first) == 2
    assert first.sha256 == again.sha256
    assert other.positive == "wrong"


@pytest.mark.parametrize(
    ("name", "options", "said"),
    [
        ("sonde:fact", {}, "did you mean 'sonde:facts'"),
        ("sonde:facts", {"form": "negations"}, "did you mean 'negation'"),
        ("sonde:facts/statment", {}, "did you mean 'statement'"),
        ("sonde:facts", {"split": "tset"}, "did you mean 'test'"),
        ("sonde:facts", {"topics": ["contries"]}, "did you mean 'countries'"),
        ("sonde:facts", {"n": 1}, "at least 2"),
    ],
)
def test_a_wrong_name_or_option_is_one_sentence(name, options, said):
    with pytest.raises(InputError, match=said):
        sonde.load_dataset(name, **options)


def test_inspect_shows_counts_and_card():
    from sonde.run import describe_artefact

    found = describe_artefact("sonde:facts")
    assert found.content["counts"]["n"] == len(load_builtin("facts"))
    assert found.content["card"].startswith("# sonde:facts")
    assert found.content["card"].strip() in found.text
