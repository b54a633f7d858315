"""Loading: what works, and every refusal as one sentence."""

import json
import shutil

import pytest
import torch
from zoo import tiny

from sonde.base.errors import InputError
from sonde.capture import load_model
from sonde.capture.checkpoint import _refusal


@pytest.fixture(scope="module")
def saved(tmp_path_factory, word_level):
    folder = tmp_path_factory.mktemp("models") / "toy"
    tiny("llama").save_pretrained(folder)
    word_level.save_pretrained(folder)
    return folder


@pytest.fixture
def copy(saved, tmp_path):
    return shutil.copytree(saved, tmp_path / "copy")


def refused(said, *arguments, **options):
    with pytest.raises(InputError, match=said) as caught:
        load_model(*arguments, **{"device": "cpu", **options})
    assert "\n" not in str(caught.value)


def test_a_folder_and_the_live_module_have_one_fingerprint(saved, word_level):
    loaded = load_model(saved, device="cpu")
    assert (loaded.name, loaded.n_layers, loaded.d_model, loaded.context) == ("toy", 3, 32, 128)
    assert loaded.fingerprint == load_model(tiny("llama"), tokenizer=word_level).fingerprint
    assert loaded.fingerprint != load_model(tiny("llama", seed=1), tokenizer=word_level).fingerprint
    assert loaded.fingerprint != load_model(saved, device="cpu", dtype="bf16").fingerprint


def test_a_changed_weight_changes_the_fingerprint(saved):
    model = load_model(saved, device="cpu")
    before = model.fingerprint
    with torch.no_grad():
        model.module.lm_head.weight[0, 0] += 1
    assert model.fingerprint != before


def test_half_precision_is_widened_on_a_cpu_unless_asked_for(saved, tmp_path, word_level):
    tiny("llama").to(torch.bfloat16).save_pretrained(tmp_path)
    word_level.save_pretrained(tmp_path)
    model = load_model(tmp_path, device="cpu")
    assert (model.dtype, model.notes) == (torch.float32, {"checkpoint_dtype": "bfloat16"})
    assert load_model(tmp_path, device="cpu", dtype="bfloat16").dtype == torch.bfloat16


def test_the_real_models(ternary_folder, llama_folder):
    for folder, layers in ((ternary_folder, 8), (llama_folder, 5)):
        model = load_model(folder, device="cpu")
        assert model.n_layers == layers
        assert model.resolve_sites("resid_mid")


def test_an_unknown_hub_name_offline_says_so(monkeypatch):
    refused("'nobody/nothing-7b' is not in the local cache and HF_HUB_OFFLINE is set", "nobody/nothing-7b")


def test_folders_that_lack_something(copy, saved, tmp_path):
    refused("does not exist", tmp_path / "nowhere")
    refused("is a file", saved / "config.json")
    (tmp_path / "empty").mkdir()
    refused("no config.json", tmp_path / "empty")
    (copy / "tokenizer.json").rename(copy / "t")
    (copy / "tokenizer_config.json").unlink()
    refused("no tokenizer", copy)
    (copy / "model.safetensors").unlink()
    refused("no weights", copy)


def test_checkpoints_that_are_not_whole(copy):
    from safetensors.torch import load_file, save_file

    weights = load_file(copy / "model.safetensors")
    del weights["model.layers.1.mlp.up_proj.weight"]
    save_file(weights, copy / "model.safetensors", metadata={"format": "pt"})
    refused("lacks 1 of the model's weights .*up_proj", copy)
    (copy / "model.safetensors").write_bytes(b"not a checkpoint")
    refused("cannot be loaded", copy)
    (copy / "config.json").write_text("{")
    refused("cannot be loaded", copy)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"model_type": "t5"}, "not a causal language model"),
        ({"model_type": "nobody_knows"}, "cannot be loaded"),
        ({"model_type": "x", "auto_map": {"AutoConfig": "evil.Config"}}, "never runs such code"),
    ],
)
def test_configurations_that_are_no_language_model(change, said, copy):
    (copy / "evil.py").write_text(f"open({str(copy / 'ran')!r}, 'w')")
    config = json.loads((copy / "config.json").read_text())
    (copy / "config.json").write_text(json.dumps({**config, **change}))
    refused(said, copy)
    assert not (copy / "ran").exists()


def test_options_that_make_no_sense(saved, word_level):
    refused("Unknown dtype 'int3'", saved, dtype="int3")
    refused("Unknown backend", saved, backend="jax")
    refused("cannot be used on this machine", saved, device="cuda:77")
    with pytest.raises(InputError, match="pass tokenizer"):
        load_model(tiny("llama"))
    with pytest.raises(InputError, match="dtype is for loading"):
        load_model(tiny("llama"), tokenizer=word_level, dtype="bf16")
    with pytest.raises(InputError, match="expected a Hugging Face causal language model"):
        load_model(torch.nn.Linear(2, 2), tokenizer=word_level)
    with pytest.raises(InputError, match="pass an AutoModelForCausalLM"):
        load_model(tiny("llama").model, tokenizer=word_level)


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (type("GatedRepoError", (OSError,), {})("403"), "is gated"),
        (type("RepositoryNotFoundError", (OSError,), {})("404"), "not found at the hub"),
        (OSError("We couldn't connect to the hub"), "hub cannot be reached"),
        (ValueError("something else\nmore"), "ValueError: something else"),
    ],
)
def test_what_the_hub_may_answer(error, said, monkeypatch):
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    assert said in str(_refusal("some/model", None, error))


def test_loading_is_quiet(saved, capfd):
    load_model(saved, device="cpu")
    assert capfd.readouterr() == ("", "")
