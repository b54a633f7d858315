"""Site names: shorthands, globs, lists, and what is said about a site that is not there."""

import pytest

from sonde.base.errors import InputError
from sonde.capture.sites import layer_of, resolve_sites, split_head

AVAILABLE = ["hook_embed"] + [
    f"blocks.{i}.{k}" for i in range(8) for k in ("hook_resid_pre", "attn.hook_z", "hook_attn_out", "hook_resid_post")
]


def resolve(spec, **changes):
    return resolve_sites(spec, AVAILABLE, **{"model": "m", "n_layers": 8, "n_heads": 2, **changes})


def test_a_shorthand_is_that_site_in_every_layer():
    assert resolve("resid_post") == tuple(f"blocks.{i}.hook_resid_post" for i in range(8))
    assert resolve("embed") == ("hook_embed",)


def test_lists_commas_and_globs_come_in_the_models_order_once_each():
    expected = ("hook_embed", "blocks.1.hook_resid_pre", "blocks.1.hook_resid_post")
    assert resolve(["blocks.1.hook_resid_*", "hook_embed", "blocks.1.hook_resid_post"]) == expected
    assert resolve("blocks.1.hook_resid_post, embed,blocks.1.hook_resid_pre") == expected
    assert len(resolve("*")) == len(AVAILABLE)


def test_heads():
    assert resolve("blocks.3.attn.hook_z.1") == ("blocks.3.attn.hook_z.1",)
    assert resolve("blocks.3.attn.hook_z.*") == ("blocks.3.attn.hook_z.0", "blocks.3.attn.hook_z.1")
    assert split_head("blocks.3.attn.hook_z.1") == ("blocks.3.attn.hook_z", 1)
    assert split_head("hook_embed") == ("hook_embed", None)
    assert layer_of("blocks.3.attn.hook_z.1") == 3
    assert layer_of("hook_embed") is None


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ("blocks.12.hook_resid_post", "layers 0–7"),
        ("blocks.1.attn.hook_z.5", "heads 0–1"),
        ("resid_pots", "did you mean 'resid_post'"),
        ("blocks.1.hook_resid_pots", "did you mean 'blocks.1.hook_resid_post'"),
        ("", "name at least one"),
        ([], "name at least one"),
        ("resid_mid", "attention and MLP run side by side"),
        ("blocks.2.hook_resid_mid", "attention and MLP run side by side"),
    ],
)
def test_wrong_names_say_what_there_is(spec, said):
    with pytest.raises(InputError, match=said) as caught:
        resolve(spec, absent={"resid_mid": "attention and MLP run side by side"})
    assert str(caught.value).count("\n") == 0


def test_a_parallel_model_says_why_it_has_no_middle(make_model):
    with pytest.raises(InputError, match=r"not offered for 'tiny-gptj'.*GPTJBlock.*embed, resid_pre"):
        make_model("gptj").resolve_sites("resid_mid")


def test_a_state_space_model_offers_the_residual_stream_only(make_model):
    mamba = make_model("mamba")
    assert mamba.resolve_sites("resid_post")
    with pytest.raises(InputError, match="no attention output projection"):
        mamba.resolve_sites("z")


def test_a_multiplier_on_what_is_added_takes_those_sites_away(word_level):
    """Granite multiplies what it adds: the modules' outputs are not what enters the stream, and are not offered."""
    from transformers import GraniteConfig, GraniteForCausalLM
    from zoo import CONFIGS

    from sonde.capture import load_model

    module = GraniteForCausalLM(GraniteConfig(**CONFIGS["llama"], residual_multiplier=0.5)).eval()
    model = load_model(module, tokenizer=word_level, name="granite")
    assert {s.split(".")[-1] for s in model.sites if "blocks" in s} == {"hook_resid_pre", "hook_z", "hook_resid_post"}
    with pytest.raises(InputError, match="added to the residual stream"):
        model.resolve_sites("attn_out")
