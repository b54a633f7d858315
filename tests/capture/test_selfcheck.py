"""The self-check refuses models whose batches, masks or sums are wrong, and says by how much."""

import numpy as np
import pytest
import torch
from torch import nn
from zoo import tiny

from sonde.base.errors import SondeError
from sonde.capture import capture, load_model
from sonde.capture.selfcheck import change_later, choose_sequences, worst_row

SITE = "blocks.1.hook_resid_post"


def broken(word_level, wrap):
    """Return a model whose decoder runs `wrap(inputs)` instead of what it was given."""
    module = tiny("llama")
    model = load_model(module, tokenizer=word_level, name="broken")
    forward = module.model.forward
    module.model.forward = lambda **inputs: forward(**wrap(inputs))
    return model


def test_a_model_without_causal_mask_is_refused(word_level, texts):
    def see_everything(inputs):
        real = inputs["attention_mask"].bool()
        return {**inputs, "attention_mask": real[:, None, None, :].expand(-1, 1, real.shape[1], -1)}

    with pytest.raises(
        SondeError, match=r"changing later tokens changes earlier .* by [\d.]+e[+-]\d+ .*tolerance 1e-05"
    ):
        capture(broken(word_level, see_everything), texts, sites=SITE)


def test_a_batch_that_is_padded_on_the_left_is_refused(word_level, texts):
    def shift(inputs):
        late = inputs["attention_mask"].flip(1)
        return {**inputs, "attention_mask": late}

    with pytest.raises(SondeError, match="batched activations differ from unbatched ones"):
        capture(broken(word_level, shift), texts, sites=SITE)


def test_a_model_that_averages_over_the_batch_is_refused(word_level, texts):
    class OverBatch(nn.Module):
        def forward(self, x):
            return x - 0.1 * x.mean(dim=(0, 1), keepdim=True)

    module = tiny("llama")
    module.model.layers[0].input_layernorm = nn.Sequential(module.model.layers[0].input_layernorm, OverBatch())
    with pytest.raises(SondeError, match="changing later tokens changes earlier"):
        capture(load_model(module, tokenizer=word_level, name="broken"), texts, sites=SITE)


def test_its_figures_are_on_record_and_it_runs_once(make_model, texts, monkeypatch):
    import json

    model = make_model("llama")
    figures = json.loads(capture(model, texts, sites=SITE).fingerprint["self_check"])
    assert figures["batched_vs_unbatched"] <= figures["tolerance"] == 1e-5
    assert figures["later_tokens_vs_earlier"] == 0
    assert figures["site_identity"] == 0
    assert 2 <= figures["sequences"] <= 4
    monkeypatch.setattr("sonde.capture.model.self_check", lambda *_, **__: pytest.fail("it ran again"))
    capture(model, texts, sites=SITE)
    with torch.no_grad():
        model.module.model.norm.weight.mul_(2)
    with pytest.raises(pytest.fail.Exception):
        capture(model, texts, sites=SITE)


def test_check_false_is_on_record(llama, texts):
    assert "skipped" in capture(llama, texts, sites=SITE, check=False).fingerprint["self_check"]


@pytest.mark.parametrize("lengths", [(1,), (2, 2), (9, 9, 9, 9), (3, 80, 5, 60, 2, 1, 44)])
def test_sequences_are_short_ragged_and_real(lengths):
    ids = [np.arange(n) + 3 for n in lengths]
    chosen = choose_sequences(ids)
    assert 3 <= len(chosen) <= 4
    assert max(map(len, chosen)) == min(32, max(lengths))
    assert len({len(s) for s in chosen}) > 1 or max(lengths) < 2
    assert all(len(s) for s in chosen)


def test_the_later_half_changes_everywhere_and_the_earlier_half_nowhere():
    sequence = np.array([3, 3, 3, 3, 3])
    changed = change_later(sequence, vocabulary=8)
    assert (changed[:3] == 3).all()
    assert (changed[3:] != 3).all()


def test_the_worst_row_is_relative_to_its_norm():
    a = {"s": torch.tensor([[3.0, 4.0], [30.0, 40.5]])}
    b = {"s": torch.tensor([[3.0, 4.0], [30.0, 40.0]])}
    assert worst_row(a, b) == (pytest.approx(0.01), "s")
    assert np.isnan(worst_row({"s": torch.tensor([[torch.nan]])}, {"s": torch.ones(1, 1)})[0])


def test_a_model_that_rounds_activations_has_a_wider_tolerance_and_still_no_leak(ternary_folder):
    class BitLinear(nn.Linear):
        """What BitNet's online quantisation does to activations: 8 bits, scaled by each token's largest value."""

        def forward(self, x):
            scale = 127 / x.abs().amax(dim=-1, keepdim=True).clamp_min(1e-5)
            return super().forward((x * scale).round().clamp(-128, 127) / scale)

    model = load_model(ternary_folder, device="cpu")
    for module in [m for m in model.module.model.modules() if any(isinstance(c, nn.Linear) for c in m.children())]:
        for name, child in list(module.named_children()):
            if isinstance(child, nn.Linear):
                rounding = BitLinear(child.in_features, child.out_features, bias=False)
                rounding.weight = child.weight
                setattr(module, name, rounding)
    model = load_model(model.module, tokenizer=model.tokenizer, name="rounding")
    tokens = model.tokenize(["Once upon a time, there was a little girl named Lily. She liked to play.", "A cat ran."])
    figures = model.self_check(model.sites, [tokens.ids(i) for i in range(2)])
    assert figures["worst_row"] < 0.1
    assert (figures["tolerance"], figures["leak_tolerance"]) == (0.05, 1e-5)
    assert figures["later_tokens_vs_earlier"] == 0


def test_a_share_of_rows_forgives_single_rows_only():
    b = {"s": torch.ones(8, 2)}
    a = {"s": b["s"].clone()}
    a["s"][0] = 5
    assert worst_row(a, b, 0.75)[0] == 0 < worst_row(a, b)[0]
    a["s"][:3] = 5
    assert worst_row(a, b, 0.75)[0] > 1
