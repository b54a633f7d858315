"""Every wrong input is one sentence and exit 2, without a traceback, and leaves nothing behind."""

import json
import shutil
import struct

import pytest
import torch
from safetensors.torch import load_file, save_file

from sonde.cli import main

RECIPE = """
name = "test"
positive = "lie"
model = "cretan"
resamples = 100
[data]
train = "train.jsonl"
[probe]
folds = 2
l2 = [10]
"""


def rows(n=40, **changes):
    """`n` labelled dialogues in n/2 groups, as JSON-ready records."""
    return [
        {
            "id": f"d{i}",
            "messages": [{"role": "user", "content": f"question {i}"}, {"role": "assistant", "content": f"answer {i}"}],
            "label": i % 2,
            "group": f"g{i // 2}",
            **changes,
        }
        for i in range(n)
    ]


@pytest.fixture
def folder(tmp_path):
    """A recipe and its data, both good."""
    (tmp_path / "recipe.toml").write_text(RECIPE)
    write(tmp_path / "train.jsonl", rows())
    return tmp_path


def write(path, records):
    path.write_text("".join(json.dumps(r) + "\n" for r in records))


def complaint(capsys, *arguments):
    """Run a command that must fail with exit 2 and one sentence; return the sentence."""
    with pytest.raises(SystemExit) as stop:
        main([str(a) for a in arguments])
    out, err = capsys.readouterr()
    assert stop.value.code == 2, err
    assert out == ""
    errors = [line for line in err.splitlines() if line.startswith("error: ")]
    assert len(errors) == 1
    assert "Traceback" not in err
    assert err.splitlines()[-1] == errors[0], "the sentence is the last thing printed, on one line"
    return errors[0]


def train(capsys, folder, *settings):
    given = [part for setting in settings for part in ("--set", setting)]
    said = complaint(capsys, "train", folder / "recipe.toml", "--out", folder / "out", *given)
    assert not (folder / "out").exists()
    return said


def test_unknown_recipe_key(capsys, folder):
    (folder / "recipe.toml").write_text(RECIPE.replace("folds", "flods"))
    assert "did you mean 'folds'" in train(capsys, folder)


def test_unknown_builtin_recipe(capsys, folder):
    assert "did you mean 'deception'" in complaint(capsys, "train", "decpetion", "--out", folder / "out")


def test_missing_file(capsys, folder):
    said = train(capsys, folder, "train=trian.jsonl")
    assert "trian.jsonl" in said


def test_empty_file(capsys, folder):
    (folder / "train.jsonl").write_text("")
    assert "empty" in train(capsys, folder)


def test_a_label_that_is_neither_class(capsys, folder):
    records = rows()
    records[6]["label"] = "dunno"
    write(folder / "train.jsonl", records)
    said = train(capsys, folder)
    assert "'dunno'" in said
    assert "train.jsonl" in said
    assert "line 7" in said


def test_one_class_only(capsys, folder):
    write(folder / "train.jsonl", rows(label=1))
    assert "class" in train(capsys, folder)


def test_a_group_on_both_sides(capsys, folder):
    write(folder / "test.jsonl", [r | {"id": f"t{r['id']}"} for r in rows()])
    said = train(capsys, folder, "data.test=test.jsonl")
    assert "g0" in said
    assert "test.jsonl" in said or "test" in said


def test_a_layer_that_does_not_exist(capsys, folder):
    said = train(capsys, folder, 'sites="blocks.99.hook_resid_post"')
    assert "blocks.99.hook_resid_post" in said
    assert "0" in said


def test_an_unknown_hub_name_offline(capsys, folder):
    said = train(capsys, folder, "model=someone/no-such-model")
    assert "someone/no-such-model" in said
    assert "HF_HUB_OFFLINE" in said


def test_a_model_folder_without_weights(capsys, folder, cretan):
    shutil.copytree(cretan, folder / "model", ignore=shutil.ignore_patterns("*.safetensors"))
    said = train(capsys, folder, f"model={folder / 'model'}")
    assert "weights" in said


def test_a_selector_that_does_not_parse(capsys, folder):
    assert "assistent" in train(capsys, folder, "tokens=assistent & ~last(5)")


def test_a_text_longer_than_the_context(capsys, folder):
    records = rows()
    records[4]["messages"][1]["content"] = "the " * 3000
    write(folder / "train.jsonl", records)
    said = train(capsys, folder)
    assert "d4" in said


def test_nan_activations(capsys, folder, cretan):
    shutil.copytree(cretan, folder / "model")
    weights = load_file(folder / "model" / "model.safetensors")
    name = next(n for n in weights if "layers.1." in n)
    weights[name] = torch.full_like(weights[name], float("nan"))
    save_file(weights, folder / "model" / "model.safetensors", metadata={"format": "pt"})
    said = train(capsys, folder, f"model={folder / 'model'}")
    assert "finite" in said


def test_a_non_empty_output_folder(capsys, folder):
    (folder / "out").mkdir()
    (folder / "out" / "precious").write_text("kept")
    said = complaint(capsys, "train", folder / "recipe.toml", "--out", folder / "out")
    assert "--force" in said
    assert (folder / "out" / "precious").read_text() == "kept"


@pytest.fixture(scope="module")
def cretan():
    from sonde.organism import cretan_folder

    return cretan_folder("cretan")


@pytest.fixture(scope="module")
def probe_path(tmp_path_factory):
    """A probe made for Cretan."""
    import sonde

    data = sonde.load_dataset("cretan:instructed-lies", n=60)
    acts = sonde.capture(sonde.load_model("cretan"), data, sites="blocks.1.hook_resid_post", tokens="before(target)")
    path = tmp_path_factory.mktemp("probe") / "lie.safetensors"
    sonde.LogisticProbe(l2=10.0).fit(*acts.pool("mean").at("blocks.1.hook_resid_post").xy).save(path)
    return path


def test_a_probe_made_for_another_model(capsys, probe_path, llama_folder):
    said = complaint(capsys, "score", probe_path, "once upon a time", "--model", llama_folder)
    assert "cretan" in said


@pytest.mark.parametrize("name", ["mydata.csv", "folder/dialogues.jsonl"])
def test_a_data_file_that_is_missing_is_no_text(capsys, probe_path, name):
    said = complaint(capsys, "score", probe_path, name)
    assert f"no file {name}" in said
    assert "check the path" in said


def test_a_corrupt_probe_file(capsys, probe_path, tmp_path):
    bad = tmp_path / "bad.safetensors"
    bad.write_bytes(probe_path.read_bytes()[:-5])
    assert "bad.safetensors" in complaint(capsys, "score", bad, "text")


def test_a_pickle_posing_as_a_probe_does_nothing(capsys, tmp_path):
    import pickle

    class Evil:
        def __reduce__(self):
            return (open, (str(tmp_path / "owned"), "w"))

    bad = tmp_path / "evil.safetensors"
    bad.write_bytes(pickle.dumps(Evil()))
    assert "evil.safetensors" in complaint(capsys, "score", bad, "text")
    assert not (tmp_path / "owned").exists()


def test_a_giant_header_is_not_believed(capsys, tmp_path):
    bad = tmp_path / "giant.safetensors"
    bad.write_bytes(struct.pack("<Q", 2**62) + b"{}")
    assert "giant.safetensors" in complaint(capsys, "score", bad, "text")


def test_a_path_in_a_probes_name_reaches_no_file(capsys, probe_path, tmp_path):
    raw = probe_path.read_bytes()
    (length,) = struct.unpack("<Q", raw[:8])
    header = raw[8 : 8 + length].replace(b"cretan", b"/etc/x")
    bad = tmp_path / "path.safetensors"
    bad.write_bytes(struct.pack("<Q", len(header)) + header + raw[8 + length :])
    said = complaint(capsys, "score", bad, "text")
    assert "root:" not in said


def test_a_missing_probe(capsys, tmp_path):
    assert "none.safetensors" in complaint(capsys, "score", tmp_path / "none.safetensors", "text")


def test_a_thing_that_does_not_exist(capsys, tmp_path):
    assert "nothing-here" in complaint(capsys, "inspect", tmp_path / "nothing-here")
