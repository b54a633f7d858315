"""Where tensors live and how precise they are."""

from __future__ import annotations

import torch

from sonde.base.errors import InputError, unknown_name

DTYPES = {
    "float32": torch.float32,
    "float16": torch.float16,
    "bfloat16": torch.bfloat16,
    "float64": torch.float64,
}
_SHORT = {"fp32": "float32", "fp16": "float16", "bf16": "bfloat16", "fp64": "float64"}


def choose_device(device: str | torch.device | None = None) -> torch.device:
    """Return the device asked for, or the best one this machine has (cuda, then mps, then cpu).

    Raises:
        InputError: the device does not exist here.
    """
    if device is None:
        if torch.cuda.is_available():
            return torch.device("cuda")
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
    try:
        chosen = torch.device(device)
        torch.empty(0, device=chosen)
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        raise InputError(
            f"Device {str(device)!r} cannot be used on this machine ({str(error).splitlines()[0]}): "
            "leave it out to take the best one there is, or pass 'cpu'."
        ) from error
    return chosen


def parse_dtype(dtype: str | torch.dtype | None) -> torch.dtype | None:
    """Return the torch dtype of a name such as `bfloat16` or `bf16`; None stays None (the checkpoint's own)."""
    if dtype is None or isinstance(dtype, torch.dtype):
        return dtype
    name = _SHORT.get(dtype, dtype)
    if name not in DTYPES:
        raise unknown_name("dtype", dtype, "the dtype option", DTYPES)
    return DTYPES[name]


def fast_dtype(device: torch.device) -> torch.dtype:
    """Return bfloat16 where a device multiplies it in hardware, else float32.

    A CPU without such units multiplies bfloat16 some twenty times slower than float32.

    Example:
        >>> fast_dtype(torch.device("cpu")) in (torch.bfloat16, torch.float32)
        True
    """
    if device.type == "cuda":
        return torch.bfloat16 if torch.cuda.is_bf16_supported(including_emulation=False) else torch.float32
    has = torch.cpu.get_capabilities() if hasattr(torch.cpu, "get_capabilities") else {}
    native = device.type == "cpu" and any(has.get(unit) for unit in ("avx512_bf16", "amx_bf16"))
    return torch.bfloat16 if native else torch.float32


def dtype_name(dtype: torch.dtype) -> str:
    """Return `float32` for `torch.float32`."""
    return str(dtype).removeprefix("torch.")
