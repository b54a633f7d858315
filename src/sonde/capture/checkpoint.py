"""Reading a checkpoint through transformers, with every way it can fail said in one sentence."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import nn

from sonde.base.devices import dtype_name
from sonde.base.errors import InputError

WEIGHT_PATTERNS = ("*.safetensors", "pytorch_model*.bin")
TOKENIZER_FILES = (
    "tokenizer.json",
    "tokenizer.model",
    "tokenizer_config.json",
    "vocab.json",
    "vocab.txt",
    "spiece.model",
)
HALF = (torch.float16, torch.bfloat16)


def load_checkpoint(
    source: str, *, tokenizer: Any, dtype: torch.dtype | None, device: torch.device, revision: str | None
) -> tuple[nn.Module, Any, dict[str, Any]]:
    """Return module (on `device`, in evaluation mode), tokenizer, and notes on what was changed.

    Raises:
        InputError: it cannot be loaded; the sentence says why and what to do.
    """
    local = Path(source).expanduser()
    if local.is_dir():
        check_folder(local, tokenizer_given=tokenizer is not None)
        source = str(local)
    elif local.is_file():
        raise InputError(f"Model {source} is a file, expected a folder with config.json, weights and a tokenizer.")
    elif source.startswith((".", "/", "~")) or source.count("/") > 1:
        raise InputError(f"Model folder {source} does not exist: check the path, or pass a hub name such as 'gpt2'.")
    with quiet_transformers():
        config = _config(source, revision)
        if tokenizer is None:
            tokenizer = _tokenizer(source, revision)
        own = getattr(config, "dtype", None)
        quantised = getattr(config, "quantization_config", None) is not None
        widen = dtype is None and device.type == "cpu" and not quantised
        wanted = dtype or (torch.float32 if widen and own in HALF else "auto")
        module = _weights(source, revision, config, wanted)
    if widen and next(module.parameters()).dtype in HALF:
        own, module = next(module.parameters()).dtype, module.float()
    notes = {"checkpoint_dtype": dtype_name(own)} if isinstance(own, torch.dtype) and widen and own in HALF else {}
    return module.to(device).eval(), tokenizer, notes


def check_folder(folder: Path, *, tokenizer_given: bool) -> None:
    """Refuse a folder that lacks configuration, weights or tokenizer, naming what is missing."""
    if not (folder / "config.json").is_file():
        raise InputError(f"Model folder {folder} has no config.json: expected a folder made by save_pretrained.")
    if not any(path.stat().st_size for pattern in WEIGHT_PATTERNS for path in folder.glob(pattern)):
        raise InputError(
            f"Model folder {folder} has a config.json and no weights: expected model.safetensors (or its shards) "
            "beside it."
        )
    if not tokenizer_given and not any((folder / name).is_file() for name in TOKENIZER_FILES):
        raise InputError(
            f"Model folder {folder} has no tokenizer: expected tokenizer.json beside the weights, or pass tokenizer=…."
        )


@contextmanager
def quiet_transformers() -> Iterator[None]:
    """Silence transformers' log lines, progress bars and warnings while a model loads; put its settings back after."""
    from transformers.utils import logging

    level, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.set_verbosity(level)
        if bars:
            logging.enable_progress_bar()


def _config(source: str, revision: str | None) -> Any:
    from transformers import MODEL_FOR_CAUSAL_LM_MAPPING, AutoConfig

    try:
        config = AutoConfig.from_pretrained(source, revision=revision, trust_remote_code=False)
    except Exception as error:
        raise _refusal(source, revision, error) from error
    if type(config) not in MODEL_FOR_CAUSAL_LM_MAPPING or getattr(config, "is_encoder_decoder", False):
        raise InputError(
            f"Model {source!r} is a {config.model_type!r} model, which is not a causal language model: "
            "expected a decoder that AutoModelForCausalLM can load."
        )
    return config


def _tokenizer(source: str, revision: str | None) -> Any:
    from transformers import AutoTokenizer

    try:
        return AutoTokenizer.from_pretrained(source, revision=revision, trust_remote_code=False)
    except Exception as error:
        raise InputError(
            f"The tokenizer of {source!r} cannot be loaded ({_first_line(error)}): pass tokenizer=…."
        ) from error


def _weights(source: str, revision: str | None, config: Any, dtype: Any) -> nn.Module:
    from transformers import AutoModelForCausalLM

    try:
        loaded: Any = AutoModelForCausalLM.from_pretrained(
            source, config=config, revision=revision, dtype=dtype, trust_remote_code=False, output_loading_info=True
        )
    except Exception as error:
        raise _refusal(source, revision, error) from error
    module, info = loaded
    missing = sorted(info.get("missing_keys") or [])
    if missing:
        raise InputError(
            f"The checkpoint {source!r} lacks {len(missing)} of the model's weights (the first is {missing[0]!r}), "
            "which would be random: expected a complete causal language model."
        )
    return module


def _refusal(source: str, revision: str | None, error: Exception) -> InputError:
    """Say in one sentence why transformers could not load `source`."""
    chain = _causes(error)
    names = {type(e).__name__ for e in chain}
    text = " ".join(str(e) for e in chain)
    at = f" at revision {revision!r}" if revision else ""
    if "GatedRepoError" in names or "gated repo" in text:
        return InputError(
            f"Model {source!r} is gated: accept its terms on its page at the hub, then log in with "
            "`hf auth login` or set HF_TOKEN."
        )
    if "trust_remote_code" in text:
        return InputError(
            f"Model {source!r} needs code from its checkpoint to load, and sonde never runs such code: load it "
            "yourself and pass the live module with its tokenizer."
        )
    if Path(source).is_dir():
        return InputError(f"Model folder {source} cannot be loaded ({_first_line(error)}): check its files.")
    offline = [key for key in ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE") if _is_set(key)]
    if offline and not names & {"RepositoryNotFoundError", "RevisionNotFoundError"}:
        return InputError(
            f"Model {source!r}{at} is not in the local cache and {offline[0]} is set, so it cannot be downloaded: "
            f"unset {offline[0]}, or pass a folder."
        )
    if names & {"RepositoryNotFoundError", "RevisionNotFoundError", "HFValidationError"} or "not a valid model" in text:
        return InputError(
            f"Model {source!r}{at} was not found at the hub (or is private): check the name, log in if it is yours, or "
            "pass a folder."
        )
    if names & {"ConnectionError", "ConnectError", "LocalEntryNotFoundError", "ConnectTimeout"} or "connect" in text:
        return InputError(
            f"Model {source!r}{at} is not in the local cache and the hub cannot be reached: check the connection, or "
            "pass a folder."
        )
    return InputError(f"Model {source!r}{at} cannot be loaded ({_first_line(error)}): check the name and the versions.")


def _causes(error: BaseException) -> list[BaseException]:
    chain: list[BaseException] = []
    current: BaseException | None = error
    while current is not None and current not in chain:
        chain.append(current)
        current = current.__cause__ or current.__context__
    return chain


def _first_line(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return f"{type(error).__name__}: {lines[0].rstrip('.') if lines else 'no message'}"


def _is_set(key: str) -> bool:
    return os.environ.get(key, "").strip().upper() in ("1", "TRUE", "YES", "ON")
