"""Where the sites of a Hugging Face decoder are, found by structure and then verified with numbers.

Names of modules differ between architectures, and a name does not say whether a norm or a multiplier stands between a
module and the residual stream. So candidates are found by name, and what is offered is what satisfies, on a short
forward pass, `resid_pre + attn_out + mlp_out == resid_post`: attn_out and mlp_out are what is *added* to the stream
(after Gemma's and OLMo 2's post-norms). A site that cannot be shown to be what its name says is not offered.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from sonde.base.errors import InputError
from sonde.capture.sites import BLOCK_SITES, site_name
from sonde.capture.taps import Tap
from sonde.capture.watch import Call, embedding_of, watch

ATTENTION_NAMES = ("self_attn", "attn", "attention", "self_attention")
MLP_NAMES = ("mlp", "feed_forward", "ffn", "block_sparse_moe", "moe", "fc2")
PROJECTION_NAMES = ("o_proj", "c_proj", "out_proj", "dense", "wo", "o")
ROUTER_NAMES = ("gate", "router")
LAYER_LIST_NAMES = ("layers", "h", "blocks", "block", "layer")

#: How far a sum may be from what it should equal, relative to the row's norm, per dtype of the model.
TOLERANCE = {torch.float64: 1e-10, torch.float32: 1e-5, torch.float16: 1e-2, torch.bfloat16: 5e-2}


@dataclass(frozen=True)
class Adapter:
    """The places of one model.

    Attributes:
        base: the decoder without its unembedding; it is what a capture runs.
        taps: site name to where it is read, in the order the model computes them.
        widths: site name to its number of columns `d`.
        absent: kind of site (`resid_mid`) to the reason why no layer offers it.
        n_layers, d_model, n_heads: sizes; `n_heads` is 0 where there is no attention.
        identity_error: the largest relative error of `resid_pre + attn_out + mlp_out == resid_post` over the layers
            that offer these sites; None where none does.
        takes_positions: whether the decoder's forward takes `position_ids`.
    """

    base: nn.Module
    taps: Mapping[str, Tap]
    widths: Mapping[str, int]
    absent: Mapping[str, str]
    n_layers: int
    d_model: int
    n_heads: int
    identity_error: float | None
    takes_positions: bool = True


def text_config(module: Any) -> Any:
    """Return the configuration of the language model inside `module` (its `text_config` where it has one)."""
    config = module.config
    return config.get_text_config() if hasattr(config, "get_text_config") else config


def find_base(module: Any) -> nn.Module:
    """Return the decoder without its unembedding."""
    config = getattr(module, "config", None)
    if config is not None and text_config(module) is not config and hasattr(module, "get_decoder"):
        return module.get_decoder()
    base = getattr(module, "base_model", module)
    if base is module:
        raise InputError(
            f"{type(module).__name__} is not a causal language model with a decoder and an unembedding: "
            "pass an AutoModelForCausalLM."
        )
    return base


def find_blocks(base: nn.Module, n_layers: int) -> nn.ModuleList:
    """Return the list of the decoder's blocks: the shallowest module list with one entry a layer."""
    lists = [(n, m) for n, m in base.named_modules() if isinstance(m, nn.ModuleList) and len(m) == n_layers]
    lists.sort(key=lambda pair: (pair[0].rsplit(".", 1)[-1] not in LAYER_LIST_NAMES, pair[0].count(".")))
    if not lists:
        raise InputError(
            f"No list of {n_layers} blocks was found in {type(base).__name__}: this architecture's layers cannot be "
            "named; capture needs a decoder whose blocks stand in one module list."
        )
    return lists[0][1]


def takes_positions(base: nn.Module) -> bool:
    """Return whether the decoder's forward takes `position_ids`."""
    return "position_ids" in inspect.signature(base.forward).parameters


def build_adapter(module: nn.Module) -> Adapter:
    """Find and verify the sites of a Hugging Face causal language model; runs one forward pass of eight tokens.

    Raises:
        InputError: no list of blocks can be found.
        InputError: the model gives values that are not finite.
    """
    config = text_config(module)
    base = find_base(module)
    blocks = find_blocks(base, config.num_hidden_layers)
    positions = takes_positions(base)
    embedding = embedding_of(base)
    calls = watch(base, blocks, embedding, positions)
    n_heads = int(getattr(config, "num_attention_heads", 0) or 0)
    taps = {"hook_embed": Tap(embedding, "output")}
    widths = {"hook_embed": calls[embedding].left[0].shape[-1]}
    errors: list[float] = []
    for layer, block in enumerate(blocks):
        found = _block_taps(block, calls, config, n_heads, errors)
        for kind in (k for k in BLOCK_SITES if k in found):
            tap, width = found[kind]
            taps[site_name(layer, kind)] = tap
            widths[site_name(layer, kind)] = width
    return Adapter(
        base=base,
        taps=taps,
        widths=widths,
        absent=absent_kinds(taps, type(blocks[0]).__name__),
        n_layers=len(blocks),
        d_model=widths[site_name(0, "resid_post")],
        n_heads=n_heads,
        identity_error=max(errors, default=None),
        takes_positions=positions,
    )


def absent_kinds(taps: Mapping[str, Tap], block: str) -> dict[str, str]:
    """Return, for each kind of site that no layer offers, why."""
    present = {kind for kind, name in BLOCK_SITES.items() if any(site.endswith(f".{name}") for site in taps)}
    sums = f"in its {block} no modules were found whose outputs are what is added to the residual stream"
    reasons = {
        "attn_out": sums,
        "mlp_out": sums,
        "resid_mid": f"its {block} has no point between attention and MLP where the stream holds only their first sum"
        if "attn_out" in present
        else sums,
        "z": f"in its {block} no attention output projection was found",
        "router": f"its {block} has no mixture-of-experts router",
    }
    return {kind: why for kind, why in reasons.items() if kind not in present}


def sum_error(parts: list[torch.Tensor], whole: torch.Tensor) -> float:
    """Return the largest relative error (by row norm) of `parts` adding up to `whole`, rows `[t, d]`.

    The sum is made in the model's own dtype, from the left and from the right, so that a model that adds in either
    order is matched exactly also in half precision.
    """
    forward, backward = parts[0], parts[-1]
    for part in parts[1:]:
        forward = forward + part
    for part in reversed(parts[:-1]):
        backward = backward + part
    norm = whole.double().norm(dim=-1).clamp_min(1e-30)
    return min(float(((s.double() - whole.double()).norm(dim=-1) / norm).max()) for s in (forward, backward))


Found = dict[str, tuple[Tap, int]]


def _block_taps(
    block: nn.Module, calls: Mapping[nn.Module, Call], config: Any, n_heads: int, errors: list[float]
) -> Found:
    width = calls[block].left[0].shape[-1]
    found: Found = {"resid_pre": (Tap(block, "input"), width), "resid_post": (Tap(block, "output"), width)}
    attention, mlp = _child(block, ATTENTION_NAMES, calls), _child(block, MLP_NAMES, calls)
    if mlp is not None:
        found |= _router_tap(mlp, calls)
    if attention is None:
        return found
    found |= _z_tap(attention, calls, n_heads)
    if mlp is not None:
        found |= _added_taps(block, attention, mlp, calls, errors)
    return found


def _child(block: nn.Module, names: tuple[str, ...], calls: Mapping[nn.Module, Call]) -> nn.Module | None:
    children = dict(block.named_children())
    return next((children[n] for n in names if n in children and children[n] in calls), None)


def _added_taps(
    block: nn.Module, attention: nn.Module, mlp: nn.Module, calls: Mapping[nn.Module, Call], errors: list[float]
) -> Found:
    """Find what attention and MLP add to the stream: the module itself, or a norm that ran after it."""
    before, after = calls[block].entered, calls[block].left[0]
    tolerance = TOLERANCE.get(after.dtype, TOLERANCE[torch.bfloat16])
    ran = sorted((c for c in block.children() if c in calls), key=lambda c: calls[c].order)
    same = [c for c in ran if calls[c].left and calls[c].left[0].shape == after.shape]
    first = [attention, *(c for c in same if calls[attention].order < calls[c].order and c is not mlp)]
    second = [mlp, *(c for c in same if calls[c].order > calls[mlp].order and c is not attention)]
    pairs = [(a, m) for a in first for m in second if a is not m and a in same and m in same]
    if before is None or not pairs:
        return {}
    scored = [(sum_error([before, calls[a].left[0], calls[m].left[0]], after), a, m) for a, m in pairs]
    error, added, added_later = min(scored, key=lambda entry: entry[0])
    if not error <= tolerance:
        return {}
    errors.append(error)
    width = after.shape[-1]
    found = {"attn_out": (Tap(added, "output"), width), "mlp_out": (Tap(added_later, "output"), width)}
    middle = _middle(ran, before, calls[added].left[0], calls, tolerance)
    return found if middle is None else found | {"resid_mid": (Tap(middle, "input"), width)}


def _middle(
    ran: list[nn.Module],
    before: torch.Tensor,
    added: torch.Tensor,
    calls: Mapping[nn.Module, Call],
    tolerance: float,
) -> nn.Module | None:
    """Return the module that reads the stream after attention was added to it, and nothing else."""
    entered = [(c, calls[c].entered) for c in ran]
    reads = [(c, x) for c, x in entered if x is not None and x.shape == before.shape]
    scored = [(sum_error([before, added], x), sum_error([before], x), i, c) for i, (c, x) in enumerate(reads)]
    fitting = [entry for entry in scored if entry[0] <= tolerance and entry[0] < entry[1]]
    return min(fitting, key=lambda entry: entry[:3])[3] if fitting else None


def _z_tap(attention: nn.Module, calls: Mapping[nn.Module, Call], n_heads: int) -> Found:
    """Find the output projection: what enters it is every head's output, side by side."""
    projection = _child(attention, PROJECTION_NAMES, calls)
    if projection is None or n_heads == 0:
        return {}
    z = calls[projection].entered
    if z is None or z.shape[-1] % n_heads or not torch.equal(calls[projection].left[0], calls[attention].left[0]):
        return {}
    return {"z": (Tap(projection, "input"), z.shape[-1])}


def _router_tap(mlp: nn.Module, calls: Mapping[nn.Module, Call]) -> Found:
    """Find the router: the output that equals its own weight applied to its input is the logits."""
    router = _child(mlp, ROUTER_NAMES, calls)
    weight = getattr(router, "weight", None)
    entered = calls[router].entered if router is not None else None
    if router is None or entered is None or weight is None or weight.ndim != 2 or weight.shape[1] != entered.shape[-1]:
        return {}
    bias = getattr(router, "bias", None)
    with torch.inference_mode():
        expected = nn.functional.linear(entered.to(weight.dtype), weight, bias).double()
    for element, output in enumerate(calls[router].left):
        close = output.shape == expected.shape and torch.allclose(output.double(), expected, rtol=1e-2, atol=1e-4)
        if close and not isinstance(mlp, nn.Linear) and hasattr(mlp, "experts"):
            return {"router": (Tap(router, "output", element), expected.shape[-1])}
    return {}
