"""Tiny random models of many architectures, each built from its own config (2-3 layers, width 32)."""

from __future__ import annotations

import torch

VOCABULARY = 64
#: What most configs share under the modern names.
_MODERN = {
    "vocab_size": VOCABULARY,
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 128,
    "pad_token_id": 0,
    "bos_token_id": 1,
    "eos_token_id": 2,
}
_HEADS = {"head_dim": 8}
_DEEPSEEK = {
    "num_key_value_heads": 4,
    "n_group": 1,
    "topk_group": 1,
    "q_lora_rank": 16,
    "kv_lora_rank": 16,
    "qk_rope_head_dim": 8,
    "qk_nope_head_dim": 8,
    "v_head_dim": 8,
    "first_k_dense_replace": 1,
    "moe_intermediate_size": 16,
    "n_routed_experts": 4,
    "num_experts_per_tok": 2,
    "n_shared_experts": 1,
}
_OLD = {
    "vocab_size": VOCABULARY,
    "n_embd": 32,
    "n_layer": 3,
    "n_head": 4,
    "n_positions": 128,
    "pad_token_id": 0,
    "bos_token_id": 1,
    "eos_token_id": 2,
}

CONFIGS: dict[str, dict] = {
    "gpt2": _OLD,
    "gpt_neox": {**{k: v for k, v in _MODERN.items() if k != "num_key_value_heads"}, "rotary_pct": 0.5},
    "gptj": {**_OLD, "rotary_dim": 4},
    "opt": {**_MODERN, "ffn_dim": 48, "word_embed_proj_dim": 32},
    "llama": _MODERN,
    "mistral": {**_MODERN, "sliding_window": 6},
    "qwen2": _MODERN,
    "qwen3": {**_MODERN, **_HEADS},
    "gemma2": {**_MODERN, **_HEADS, "sliding_window": 6, "query_pre_attn_scalar": 8},
    "gemma3_text": {**_MODERN, **_HEADS, "sliding_window": 6, "query_pre_attn_scalar": 8},
    "olmo2": _MODERN,
    "phi3": _MODERN,
    "mixtral": {**_MODERN, "num_local_experts": 4, "num_experts_per_tok": 2},
    "qwen3_moe": {
        **_MODERN,
        **_HEADS,
        "num_experts": 4,
        "num_experts_per_tok": 2,
        "moe_intermediate_size": 16,
        "mlp_only_layers": [0],
    },
    "deepseek_v2": {**_MODERN, **_DEEPSEEK, "topk_method": "greedy"},
    "deepseek_v3": {**_MODERN, **_DEEPSEEK},
    "gpt_oss": {**_MODERN, **_HEADS, "num_local_experts": 4, "num_experts_per_tok": 2, "sliding_window": 6},
    "bitnet": _MODERN,
    "mamba": {
        "vocab_size": VOCABULARY,
        "hidden_size": 32,
        "num_hidden_layers": 3,
        "state_size": 8,
        "time_step_rank": 4,
        "pad_token_id": 0,
        "bos_token_id": 1,
        "eos_token_id": 2,
    },
}

PARALLEL = ("gpt_neox", "gptj")
MOE = ("mixtral", "qwen3_moe", "deepseek_v2", "deepseek_v3", "gpt_oss")


def tiny(name: str, *, seed: int = 0, scale: float = 6.0, **changes: object) -> torch.nn.Module:
    """Return a random model of the architecture `name`, its weight matrices `scale` times the usual size.

    Weights at the usual 0.02 make attention nearly uniform and every block a small change; larger ones let a wrong
    mask or a wrong position show.
    """
    from transformers import AutoConfig, AutoModelForCausalLM

    config = AutoConfig.for_model(name, **{**CONFIGS[name], **changes})
    state = torch.random.get_rng_state()
    torch.manual_seed(seed)
    model = AutoModelForCausalLM.from_config(config).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            if name == "mamba":
                continue
            if parameter.ndim >= 2:
                parameter.mul_(scale)
            elif parameter.abs().max() == 0:
                parameter.normal_(0, 0.02)
    torch.random.set_rng_state(state)
    return model


def ragged_ids(lengths: tuple[int, ...] = (5, 17, 2, 11, 1, 23), seed: int = 0) -> list[list[int]]:
    """Return random token ids of these lengths, special ids left out."""
    generator = torch.Generator().manual_seed(seed)
    return [torch.randint(3, VOCABULARY, (n,), generator=generator).tolist() for n in lengths]


def word_tokenizer() -> object:
    """Return a tokenizer of the words w3 … w63, one token each, without BOS; `</s>` is id 2."""
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    words = {"<pad>": 0, "<s>": 1, "</s>": 2, **{f"w{i}": i for i in range(3, VOCABULARY)}}
    tokenizer = Tokenizer(models.WordLevel(words, unk_token="<pad>"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, pad_token="<pad>", bos_token="<s>", eos_token="</s>")


def words(ids: list[int]) -> str:
    """Return the text that `word_tokenizer` turns into `ids`."""
    return " ".join(f"w{i}" for i in ids)


def reference(model: torch.nn.Module, ids: list[int]) -> dict[str, torch.Tensor]:
    """Return activations of one sequence, unbatched and unpadded, by transformers' own means and hooks made here.

    The residual stream comes from `output_hidden_states` (whose last entry is after the final norm, so the last block's
    output is hooked); sublayers are hooked by the names their authors gave them.
    """
    kept: dict[str, torch.Tensor] = {}
    handles = []
    for name, module in model.named_modules():
        handles.append(module.register_forward_hook(_save(kept, f"{name}:out")))
        handles.append(module.register_forward_pre_hook(_save_input(kept, f"{name}:in"), with_kwargs=True))
    with torch.no_grad():
        out = model(torch.tensor([ids]), output_hidden_states=True, use_cache=False)
    for handle in handles:
        handle.remove()
    kept["logits"] = out.logits[0]
    states = out.hidden_states
    if model.config.model_type == "mamba":  # it lists the blocks' outputs only
        states = (kept["backbone.embeddings:out"][None], *states)
    for layer, hidden in enumerate(states):
        kept[f"hidden:{layer}"] = hidden[0]
    return kept


def _save(kept: dict[str, torch.Tensor], key: str):
    def hook(_module, _args, output):
        first = output[0] if isinstance(output, tuple) else output
        if isinstance(first, torch.Tensor):
            kept[key] = first.detach().reshape(-1, first.shape[-1]).clone()

    return hook


def _save_input(kept: dict[str, torch.Tensor], key: str):
    def hook(_module, args, kwargs):
        first = args[0] if args else next((v for v in kwargs.values() if isinstance(v, torch.Tensor)), None)
        if isinstance(first, torch.Tensor) and first.ndim >= 2:
            kept[key] = first.detach().reshape(-1, first.shape[-1]).clone()

    return hook


#: Per architecture: path of the blocks; what attention adds; what the MLP adds; attention's output projection; router.
PLACES: dict[str, tuple[str, str, str, str, str]] = {
    "gpt2": ("transformer.h", "attn", "mlp", "attn.c_proj", ""),
    "gpt_neox": ("gpt_neox.layers", "attention", "mlp", "attention.dense", ""),
    "gptj": ("transformer.h", "attn", "mlp", "attn.out_proj", ""),
    "opt": ("model.decoder.layers", "self_attn", "fc2", "self_attn.out_proj", ""),
    "gemma2": ("model.layers", "post_attention_layernorm", "post_feedforward_layernorm", "self_attn.o_proj", ""),
    "gemma3_text": ("model.layers", "post_attention_layernorm", "post_feedforward_layernorm", "self_attn.o_proj", ""),
    "olmo2": ("model.layers", "post_attention_layernorm", "post_feedforward_layernorm", "self_attn.o_proj", ""),
    "mixtral": ("model.layers", "self_attn", "mlp", "self_attn.o_proj", "mlp.gate"),
    "qwen3_moe": ("model.layers", "self_attn", "mlp", "self_attn.o_proj", "mlp.gate"),
    "deepseek_v2": ("model.layers", "self_attn", "mlp", "self_attn.o_proj", "mlp.gate"),
    "deepseek_v3": ("model.layers", "self_attn", "mlp", "self_attn.o_proj", "mlp.gate"),
    "gpt_oss": ("model.layers", "self_attn", "mlp", "self_attn.o_proj", "mlp.router"),
    "mamba": ("backbone.layers", "", "", "", ""),
}
_LLAMA_LIKE = ("model.layers", "self_attn", "mlp", "self_attn.o_proj", "")


def expected_sites(architecture: str, kept: dict[str, torch.Tensor], n_layers: int) -> dict[str, torch.Tensor]:
    """Return what every site should hold, from what `reference` kept."""
    blocks, attention, mlp, projection, router = PLACES.get(architecture, _LLAMA_LIKE)
    made: dict[str, torch.Tensor] = {}
    for layer in range(n_layers):
        block, site = f"{blocks}.{layer}", f"blocks.{layer}"
        made[f"{site}.hook_resid_pre"] = kept[f"hidden:{layer}"]
        last = layer == n_layers - 1
        made[f"{site}.hook_resid_post"] = kept[f"{block}:out"] if last else kept[f"hidden:{layer + 1}"]
        if not attention:
            continue
        made[f"{site}.hook_attn_out"] = kept[f"{block}.{attention}:out"]
        made[f"{site}.hook_mlp_out"] = kept[f"{block}.{mlp}:out"]
        made[f"{site}.attn.hook_z"] = kept[f"{block}.{projection}:in"]
        if architecture not in PARALLEL:
            made[f"{site}.hook_resid_mid"] = made[f"{site}.hook_resid_pre"] + made[f"{site}.hook_attn_out"]
        if router and f"{block}.{router}:out" in kept:
            made[f"{site}.mlp.gate.hook_out"] = kept[f"{block}.{router}:out"]
    return made
