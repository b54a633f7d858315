"""TransformerBridge gives the same activations under the same names, or is refused."""

import pytest
import torch
from test_parity import TOLERANCE
from zoo import CONFIGS, ragged_ids, reference, tiny

from sonde.base.errors import InputError, SondeError
from sonde.capture import capture, load_model
from sonde.capture.selfcheck import worst_row

#: Every architecture but these two, which TransformerLens 3.9 runs without a causal mask when loaded with sdpa.
MASKLESS = ("deepseek_v2", "deepseek_v3")
SUPPORTED = [name for name in CONFIGS if name not in MASKLESS]
FAST = ("llama",)


def marked(names):
    return [pytest.param(n, marks=[] if n in FAST else pytest.mark.slow) for n in names]


@pytest.mark.parametrize("architecture", marked(SUPPORTED))
def test_every_site_of_the_bridge_equals_plain_hooks_unbatched(architecture, make_model, texts):
    plain, bridged = make_model(architecture), make_model(architecture, backend="bridge")
    missing = set(plain.sites) - set(bridged.sites)
    # GPT-OSS' router is no module of its own in the bridge.
    assert {s.split(".", 2)[2] for s in missing} <= ({"mlp.gate.hook_out"} if architecture == "gpt_oss" else set())
    a, b = (capture(m, texts, sites=bridged.sites, token_budget=40) for m in (plain, bridged))
    error, site = worst_row({s: b[s] for s in b.sites}, {s: a[s] for s in b.sites})
    assert error <= TOLERANCE, (site, error)
    assert bridged.fingerprint == plain.fingerprint


@pytest.mark.parametrize("architecture", marked(MASKLESS))
def test_deepseek_under_sdpa_loses_its_causal_mask_and_is_refused(architecture, make_model, word_level):
    with pytest.raises(SondeError, match=r"refuses the TransformerBridge of 'tiny-deepseek.*attention 'sdpa'"):
        make_model(architecture, backend="bridge")
    module = tiny(architecture)
    module.set_attn_implementation("eager")
    model = load_model(module, tokenizer=word_level, backend="bridge", name="eager")
    assert model.notes["backend_check"]["bridge_vs_hooks"] <= TOLERANCE


@pytest.mark.parametrize("architecture", marked(MASKLESS))
def test_a_bridge_made_elsewhere_is_refused_when_it_captures(architecture, word_level, texts):
    model = load_model(hand_made(architecture), tokenizer=word_level)
    with pytest.raises(SondeError, match="changing later tokens changes earlier activations"):
        capture(model, texts, sites="resid_post")


def test_a_bridge_that_a_user_holds(word_level, texts):
    model = load_model(hand_made("llama"), tokenizer=word_level)
    assert model.backend == "bridge"
    expected = reference(tiny("llama"), ragged_ids()[1])["hidden:2"]
    acts = capture(model, texts, sites="blocks.1.hook_resid_post")
    mine = acts["blocks.1.hook_resid_post"][acts.offsets[1] : acts.offsets[2]]
    assert worst_row({"s": mine}, {"s": expected})[0] <= TOLERANCE


@pytest.mark.slow
@pytest.mark.parametrize("folder", ["ternary_folder", "llama_folder"])
def test_the_real_models_through_the_bridge(folder, request):
    model = load_model(request.getfixturevalue(folder), device="cpu", backend="bridge")
    texts = ["Once upon a time, there was a little girl.", "The dog"]
    plain = load_model(request.getfixturevalue(folder), device="cpu")
    a, b = (capture(m, texts, sites=model.sites) for m in (plain, model))
    assert set(model.sites) == set(plain.sites)
    assert worst_row({s: b[s] for s in b.sites}, {s: a[s] for s in b.sites})[0] <= TOLERANCE


def test_an_architecture_the_bridge_does_not_know(word_level, monkeypatch):
    module = tiny("llama")
    type(module).__name__, name = "UnheardOfForCausalLM", type(module).__name__
    try:
        with pytest.raises(InputError, match=r"cannot be put around 'm' .*backend='hf'"):
            load_model(module, tokenizer=word_level, backend="bridge", name="m")
    finally:
        type(module).__name__ = name


def test_a_hooked_transformer_is_refused(word_level):
    class HookedTransformer(torch.nn.Module):
        pass

    with pytest.raises(InputError, match="which TransformerLens 4 drops"):
        load_model(HookedTransformer(), tokenizer=word_level)


def hand_made(architecture):
    from transformer_lens.model_bridge.sources import build_bridge_from_module

    module = tiny(architecture)
    return build_bridge_from_module(module, type(module).__name__, hf_config=module.config)
