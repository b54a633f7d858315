"""Loading a model by hub name or from a folder, or taking one that is already in memory."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import nn

from sonde.base.devices import choose_device, parse_dtype
from sonde.base.errors import InputError, unknown_name
from sonde.capture.adapter import build_adapter, text_config
from sonde.capture.checkpoint import load_checkpoint
from sonde.capture.fingerprint import model_fingerprint
from sonde.capture.model import Model

BACKENDS = ("hf", "bridge")


def load_model(
    name_folder_or_module: str | Path | nn.Module,
    *,
    tokenizer: Any = None,
    dtype: str | torch.dtype | None = None,
    device: str | torch.device | None = None,
    revision: str | None = None,
    backend: str = "hf",
    name: str | None = None,
) -> Model:
    """Load a causal language model, or take one that you hold, and name its sites.

    Code from a checkpoint is never run (`trust_remote_code` is off).

    Args:
        name_folder_or_module: a hub name (`Qwen/Qwen3-0.6B`), a folder with a model, the name of a model family that
            was registered (`cretan`), a live Hugging Face causal language model, or a TransformerBridge.
        tokenizer: needed with a live module; otherwise the model's own.
        dtype: of the weights, such as `bfloat16`. None keeps the checkpoint's own, except that on a CPU a checkpoint in
            half precision is loaded as float32 (bfloat16 computes slower than float32 on most CPUs).
        device: `cuda`, `cpu`, …; None = the best this machine has.
        revision: branch, tag or commit of a hub model.
        backend: `hf` for plain hooks (default, fastest); `bridge` for TransformerLens' TransformerBridge, which is put
            around the module and changes it in place.
        name: what reports call the model; None = its own name.

    Raises:
        InputError: the model cannot be had, or is no causal language model.
        SondeError: it gives values that are not finite, or the bridge computes something else than the model.

    Example:
        >>> from transformers import LlamaConfig, LlamaForCausalLM
        >>> config = LlamaConfig(vocab_size=9, hidden_size=8, intermediate_size=8, num_hidden_layers=1,
        ...                      num_attention_heads=2)
        >>> model = load_model(LlamaForCausalLM(config), tokenizer=object(), name="toy")
        >>> model.n_layers, model.sites[-1]
        (1, 'blocks.0.hook_resid_post')
    """
    if backend not in BACKENDS:
        raise unknown_name("backend", backend, "load_model", BACKENDS)
    if isinstance(name_folder_or_module, nn.Module):
        given = {"dtype": dtype, "device": device, "revision": revision}
        named = next((key for key, value in given.items() if value is not None), None)
        if named is not None:
            raise InputError(
                f"load_model was given a live {type(name_folder_or_module).__name__} and {named}={given[named]!r}: "
                f"{named} is for loading; change the module yourself first and leave {named} out."
            )
        return _of_module(name_folder_or_module, tokenizer, backend, name)
    source = str(name_folder_or_module)
    module, own_tokenizer, notes = load_checkpoint(
        source, tokenizer=tokenizer, dtype=parse_dtype(dtype), device=choose_device(device), revision=revision
    )
    label = name or (Path(name_folder_or_module).name if Path(source).is_dir() else str(name_folder_or_module))
    return _finish(module, own_tokenizer, backend, label, revision, notes)


def _of_module(module: Any, tokenizer: Any, backend: str, name: str | None) -> Model:
    ancestors = {cls.__name__ for cls in type(module).__mro__}
    if "HookedTransformer" in ancestors:
        raise InputError(
            "load_model was given a HookedTransformer, which TransformerLens 4 drops: pass the Hugging Face model it "
            "was made from, or a TransformerBridge."
        )
    if "TransformerBridge" in ancestors:
        from sonde.capture.bridge import adapt_bridge

        _require_tokenizer(tokenizer or module.tokenizer, "TransformerBridge")
        known = str(getattr(module.cfg, "model_name", "") or "external")
        label = name or (known if known != "external" else type(module.original_model).__name__)
        return Model(
            label,
            module.original_model,
            tokenizer or module.tokenizer,
            adapt_bridge(module),
            backend="bridge",
            bridge=module,
            notes={"backend_check": {"bridge_vs_hooks": None}},
        )
    if not hasattr(module, "config") or not hasattr(module, "get_output_embeddings"):
        raise InputError(
            f"load_model was given a {type(module).__name__}, expected a Hugging Face causal language model, a "
            "TransformerBridge, a hub name, or a folder."
        )
    _require_tokenizer(tokenizer, type(module).__name__)
    label = name or str(getattr(module.config, "_name_or_path", "") or "").rstrip("/").rsplit("/", 1)[-1]
    return _finish(module, tokenizer, backend, label or type(module).__name__, None, {})


def _require_tokenizer(tokenizer: Any, what: str) -> None:
    if tokenizer is None:
        raise InputError(
            f"load_model was given a live {what} without its tokenizer: pass tokenizer=…, the one it was trained with."
        )


def _finish(
    module: nn.Module, tokenizer: Any, backend: str, label: str, revision: str | None, notes: dict[str, Any]
) -> Model:
    adapter = build_adapter(module)
    if backend == "hf":
        return Model(label, module, tokenizer, adapter, revision=revision, notes=notes)
    from sonde.capture.bridge import build_bridge

    fingerprint = model_fingerprint(module, text_config(module))  # the bridge renames parameters
    bridge, bridged, check = build_bridge(module, adapter, label)
    notes = {**notes, "backend_check": check}
    model = Model(label, module, tokenizer, bridged, backend="bridge", bridge=bridge, revision=revision, notes=notes)
    model.remember("fingerprint", lambda: fingerprint)
    return model
