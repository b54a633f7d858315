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
