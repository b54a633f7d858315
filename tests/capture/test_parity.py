"""Batched capture equals an unbatched plain forward pass, on every architecture, at every site."""

import numpy as np
import pytest
import torch
from zoo import CONFIGS, MOE, PARALLEL, expected_sites, ragged_ids, reference

from sonde.capture import capture
from sonde.capture.selfcheck import worst_row

TOLERANCE = 1e-5


def compare(model, architecture, texts, ids, budget=40):
    """Capture everything in batches and compare with each sequence run alone."""
    acts = capture(model, texts, sites=model.sites, token_budget=budget)
    offsets = acts.offsets
    worst = {}
    for i, sequence in enumerate(ids):
        expected = expected_sites(architecture, reference(model.module, sequence), model.n_layers)
        mine = {s: acts[s][offsets[i] : offsets[i + 1]] for s in model.sites if s != "hook_embed"}
        assert mine.keys() == expected.keys()
        for site, value in expected.items():
            error, _ = worst_row({site: mine[site]}, {site: value})
            worst[site] = max(worst.get(site, 0.0), error)
    return worst


@pytest.mark.parametrize("architecture", list(CONFIGS))
def test_every_site_equals_an_unbatched_forward(architecture, make_model, texts):
    model = make_model(architecture)
    worst = compare(model, architecture, texts, ragged_ids())
    assert max(worst.values()) <= TOLERANCE, worst


@pytest.mark.parametrize("architecture", list(CONFIGS))
def test_a_later_token_changes_nothing_earlier(architecture, make_model):
    model = make_model(architecture)
    before = [5, 9, 13, 21, 34, 55, 3, 8]
    long = [7] * 20  # so that the changed sequence is padded
    a = capture(model, [_text(before), _text(long)], sites=model.sites)
    for start in (1, 4, 7):
        after = before[:start] + [(t + 17) % 60 + 3 for t in before[start:]]
        b = capture(model, [_text(after), _text(long)], sites=model.sites)
        for site in model.sites:
            error, _ = worst_row({site: b[site][:start]}, {site: a[site][:start]})
            assert error <= TOLERANCE, (site, start, error)
            assert worst_row({site: b[site][start:8]}, {site: a[site][start:8]})[0] > 1e-3, "the change should show"


def _text(ids):
    return " ".join(f"w{i}" for i in ids)


@pytest.mark.parametrize("architecture", list(CONFIGS))
def test_which_sites_are_offered(architecture, make_model):
    model = make_model(architecture)
    kinds = {s.split(".", 2)[2] for s in model.sites if s.startswith("blocks.")}
    expected = {"hook_resid_pre", "hook_resid_post"}
    if architecture != "mamba":
        expected |= {"hook_attn_out", "hook_mlp_out", "attn.hook_z"}
        if architecture not in PARALLEL:
            expected.add("hook_resid_mid")
    if architecture in MOE:
        expected.add("mlp.gate.hook_out")
    assert kinds == expected


def test_the_embedding_site_is_the_embedding(make_model, texts):
    model = make_model("gpt2")
    acts = capture(model, texts, sites="embed")
    assert torch.equal(acts["hook_embed"], model.module.transformer.wte.weight[torch.from_numpy(acts.tokens.token_id)])


def test_the_last_residual_is_before_the_final_norm(llama, texts):
    acts = capture(llama, texts, sites=["blocks.2.hook_resid_post"])
    normed = llama.module.model.norm(acts["blocks.2.hook_resid_post"])
    last = reference(llama.module, ragged_ids()[0])["hidden:3"]
    assert torch.allclose(normed[: acts.offsets[1]], last, rtol=1e-4, atol=1e-5)
    assert not torch.allclose(acts["blocks.2.hook_resid_post"][: acts.offsets[1]], last, rtol=1e-2)


@pytest.mark.parametrize("folder", ["ternary_folder", "llama_folder"])
def test_real_models(folder, request):
    from sonde.capture import load_model

    model = load_model(request.getfixturevalue(folder), device="cpu")
    texts = ["Once upon a time, there was a little girl.", "The dog", "One day, Tom and Lily went to the big park."]
    tokens = model.tokenize(texts)
    ids = [tokens.ids(i).tolist() for i in range(3)]
    worst = compare(model, "llama", texts, ids)
    assert max(worst.values()) <= TOLERANCE, worst
    assert model.adapter.identity_error == 0


def test_one_head_is_its_columns(llama, texts):
    acts = capture(llama, texts, sites=["blocks.1.attn.hook_z", "blocks.1.attn.hook_z.2"])
    assert acts["blocks.1.attn.hook_z.2"].shape[1] == llama.d_model // llama.n_heads
    assert torch.equal(acts["blocks.1.attn.hook_z.2"], acts["blocks.1.attn.hook_z"][:, 16:24])


def test_results_do_not_depend_on_the_budget(llama, texts):
    a, b = (capture(llama, texts, sites="resid_post", token_budget=n) for n in (1, 1000))
    for site in a.sites:
        assert worst_row({site: a[site]}, {site: b[site]})[0] <= TOLERANCE
    assert np.array_equal(a.tokens.token_id, b.tokens.token_id)
