"""Folders both ways with sae-lens, and folders that are none."""

import json
import shutil

import pytest
import torch
from tests.saes.makers import SITE, D, planted, trained

from sonde.base.errors import InputError
from sonde.saes import ARCHITECTURES, LensSAE, load_pretrained, load_sae, to_lens


@pytest.fixture
def folder(tmp_path):
    return trained("jumprelu").save(tmp_path / "sae")


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_sae_lens_opens_ours_and_encodes_the_same(architecture, tmp_path):
    import sae_lens

    sae, X = trained(architecture), planted()[1][:64]
    theirs = sae_lens.SAE.load_from_disk(sae.save(tmp_path / "sae"))
    torch.testing.assert_close(theirs.encode(X), sae.encode(X), rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(theirs(X), sae.reconstruct(X), rtol=1e-5, atol=1e-5)
    assert theirs.cfg.metadata.hook_name == SITE
    assert theirs.cfg.metadata.sonde["l0"] == sae.training["l0"]
    torch.testing.assert_close(to_lens(sae).encode(X), sae.encode(X), rtol=1e-5, atol=1e-5)


def made_by_lens(architecture, folder):
    """A random SAE of sae-lens' own class, saved by it."""
    from sae_lens.registry import get_sae_class, get_sae_training_class

    torch.manual_seed(0)
    training = {"batchtopk", "matryoshka_batchtopk"}
    kind, cfg = (get_sae_training_class if architecture in training else get_sae_class)(architecture)
    extra = {"topk": {"k": 3}, "batchtopk": {"k": 3}, "abstopk": {"k": 3}, "matching_pursuit": {"max_iterations": 3}}
    given = {"matryoshka_batchtopk": {"k": 3, "matryoshka_widths": [8, 64]}, **extra}.get(architecture, {})
    if "transcoder" in architecture:
        given = {"d_out": D, "apply_b_dec_to_input": False}
    if architecture == "temporal":
        given = {"n_heads": 1, "n_attn_layers": 1}
    sae = kind(cfg(d_in=D, d_sae=64, **given))
    for tensor in sae.parameters():
        tensor.data = torch.randn_like(tensor) * 0.3 + (0.2 if tensor.ndim == 1 else 0)
    sae.cfg.metadata.hook_name = SITE
    (sae.save_inference_model if architecture in training else sae.save_model)(folder)
    return folder


SINGLE_ROW = ["standard", "topk", "jumprelu", "gated", "batchtopk", "matryoshka_batchtopk", "abstopk",
              "matching_pursuit", "transcoder", "skip_transcoder", "jumprelu_transcoder"]  # fmt: skip


@pytest.mark.parametrize("architecture", SINGLE_ROW)
def test_we_open_theirs_and_encode_the_same(architecture, tmp_path):
    import sae_lens
    from sae_lens.registry import get_sae_class

    folder, X = made_by_lens(architecture, tmp_path / "theirs"), planted()[1][:40]
    name = json.loads((folder / "cfg.json").read_text())["architecture"]
    theirs = get_sae_class(name)[0].load_from_disk(folder)
    expected = theirs.encode(X)
    sae = load_sae(folder)
    torch.testing.assert_close(sae.encode(X), expected.to_dense() if expected.is_sparse else expected)
    torch.testing.assert_close(sae.decode(sae.encode(X)), theirs.decode(theirs.encode(X)), rtol=1e-4, atol=1e-5)
    assert (sae.site, sae.d_sae) == (SITE, 64)
    assert isinstance(sae, LensSAE) == (
        architecture not in ("standard", "topk", "jumprelu", "batchtopk", "matryoshka_batchtopk")
    )
    del sae_lens


def test_a_transcoder_is_ranked_and_not_taken_for_a_reconstruction(tmp_path):
    from sonde.run.sae_score import score_sae
    from sonde.saes import quality, rank_latents

    sae, X = load_sae(made_by_lens("transcoder", tmp_path / "theirs")), planted()[1][:300]
    figures = quality(sae, X.split(100))
    assert figures["l0"] == pytest.approx(float((sae.encode(X) != 0).sum(1).float().mean()))
    assert (figures["explained_variance"], figures["cosine"]) == (None, None)
    content = rank_latents(sae, (X, X[:, 0] > X[:, 0].median()), resamples=100).content
    assert (content["reconstruction"], content["absorption"]) == (None, None)
    with pytest.raises(InputError, match=f"A transcoder of sae-lens reads {SITE} and writes another"):
        score_sae(sae, "a text")


def test_inputs_that_sae_lens_must_normalise_go_through_it(tmp_path):
    from sae_lens.registry import get_sae_class

    kind, cfg = get_sae_class("standard")
    made = kind(cfg(d_in=D, d_sae=64, normalize_activations="layer_norm"))
    made.save_model(tmp_path)
    sae, X = load_sae(tmp_path), planted()[1][:10]
    assert isinstance(sae, LensSAE)
    torch.testing.assert_close(sae.reconstruct(X), made(X))


def test_a_training_checkpoint_is_named(tmp_path):
    from sae_lens.registry import get_sae_training_class

    kind, cfg = get_sae_training_class("batchtopk")
    kind(cfg(d_in=D, d_sae=64, k=3)).save_model(tmp_path)
    with pytest.raises(InputError, match=r"training checkpoint of SAELens .*save_inference_model"):
        load_sae(tmp_path)


def edit(folder, **changes):
    config = json.loads((folder / "cfg.json").read_text())
    (folder / "cfg.json").write_text(json.dumps({**config, **changes}))


def test_a_truncated_file(folder):
    data = (folder / "sae_weights.safetensors").read_bytes()
    (folder / "sae_weights.safetensors").write_bytes(data[:-100])
    with pytest.raises(InputError, match=r"sae_weights.safetensors cannot be read .*truncated"):
        load_sae(folder)


def test_a_missing_or_foreign_file(folder, tmp_path):
    with pytest.raises(InputError, match=r"does not exist, expected a folder with cfg\.json"):
        load_sae(tmp_path / "nothing")
    (tmp_path / "foreign").mkdir()
    (tmp_path / "foreign" / "model.bin").write_text("x")
    with pytest.raises(InputError, match=r"it lacks cfg.json \(it holds model.bin\)"):
        load_sae(tmp_path / "foreign")
    shutil.copy(folder / "cfg.json", tmp_path / "foreign")
    with pytest.raises(InputError, match=r"it lacks sae_weights\.safetensors"):
        load_sae(tmp_path / "foreign")
    (folder / "cfg.json").write_text("{")
    with pytest.raises(InputError, match=r"cfg\.json is not JSON"):
        load_sae(folder)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"architecture": "standard"}, r"says 'standard', but sae_weights.safetensors has the thresholds"),
        ({"architecture": "topk", "k": 3}, r"says 'topk', but sae_weights.safetensors has the thresholds"),
        ({"architecture": "jumpreluu"}, "did you mean 'jumprelu'"),
        ({"d_sae": 65}, r"tensor 'W_enc' has shape \[16, 64\], expected \[16, 65\]"),
        ({"d_in": "16"}, "d_in = '16', expected a positive whole number"),
    ],
)
def test_a_mislabelled_folder(folder, changes, sentence):
    edit(folder, **changes)
    with pytest.raises(InputError, match=sentence):
        load_sae(folder)


def test_tensors_that_are_not_finite(folder):
    from safetensors.torch import load_file, save_file

    tensors = load_file(folder / "sae_weights.safetensors")
    tensors["b_enc"][3] = torch.nan
    save_file(tensors, folder / "sae_weights.safetensors")
    with pytest.raises(InputError, match="tensor 'b_enc' holds NaN"):
        load_sae(folder)


def test_a_folder_with_other_things_is_left_alone(tmp_path):
    (tmp_path / "mine.txt").write_text("x")
    with pytest.raises(InputError, match=r"holds other things \(mine.txt\)"):
        trained("topk").save(tmp_path, force=True)


def test_an_unknown_release_names_the_nearest():
    with pytest.raises(InputError, match=r"no SAE release 'gemma-scope-2b-pt-rez' .*gemma-scope-2b-pt-res"):
        load_pretrained("gemma-scope-2b-pt-rez", "layer_0/width_16k")
    with pytest.raises(InputError, match="has no SAE 'layer_99' among its"):
        load_pretrained("gpt2-small-res-jb", "layer_99")


@pytest.mark.slow
def test_ours_attaches_to_a_bridged_model(tmp_path):
    """What sae-lens' bridge puts in place of the site is what we reconstruct from the captured rows."""
    import sae_lens
    from sae_lens.analysis.sae_transformer_bridge import SAETransformerBridge

    import sonde
    from sonde.saes import random_sae

    model, site = sonde.load_model("cretan", device="cpu", backend="bridge"), "blocks.1.hook_resid_post"
    acts = sonde.capture(model, ["the name of the town is old ."], sites=site)
    named = {"hook_name": site, "sae_lens_version": "6.54.12"}
    folder = random_sae(acts[site], 64, 4, seed=0).with_metadata(named).save(tmp_path / "sae")
    bridge = model.bridge
    bridge.__class__ = SAETransformerBridge  # as SAETransformerBridge.boot_transformers does
    bridge.__dict__.update(_acts_to_saes={}, _transcoder_output_hooks={})
    ids = torch.tensor(model.tokenize(["the name of the town is old ."]).ids(0))[None]
    _, cache = bridge.run_with_cache_with_saes(ids, saes=[sae_lens.SAE.load_from_disk(folder)])
    ours = load_sae(folder)
    rows = {"acts_post": ours.encode(acts[site]), "output": ours.reconstruct(acts[site])}
    for what, expected in rows.items():
        (name,) = (key for key in cache if key.endswith(f".hook_sae_{what}"))  # sae-lens resolves the site's alias
        torch.testing.assert_close(cache[name][0], expected, rtol=1e-3, atol=1e-3)
