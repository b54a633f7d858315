"""What a store refuses, by name, and that the advice it gives works."""

import json
import shutil

import numpy as np
import pytest
import torch
from tests.activations.helpers import make_activations
from tests.activations.test_store import COUNTS, MANIFEST, SITE, UNITS, fill, snapshot

from sonde.activations import create_store, describe, open_store
from sonde.base.errors import InputError

ACTS = make_activations(COUNTS)


@pytest.fixture
def folder(tmp_path):
    fill(tmp_path / "store", ACTS)
    return tmp_path / "store"


def resume(folder):
    return create_store(folder, MANIFEST, list(UNITS), ACTS.examples)


def rewrite(path, change):
    """Change a unit's header, keeping the data."""
    raw = path.read_bytes()
    length = int.from_bytes(raw[:8], "little")
    header = json.loads(raw[8 : 8 + length])
    change(header)
    head = json.dumps(header).encode()
    path.write_bytes(len(head).to_bytes(8, "little") + head + raw[8 + length :])


def flip(path, at=-1):
    raw = bytearray(path.read_bytes())
    raw[at] ^= 1
    path.write_bytes(raw)


def refused(folder, said, *, unit="u1", at_open=True):
    """The unit is refused by name when resuming and when reading; deleting it and resuming heals the store."""
    with pytest.raises(InputError, match=said) as caught:
        resume(folder).missing()
    assert f"{unit}.safetensors" in str(caught.value)
    assert "delete that file and resume" in str(caught.value)
    if at_open:
        for read in (open_store, describe):
            with pytest.raises(InputError, match=said):
                read(folder)
    (folder / "units" / f"{unit}.safetensors").unlink()
    if unit in UNITS:
        assert resume(folder).missing() == (unit,)
        fill(folder, ACTS, only=[unit])
    assert torch.equal(open_store(folder).activations()[SITE], ACTS[SITE])


def test_a_flipped_byte(folder):
    flip(folder / "units" / "u1.safetensors")
    store = open_store(folder)
    for read in (
        store.verify,
        lambda: store.activations()[SITE],
        lambda: store.activations().pool("mean")[SITE],
        lambda: list(store.stream(SITE, 1)),
    ):
        with pytest.raises(InputError, match=r"u1\.safetensors.*checksum does not match"):
            read()
    assert len(open_store(folder, verify=False).activations()[SITE]) == 17
    refused(folder, "checksum does not match", at_open=False)


def test_a_flipped_byte_anywhere_is_noticed(folder):
    path = folder / "units" / "u1.safetensors"
    good = path.read_bytes()
    for at in range(0, len(good), 7):
        flip(path, at)
        with pytest.raises(InputError, match=r"u1\.safetensors"):
            resume(folder).missing()
        path.write_bytes(good)


@pytest.mark.parametrize("keep", [0, 5, 8, 100, -1])
def test_a_truncated_unit(folder, keep):
    path = folder / "units" / "u1.safetensors"
    path.write_bytes(path.read_bytes()[:keep])
    refused(folder, "header")


def test_bytes_at_the_end(folder):
    path = folder / "units" / "u1.safetensors"
    path.write_bytes(path.read_bytes() + b"\0")
    refused(folder, "and the file has")


def test_a_unit_of_another_store(folder, tmp_path):
    fill(tmp_path / "other", ACTS, manifest={"fingerprint": {**MANIFEST["fingerprint"], "dtype": "float16"}})
    shutil.copy(tmp_path / "other" / "units" / "u1.safetensors", folder / "units" / "u1.safetensors")
    refused(folder, "another fingerprint")


def test_a_unit_under_another_name(folder):
    shutil.copy(folder / "units" / "u0.safetensors", folder / "units" / "u1.safetensors")
    refused(folder, "it is unit 'u0'")


def test_a_unit_that_is_not_in_the_plan(folder):
    shutil.copy(folder / "units" / "u0.safetensors", folder / "units" / "u9.safetensors")
    refused(folder, "not in the plan", unit="u9")


def fewer_rows(header):
    facts = json.loads(header["__metadata__"]["sonde"])
    header["__metadata__"]["sonde"] = json.dumps({**facts, "rows": 2})


def set_entry(name, **said):
    return lambda header: header[name].update(said)


@pytest.mark.parametrize(
    "lie",
    [
        fewer_rows,
        set_entry(SITE, shape=[300000000, 6]),
        set_entry(SITE, shape=[-3, -6]),
        set_entry(SITE, shape=[3.0, 6]),
        set_entry(SITE, shape=[6, 3]),
        set_entry(SITE, dtype="Q8"),
        set_entry(SITE, dtype="I32"),
        set_entry(SITE, data_offsets=[0, 8 * 6]),
        set_entry(SITE, data_offsets="ab"),
        set_entry("tokens/position", data_offsets=[10**9, 10**9 + 24]),
        lambda header: header.pop("tokens/role"),
        lambda header: header.pop(SITE),
        lambda header: header.pop("__metadata__"),
        lambda header: header.update(__metadata__={"sonde": "[]"}),
        lambda header: header.update(__metadata__={"sonde": "not json"}),
    ],
)
def test_a_header_that_lies(folder, lie):
    rewrite(folder / "units" / "u1.safetensors", lie)
    refused(folder, "header")


def test_a_giant_header_is_not_read(folder):
    path = folder / "units" / "u1.safetensors"
    path.write_bytes((2**63).to_bytes(8, "little") + path.read_bytes()[8:])
    refused(folder, "claims 9223372036854775808 bytes")


def test_another_fingerprint_names_the_keys(folder):
    other = {"fingerprint": {"model": "toy", "dtype": "float16", "revision": "1"}}
    before = snapshot(folder)
    with pytest.raises(InputError) as caught:
        create_store(folder, other, list(UNITS), ACTS.examples)
    said = str(caught.value)
    assert "dtype: 'float32' there, 'float16' now" in said
    assert "tokens: 'all' there, 'absent' now" in said
    assert "revision: 'absent' there, '1' now" in said
    assert "model" not in said
    assert snapshot(folder) == before


def test_another_plan_or_other_examples(folder):
    with pytest.raises(InputError, match="another plan of units"):
        create_store(folder, MANIFEST, ["u0"], ACTS.examples)
    with pytest.raises(InputError, match="other examples"):
        create_store(folder, MANIFEST, list(UNITS), ACTS.examples.take([0, 1, 2, 3, 5, 4]))
    with pytest.raises(InputError, match="not empty"):
        create_store(folder, MANIFEST, list(UNITS), ACTS.examples, resume=False)


def test_a_folder_of_something_else(tmp_path):
    (tmp_path / "thesis.tex").write_text("years of work")
    with pytest.raises(InputError, match=r"holds no activation store \(it has 'thesis.tex'\)"):
        create_store(tmp_path, MANIFEST, ["u"], ACTS.examples)
    with pytest.raises(InputError, match="is a file"):
        create_store(tmp_path / "thesis.tex", MANIFEST, ["u"], ACTS.examples)
    with pytest.raises(InputError, match=r"has no run\.json"):
        open_store(tmp_path)
    for text in ("", "[]", '{"kind": "probe", "schema": 1}', '{"kind": "activations", "schema": 9}'):
        (tmp_path / "run.json").write_text(text)
        with pytest.raises(InputError, match="not the manifest of an activation store"):
            open_store(tmp_path)


@pytest.mark.parametrize("unit", ["../u", "", ".u", "a/b", "u\0", "ü"])
def test_unit_ids_cannot_leave_the_folder(tmp_path, unit, folder):
    with pytest.raises(InputError, match="cannot be a file name"):
        create_store(tmp_path / "new", MANIFEST, [unit], ACTS.examples)
    manifest = json.loads((folder / "run.json").read_text())
    (folder / "run.json").write_text(json.dumps({**manifest, "units": [unit]}))
    with pytest.raises(InputError, match="cannot be a file name"):
        open_store(folder)


def test_examples_that_were_changed(folder):
    path = folder / "examples.json"
    path.write_text(path.read_text().replace('"labels": [0', '"labels": [1'))
    with pytest.raises(InputError, match=r"examples\.json is missing or does not match"):
        open_store(folder)


def test_plans_that_cannot_be(tmp_path):
    for manifest in ({}, {"fingerprint": "abc"}, {"fingerprint": {"layers": 3}}):
        with pytest.raises(InputError, match="has no fingerprint"):
            create_store(tmp_path, manifest, ["u"], ACTS.examples)
    for units in ([], ["u", "u"]):
        with pytest.raises(InputError, match="each once"):
            create_store(tmp_path, MANIFEST, units, ACTS.examples)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"unit": "u7"}, "not in the plan"),
        ({"values": {}}, "has no site"),
        ({"values": {SITE: torch.zeros(2, 6)}}, r"expected \[3, d\]"),
        ({"values": {SITE: torch.zeros(3)}}, r"expected \[3, d\]"),
        ({"values": {"a/b": torch.zeros(3, 6)}}, "without '/'"),
        ({"values": {SITE: torch.zeros(3, 6, dtype=torch.int32)}}, "expected float16"),
        ({"example_index": np.array([0, 1])}, "one number for each"),
        ({"example_index": np.array([6])}, "below 6"),
        ({"example_index": np.array([-1])}, "below 6"),
        ({"predictions": {"entropy": torch.zeros(4)}}, r"expected \(3,\)"),
    ],
)
def test_units_that_do_not_fit_are_not_written(tmp_path, change, said):
    part = ACTS.take_examples([0])
    given = {"unit": "u1", "values": {SITE: part[SITE]}, "tokens": part.tokens, "example_index": np.array([0])}
    writer = resume(tmp_path)
    with pytest.raises(InputError, match=said):
        writer.write(**{**given, **change})
    assert writer.missing() == tuple(UNITS)


def test_units_that_disagree(folder):
    (folder / "units" / "u1.safetensors").unlink()
    part = ACTS.take_examples([0])
    resume(folder).write("u1", {SITE: part[SITE]}, part.tokens, np.array([0]), part.predictions)
    with pytest.raises(InputError, match=r"u1\.safetensors.*sites differ"):
        open_store(folder)


def test_an_example_in_two_units(folder):
    (folder / "units" / "u1.safetensors").unlink()
    fill(folder, ACTS, {"u1": [4]})
    with pytest.raises(InputError, match=r"hold 6 examples \(5 different\), expected each of its 6 once"):
        open_store(folder).activations()
