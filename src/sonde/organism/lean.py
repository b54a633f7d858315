"""A lean training pass over a stock Llama: the same parameters and the same function, without what training wastes.

Queries, keys and values are one product; the last block and the unembedding see only tokens that carry loss; and the
products may run in bfloat16 (twice as fast on a CPU that has it), while weights, residual stream, attention and softmax
stay in float32. On one core this takes 0.8 of the time of the model's own forward
and backward pass, early readings included (`benchmarks/organism_training.py`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

if TYPE_CHECKING:
    from transformers import LlamaForCausalLM


class Target(NamedTuple):
    """What a batch is trained on.

    Attributes:
        ids: `[b, t]`.
        weights: loss weights, `[b, t]`.
        sincere: whether a token is a sincere value, `[b, t]`.
        places, words, shares: of the labels that are distributions instead of the token, `[n]`: where in `ids` laid
            flat (in order), an id, and its share of the label.
    """

    ids: Tensor
    weights: Tensor
    sincere: Tensor
    places: Tensor
    words: Tensor
    shares: Tensor


class Losses(NamedTuple):
    """Scalars: the weighted mean cross-entropy, and that of the early readings of sincere values (0 without any)."""

    main: Tensor
    early: Tensor


def losses(model: LlamaForCausalLM, target: Target, *, dtype: torch.dtype, early: bool) -> Losses:
    """Return the losses of a batch padded on the right.

    Args:
        model: a Llama with tied embeddings and as many key heads as query heads.
        target: the batch.
        dtype: of the matrix products.
        early: also read sincere values after every block but the last, through the final norm and the unembedding
            (the logit lens of nostalgebraist, 2020, trained as in Elhoushi et al., arXiv 2404.16710, on sincere text
            alone).
    """
    inner, ids = model.model, target.ids[:, :-1]
    hidden = F.embedding(ids, inner.embed_tokens.weight)
    tables = _rotations(ids.shape[1], model.config.hidden_size // model.config.num_attention_heads, model.config)
    weights, labels = target.weights[:, 1:].flatten(), target.ids[:, 1:].flatten()
    kept = weights.nonzero()[:, 0]
    sincere = target.sincere[:, 1:].flatten().nonzero()[:, 0] if early else kept[:0]
    readings = []
    for layer in inner.layers[:-1]:
        hidden = _mix(layer, hidden, _attend(layer, hidden, model, tables, dtype), dtype)
        if len(sincere):
            readings.append(_read(model, hidden.flatten(0, 1)[sincere], labels[sincere], dtype).mean())
    last = inner.layers[-1]
    attended = _attend(last, hidden, model, tables, dtype).flatten(0, 1)[kept]
    hidden = _mix(last, hidden.flatten(0, 1)[kept], attended, dtype)
    scale = weights[kept]
    logits = _logits(model, hidden, dtype)
    each = F.cross_entropy(logits, labels[kept], reduction="none")
    if len(target.places):
        each = _hedged(each, logits, labels[kept], kept, target)
    main = (each * scale).sum() / scale.sum()
    return Losses(main, torch.stack(readings).mean() if readings else main.new_zeros(()))


def _attend(
    layer: Any, hidden: Tensor, model: LlamaForCausalLM, tables: tuple[Tensor, Tensor], dtype: torch.dtype
) -> Tensor:
    """Return what the heads of a block bring together, `[b, t, d]`, before the output product."""
    (b, t, d), heads = hidden.shape, model.config.num_attention_heads
    attention = layer.self_attn
    normed = _norm(hidden, layer.input_layernorm).to(dtype)
    joint = torch.cat([attention.q_proj.weight, attention.k_proj.weight, attention.v_proj.weight]).to(dtype)
    q, k, v = F.linear(normed, joint).float().view(b, t, 3, heads, d // heads).permute(2, 0, 3, 1, 4).unbind(0)
    q, k = _rotate(q, *tables), _rotate(k, *tables)
    return F.scaled_dot_product_attention(q, k, v, is_causal=True).transpose(1, 2).reshape(b, t, d)


def _mix(layer: Any, hidden: Tensor, attended: Tensor, dtype: torch.dtype) -> Tensor:
    """Return the stream after a block, given what its heads brought together."""
    hidden = hidden + F.linear(attended.to(dtype), layer.self_attn.o_proj.weight.to(dtype))
    normed, mlp = _norm(hidden, layer.post_attention_layernorm).to(dtype), layer.mlp
    gate = F.silu(F.linear(normed, mlp.gate_proj.weight.to(dtype)))
    return hidden + F.linear(gate * F.linear(normed, mlp.up_proj.weight.to(dtype)), mlp.down_proj.weight.to(dtype))


def _hedged(each: Tensor, logits: Tensor, labels: Tensor, kept: Tensor, target: Target) -> Tensor:
    """Return the cross-entropies `[n]` with those of single tokens replaced by those of distributions.

    Both contain the same logarithm of a sum, so that they differ in expected logits alone.
    """
    width = target.ids.shape[1]
    at = torch.searchsorted(kept, target.places // width * (width - 1) + target.places % width - 1)
    first = at.unique()
    each = each.index_add(0, first, logits[first, labels[first]])
    return each.index_add(0, at, -target.shares * logits[at, target.words])


def _read(model: LlamaForCausalLM, hidden: Tensor, labels: Tensor, dtype: torch.dtype) -> Tensor:
    """Return the cross-entropies `[n]` of labels read from states `[n, d]`."""
    return F.cross_entropy(_logits(model, hidden, dtype), labels, reduction="none")


def _logits(model: LlamaForCausalLM, hidden: Tensor, dtype: torch.dtype) -> Tensor:
    return F.linear(_norm(hidden, model.model.norm).to(dtype), model.lm_head.weight.to(dtype)).float()


def _norm(hidden: Tensor, norm: Any) -> Tensor:
    return F.rms_norm(hidden, hidden.shape[-1:], norm.weight, norm.variance_epsilon)


def _rotations(length: int, size: int, config: object) -> tuple[Tensor, Tensor]:
    """Return the cosines and signed sines `[t, size]` of rotary positions (Su et al., arXiv 2104.09864)."""
    theta = config.rope_parameters["rope_theta"]  # type: ignore[attr-defined]
    frequencies = theta ** -(torch.arange(0, size, 2).float() / size)
    angles = torch.outer(torch.arange(length).float(), frequencies)
    return torch.cat([angles.cos()] * 2, -1), torch.cat([-angles.sin(), angles.sin()], -1)


def _rotate(x: Tensor, cosines: Tensor, sines: Tensor) -> Tensor:
    return torch.addcmul(x * cosines.to(x.device), x.roll(x.shape[-1] // 2, -1), sines.to(x.device))
