"""On a CUDA device: the same activations as on the CPU, in float32 and in half types, alone and in batches."""

import pytest
import torch
from zoo import tiny

from sonde.capture import capture, generate, load_model
from sonde.capture.selfcheck import worst_row

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device"),
]
ARCHITECTURES = ("gpt2", "llama", "gemma2", "olmo2", "gptj", "mixtral", "deepseek_v3", "gpt_oss", "mamba")


def on(device, architecture, word_level, dtype=torch.float32):
    module = tiny(architecture).to(device=device, dtype=dtype)
    return load_model(module, tokenizer=word_level, name=architecture)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_cuda_equals_cpu_in_float32(architecture, word_level, texts):
    here, there = (on(d, architecture, word_level) for d in ("cpu", "cuda"))
    assert here.sites == there.sites
    a, b = (capture(m, texts, sites=m.sites, token_budget=40) for m in (here, there))
    error, site = worst_row({s: b[s] for s in b.sites}, {s: a[s] for s in a.sites})
    assert error <= 1e-5, (site, error)
    assert b[here.sites[0]].device.type == "cpu"


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
@pytest.mark.parametrize("architecture", ["gpt2", "llama", "gemma2", "olmo2", "gptj"])
def test_half_types_pass_the_self_check_and_keep_their_sites(architecture, dtype, word_level, texts):
    model = on("cuda", architecture, word_level, dtype)
    assert model.sites == on("cpu", architecture, word_level).sites
    acts = capture(model, texts, sites=model.sites)
    assert acts["blocks.1.hook_resid_post"].dtype == dtype


def test_pooling_predictions_and_generation(word_level, texts):
    here, there = (on(d, "llama", word_level) for d in ("cpu", "cuda"))
    options = {"sites": "resid_post", "predictions": True, "token_budget": 30}
    a, b = (capture(m, texts, **options) for m in (here, there))
    for key in a.predictions:
        assert torch.allclose(a.predictions[key], b.predictions[key], atol=1e-4)
    a, b = (capture(m, texts, sites="resid_post", pool="mean", token_budget=30) for m in (here, there))
    assert worst_row({s: b[s] for s in b.sites}, {s: a[s] for s in a.sites})[0] <= 1e-5
    assert generate(here, texts, max_new_tokens=4, temperature=0) == generate(
        there, texts, max_new_tokens=4, temperature=0
    )


def test_a_store_is_the_same_as_memory(word_level, texts, tmp_path):
    model = on("cuda", "llama", word_level)
    acts = capture(model, texts, sites="resid_post", token_budget=30)
    store = capture(model, texts, sites="resid_post", token_budget=30, store=tmp_path / "s").activations()
    order = [acts.examples.ids.index(name) for name in store.examples.ids]
    for site in acts.sites:
        assert torch.equal(acts.take_examples(order)[site], store[site])
