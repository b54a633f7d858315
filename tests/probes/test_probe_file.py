"""The probe file: what it says, and what strangers' files may not do."""

import json
import pickle
import struct

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors import safe_open
from safetensors.numpy import save

from sonde.activations import Features
from sonde.base.errors import InputError
from sonde.base.tables import ExampleTable
from sonde.probes import LogisticProbe, RidgeProbe, load_probe, read_manifest
from sonde.scores import threshold_from_control

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(40, 3)), np.arange(40) % 2
KEY = "sonde_probe"


@pytest.fixture(scope="module")
def good(tmp_path_factory):
    examples = ExampleTable(ids=tuple(map(str, range(40))), labels=Y, positive="lie", negative="honest")
    known = {"model": "cretan", "model_fingerprint": "ab" * 32, "tokens": "assistant & ~last(5)", "data_sha256": "cd"}
    features = Features({"blocks.2.hook_resid_post": torch.tensor(X)}, examples, known, "mean")
    probe = LogisticProbe(class_weight={0: 1.0, 1: 2.0}).fit(*features.at("blocks.2.hook_resid_post").xy)
    probe = probe.with_threshold(threshold_from_control(RNG.normal(size=1200), 0.01, "cretan:honest-chat"))
    return probe.save(tmp_path_factory.mktemp("probe") / "good.safetensors")


def parts(path):
    """The manifest and the tensors of a file, to forge others from."""
    with safe_open(path, "np") as file:
        return json.loads(file.metadata()[KEY]), {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118


def forge(path, manifest, tensors, **metadata):
    path.write_bytes(save(tensors, metadata={KEY: json.dumps(manifest), **metadata}))
    return path


def raw(path, header, data=b""):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)
    return path


def test_the_manifest_says_everything(good):
    manifest = read_manifest(good)
    assert manifest.probe == "logistic"
    assert manifest.origin.model_dump() == {
        "model": "cretan",
        "fingerprint": "ab" * 32,
        "site": "blocks.2.hook_resid_post",
        "tokens": "assistant & ~last(5)",
        "pooling": "mean",
        "data_sha256": "cd",
        "positive": "lie",
        "negative": "honest",
    }
    assert (manifest.threshold.control, manifest.threshold.n) == ("cretan:honest-chat", 1200)
    assert (manifest.scaler, manifest.audit, manifest.n_features) == ("standard", "not audited", 3)
    assert load_probe(good).class_weight == {0: 1.0, 1: 2.0}


def test_any_safetensors_reader_opens_it(good):
    manifest, tensors = parts(good)
    assert manifest["schema"] == 1
    np.testing.assert_array_equal(tensors["coef"], load_probe(good).coef_)


def test_nothing_is_overwritten_unasked(good, tmp_path):
    probe = load_probe(good)
    path = probe.save(str(tmp_path / "p.safetensors"))
    with pytest.raises(InputError, match="nothing is overwritten unasked"):
        probe.save(path)
    assert probe.save(path, force=True) == path
    with pytest.raises(InputError, match=r"does not exist, so p\.safetensors cannot be saved there"):
        probe.save(tmp_path / "missing" / "p.safetensors")


@pytest.mark.parametrize("labels", [["honest", "lie"], [False, True], [-1, 1], [0.0, 3.0]])
def test_classes_of_every_kind_return(labels, tmp_path):
    probe = RidgeProbe().fit(X, np.array(labels)[Y])
    loaded = load_probe(probe.save(tmp_path / "p.safetensors"))
    assert loaded.classes_.tolist() == labels
    assert loaded.classes_.dtype == probe.classes_.dtype


def test_strengths_from_a_numpy_grid_can_be_saved(tmp_path):
    probe = LogisticProbe(l2=np.logspace(0, 2, 3)[1], max_iter=np.int64(50)).fit(X, Y)
    assert load_probe(probe.save(tmp_path / "p.safetensors")).l2 == 10.0


def change(manifest, **changes):
    return {**manifest, **changes}


FORGERIES = {
    "a new schema": (lambda m, t: (change(m, schema=2), t), "schema is not 1"),
    "no schema": (lambda m, t: ({k: v for k, v in m.items() if k != "schema"}, t), "schema is not 1"),
    "a missing key": (lambda m, t: ({k: v for k, v in m.items() if k != "classes"}, t), "wrong at classes"),
    "a further key": (lambda m, t: (change(m, code="import os"), t), "wrong at code"),
    "an unknown type": (lambda m, t: (change(m, probe="logstic"), t), "did you mean 'logistic'"),
    "a type that is a path": (lambda m, t: (change(m, probe="../../os.system"), t), "is not one of logistic"),
    "another parameter": (lambda m, t: (change(m, params={**m["params"], "hook": "os"}), t), "its parameters are"),
    "a bad parameter": (lambda m, t: (change(m, params={**m["params"], "l2": -1.0}), t), "l2=-1.0"),
    "one class twice": (lambda m, t: (change(m, classes=[1, 1]), t), "not two of a kind"),
    "mixed classes": (lambda m, t: (change(m, classes=[0, "a"]), t), "not two of a kind"),
    "NaN threshold": (
        lambda m, t: (change(m, threshold={**m["threshold"], "value": float("nan")}), t),
        "wrong at threshold.value",
    ),
    "another width": (lambda m, t: (change(m, n_features=4), t), r"has shape \[3\], expected \[4\]"),
    "a vast width": (lambda m, t: (change(m, n_features=2**31), t), r"expected \[2147483648\]"),
    "a NaN weight": (lambda m, t: (m, {**t, "coef": np.array([0, np.nan, 0])}), "'coef' holds NaN"),
    "another weight": (lambda m, t: (m, {**t, "coef": np.zeros(3)}), "their hash differs"),
    "a further tensor": (lambda m, t: (m, {**t, "extra": np.zeros(1)}), "its tensors are coef, extra"),
    "a path for a name": (lambda m, t: (m, {**t, "../../etc/x": np.zeros(1)}), "its tensors are ../../etc/x"),
    "a missing tensor": (lambda m, t: (m, {"coef": t["coef"]}), "its tensors are coef, expected"),
    "single precision": (lambda m, t: (m, {**t, "coef": t["coef"].astype(np.float32)}), "dtype 'F32', expected F64"),
}


@pytest.mark.parametrize("name", FORGERIES)
def test_a_forged_manifest_is_refused(good, tmp_path, name):
    forgery, message = FORGERIES[name]
    path = forge(tmp_path / "forged.safetensors", *forgery(*parts(good)))
    with pytest.raises(InputError, match=message) as error:
        load_probe(path)
    sentence = str(error.value)
    assert sentence.startswith(f"{path} is not a probe file that can be used: ")
    assert sentence.endswith("; write it again with `probe.save`.")
    assert "\n" not in sentence


def tensor(begin, end, shape=(3,)):
    return {"dtype": "F64", "shape": list(shape), "data_offsets": [begin, end]}


META = {"__metadata__": {KEY: "{}"}}
HEADERS = {
    "not JSON": (b"{nope", b"", "header is not JSON"),
    "no object": (b"[1]", b"", "not a JSON object"),
    "not text": (b"\xff\xfe{}", b"", "header is not JSON"),
    "deep nesting": (b"[" * 200_000, b"", "header is not JSON"),
    "a vast number": (b'{"a": ' + b"9" * 10_000 + b"}", b"", "header is not JSON"),
    "NaN": (b'{"a": NaN}', b"", "holds NaN"),
    "a name twice": (b'{"a": 1, "a": 2}', b"", "names something twice"),
    "no metadata": ({}, b"", "holds no metadata"),
    "metadata of numbers": ({"__metadata__": {KEY: 1}}, b"", "holds no metadata"),
    "another program's": ({"__metadata__": {"format": "pt"}}, b"", "without a sonde probe's manifest"),
    "a lying shape": ({**META, "coef": tensor(0, 24, (2**40,))}, b"0" * 24, "does not fit bytes 0 to 24"),
    "overflowing shape": ({**META, "coef": tensor(0, 24, (2**40,) * 8)}, b"0" * 24, "does not fit bytes"),
    "bytes beyond the end": ({**META, "coef": tensor(0, 24)}, b"0" * 8, "truncated"),
    "a gap": ({**META, "coef": tensor(8, 32)}, b"0" * 32, "does not fit bytes 8 to 32"),
    "overlap": ({**META, "a": tensor(0, 24), "b": tensor(0, 24)}, b"0" * 24, "does not fit bytes 0 to 24"),
    "bytes unspoken for": ({**META, "coef": tensor(0, 24)}, b"0" * 99, "99 follow the header"),
    "negative": ({**META, "coef": tensor(-24, 0)}, b"", "not whole numbers from 0"),
    "a float offset": ({**META, "coef": tensor(0.0, 24)}, b"0" * 24, "not whole numbers from 0"),
    "no dictionary": ({**META, "coef": 3}, b"", "is not described by"),
}


@pytest.mark.parametrize("name", HEADERS)
def test_a_forged_header_is_refused(tmp_path, name):
    header, data, message = HEADERS[name]
    with pytest.raises(InputError, match=message):
        load_probe(raw(tmp_path / "forged.safetensors", header, data))


class Bomb:
    def __reduce__(self):
        return (open, ("exploded", "w"))


def test_a_pickle_does_nothing(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name, payload in (
        ("p", pickle.dumps(Bomb())),
        ("z", b"PK\x03\x04" + bytes(60)),
        ("n", b"\x93NUMPY" + b"x" * 60),
    ):
        path = tmp_path / f"{name}.safetensors"
        path.write_bytes(payload)
        with pytest.raises(InputError, match=r"looks like a.* which sonde never loads"):
            load_probe(path)
    torch.save(Bomb(), tmp_path / "t.safetensors")
    with pytest.raises(InputError, match="zip archive"):
        load_probe(tmp_path / "t.safetensors")
    assert not (tmp_path / "exploded").exists()


def test_a_giant_header_is_not_read(tmp_path):
    path = tmp_path / "giant.safetensors"
    path.write_bytes(struct.pack("<Q", 2**40) + b"{}")
    with pytest.raises(InputError, match="claims 1,099,511,627,776 bytes, more than the 1,048,576 allowed"):
        load_probe(path)
    path.write_bytes(struct.pack("<Q", 100) + b"{}")
    with pytest.raises(InputError, match="claims 100 bytes, but only 2 follow"):
        load_probe(path)


def test_a_giant_file_is_not_read(tmp_path):
    path = tmp_path / "giant.safetensors"
    with path.open("wb") as file:
        file.truncate(2**30 + 1)  # sparse: takes no room
    with pytest.raises(InputError, match="more than the 1,073,741,824 that any probe needs"):
        load_probe(path)


def test_missing_files_and_folders(tmp_path):
    with pytest.raises(InputError, match="does not exist"):
        load_probe(tmp_path / "none.safetensors")
    with pytest.raises(InputError, match="is a folder"):
        read_manifest(tmp_path)
    (tmp_path / "empty.safetensors").write_bytes(b"")
    with pytest.raises(InputError, match="ends after 0 bytes"):
        load_probe(tmp_path / "empty.safetensors")


def test_every_truncation_is_refused(good, tmp_path):
    payload = good.read_bytes()
    for length in [*range(0, 40), *range(40, len(payload), 37), len(payload) - 1]:
        (tmp_path / "cut.safetensors").write_bytes(payload[:length])
        with pytest.raises(InputError):
            load_probe(tmp_path / "cut.safetensors")


@given(st.data())
@settings(max_examples=150, deadline=None)
def test_mutated_bytes_raise_nothing_else(good, tmp_path_factory, data):
    payload = bytearray(good.read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(payload) - 1))
        payload[at] = data.draw(st.integers(0, 255))
    path = tmp_path_factory.getbasetemp() / "mutated.safetensors"
    path.write_bytes(payload)
    try:
        load_probe(path)
    except InputError as error:
        assert str(path) in str(error)  # noqa: PT017


PLAIN = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
KEYS = ("schema", "probe", "params", "classes", "n_features", "origin", "threshold", "fit", "audit")


@given(st.recursive(PLAIN, lambda s: st.lists(s, max_size=3)), st.sampled_from(KEYS))
@settings(max_examples=100, deadline=None)
def test_any_value_in_the_manifest_loads_or_is_refused(good, tmp_path_factory, value, key):
    manifest, tensors = parts(good)
    path = forge(tmp_path_factory.getbasetemp() / "strange.safetensors", change(manifest, **{key: value}), tensors)
    try:
        load_probe(path)
    except InputError as error:
        assert "\n" not in str(error)  # noqa: PT017
