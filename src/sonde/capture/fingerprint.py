"""What makes two models the same model: a hash over weights and configuration."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import torch
from torch import nn

from sonde.base.devices import dtype_name
from sonde.base.files import hash_bytes

#: Keys of a configuration that say where a model came from or how it is run, not what it computes.
VOLATILE = {
    "_name_or_path",
    "name_or_path",
    "transformers_version",
    "dtype",
    "torch_dtype",
    "architectures",
    "use_cache",
    "return_dict",
    "output_attentions",
    "output_hidden_states",
    "attn_implementation",
    "_attn_implementation",
    "_attn_implementation_autoset",
    "experts_implementation",
    "_experts_implementation",
    "_commit_hash",
    "tp_plan",
}


def model_fingerprint(module: nn.Module, config: Any) -> str:
    """Return the SHA-256 over names, dtypes, shapes and bytes of parameters and saved buffers, and configuration.

    Tensors are hashed one at a time in a few threads, so no second copy of the model is made.
    """
    tensors = list(_tensors(module))
    with ThreadPoolExecutor(max_workers=4) as pool:
        digests = list(pool.map(lambda item: _digest(item[1]), tensors))
    parts = [f"{name} {dtype_name(t.dtype)} {list(t.shape)} {d}" for (name, t), d in zip(tensors, digests, strict=True)]
    return hash_bytes(canonical_config(config), *sorted(parts))


def weights_state(module: nn.Module) -> tuple[tuple[int, int], ...]:
    """Return a value that changes when a weight is replaced or written in place: cheap, for caches."""
    return tuple((t.data_ptr(), 0 if t.is_inference() else t._version) for _, t in _tensors(module))


def canonical_config(config: Any) -> str:
    """Return the configuration as sorted JSON without the keys in `VOLATILE`."""
    values = json.loads(json.dumps(config.to_dict(), default=str))
    return json.dumps(_without(values), sort_keys=True)


def _without(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _without(v) for k, v in value.items() if k not in VOLATILE}
    return [_without(v) for v in value] if isinstance(value, list) else value


def _tensors(module: nn.Module) -> Iterator[tuple[str, torch.Tensor]]:
    """Yield every parameter once (tied ones under their first name) and every buffer that a checkpoint would hold."""
    yield from module.named_parameters()
    transient = {
        f"{prefix}.{name}" if prefix else name
        for prefix, m in module.named_modules()
        for name in m._non_persistent_buffers_set
    }
    yield from ((name, buffer) for name, buffer in module.named_buffers() if name not in transient)


def _digest(tensor: torch.Tensor) -> str:
    raw = tensor.detach().to("cpu").contiguous().reshape(-1).view(torch.uint8)
    return hashlib.sha256(raw.numpy().data).hexdigest()
