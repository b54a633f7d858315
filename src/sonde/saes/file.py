"""The SAELens folder: `sae_weights.safetensors` and `cfg.json`, written for sae-lens and read from anybody."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from sonde.base.errors import InputError
from sonde.base.files import write_atomic, write_json
from sonde.saes.activation import Activation, JumpReLU, ReLU, TopK
from sonde.saes.linear import LinearSAE
from sonde.saes.sae import SAE

WEIGHTS, CONFIG = "sae_weights.safetensors", "cfg.json"
#: Files a training leaves beside its result.
OWN = {WEIGHTS, CONFIG, "history.jsonl", "checkpoint.safetensors", "README.md"}
_SHAPES = {"W_enc": ("d_in", "d_sae"), "b_enc": ("d_sae",), "W_dec": ("d_sae", "d_in"), "b_dec": ("d_in",)}
#: What `SAELens` calls architectures while training them; saved for use they have other names.
_IN_TRAINING = ("batchtopk", "matryoshka_batchtopk")


def write_sae(sae: SAE, folder: str | Path, *, force: bool = False) -> Path:
    """Write an autoencoder; see `SAE.save`.

    Raises:
        InputError: the folder holds an autoencoder and `force` is False, or other things, or `sae` is sae-lens' own.
    """
    from safetensors.torch import save

    folder = Path(folder)
    if not isinstance(sae, LinearSAE):
        raise InputError(
            f"A {sae.architecture} autoencoder is not written by sonde: save it with sae-lens, "
            "sae.lens.save_model(FOLDER)."
        )
    if folder.exists() and not folder.is_dir():
        raise InputError(f"{folder} is a file, expected a folder for the autoencoder: choose another.")
    foreign = {path.name for path in folder.glob("*")} - OWN if folder.is_dir() else set()
    if (folder / CONFIG).exists() and not force:
        raise InputError(
            f"{folder} holds an autoencoder, and nothing is overwritten unasked: pass force=True (--force)."
        )
    if foreign and not (folder / CONFIG).exists():
        raise InputError(f"{folder} holds other things ({sorted(foreign)[0]}): choose a folder that is new or empty.")
    folder.mkdir(parents=True, exist_ok=True)
    tensors = {name: t.detach().to("cpu", torch.float32).contiguous() for name, t in sae.tensors().items()}
    write_atomic(folder / WEIGHTS, save(tensors))
    write_json(folder / CONFIG, lens_config(sae))
    return folder


def lens_config(sae: LinearSAE) -> dict[str, Any]:
    """Return `cfg.json` as SAELens reads it.

    Without `dtype` it does not load, and without `sae_lens_version` in the metadata the site's name is dropped.
    """
    made: dict[str, Any] = {
        "architecture": sae.architecture,
        "d_in": sae.d_in,
        "d_sae": sae.d_sae,
        "dtype": "float32",
        "device": "cpu",
        "apply_b_dec_to_input": sae.apply_b_dec_to_input,
        "normalize_activations": "none",
        "reshape_activations": "hook_z" if sae.site.endswith("hook_z") else "none",
        "metadata": dict(sae.metadata),
    }
    if sae.k is not None:
        made |= {"k": sae.k, "rescale_acts_by_decoder_norm": False}
    return made


def load_sae(folder: str | Path, *, device: str | torch.device = "cpu") -> SAE:
    """Open an autoencoder folder, whoever wrote it.

    Standard, top-k and JumpReLU autoencoders become tensors here; what sae-lens alone knows (gated, transcoders,
    matching pursuit, inputs it must normalise, …) is opened by sae-lens and used through it. To check an autoencoder
    against its recorded sparsity, see `check_l0`.

    Args:
        folder: with `cfg.json` and `sae_weights.safetensors`.
        device: where the tensors go.

    Raises:
        InputError: a file is missing, damaged or truncated, or configuration and tensors contradict each other.
    """
    folder = Path(folder)
    config = _config(folder)
    if config["architecture"] in _IN_TRAINING:
        raise _refuse(
            folder,
            f"it is a training checkpoint of SAELens (architecture {config['architecture']!r}), which cannot be used "
            "as it is",
            "write it with `sae.save_inference_model(FOLDER)` in sae-lens",
        )
    if not _plain(config):
        from sonde.saes.lens import load_through_lens

        return load_through_lens(folder, config, device)
    tensors = _tensors(folder)
    activation = _activation(folder, config, tensors)
    _check_shapes(folder, config, tensors)
    W = {name: tensors[name].to(device, torch.float32) for name in _SHAPES}
    subtracts = bool(config.get("apply_b_dec_to_input", True))
    bare = (W["W_enc"], W["b_enc"], W["W_dec"], W["b_dec"], _moved(activation, device))
    return LinearSAE(*bare, config["metadata"], subtracts)


def _config(folder: Path) -> dict[str, Any]:
    if not folder.is_dir():
        what = "is a file" if folder.exists() else "does not exist"
        raise InputError(f"SAE folder {folder} {what}, expected a folder with {CONFIG} and {WEIGHTS}.")
    for name in (CONFIG, WEIGHTS):
        if not (folder / name).is_file():
            held = ", ".join(sorted(path.name for path in folder.iterdir())[:5]) or "nothing"
            raise _refuse(folder, f"it lacks {name} (it holds {held})")
    try:
        config = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
    except (ValueError, OSError) as error:
        raise _refuse(folder, f"{CONFIG} is not JSON") from error
    if not isinstance(config, dict):
        raise _refuse(folder, f"{CONFIG} holds a {type(config).__name__}, expected a table of settings")
    config.setdefault("architecture", "standard")  # as SAELens takes files from before it wrote the key
    for key in ("d_in", "d_sae"):
        if not (isinstance(config.get(key), int) and config[key] > 0):
            raise _refuse(folder, f"{CONFIG} says {key} = {config.get(key)!r}, expected a positive whole number")
    return config


def _plain(config: Mapping[str, Any]) -> bool:
    """Return whether sonde's own classes compute what this configuration means; old files take sae-lens' path."""
    written_by = str((config.get("metadata") or {}).get("sae_lens_version") or "0").partition(".")[0]
    return (
        config["architecture"] in ("standard", "topk", "jumprelu")
        and written_by.isdigit()
        and int(written_by) >= 6
        and config.get("normalize_activations", "none") == "none"
        and not config.get("rescale_acts_by_decoder_norm")
    )


def _tensors(folder: Path) -> dict[str, Tensor]:
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        tensors = load_file(folder / WEIGHTS)
    except (SafetensorError, OSError) as error:
        raise _refuse(folder, f"{WEIGHTS} cannot be read ({str(error).splitlines()[0][:100]}): truncated?") from error
    for name, tensor in tensors.items():
        if not torch.isfinite(tensor).all():
            raise _refuse(folder, f"tensor {name!r} holds NaN or infinity")
    return tensors


def _activation(folder: Path, config: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> Activation:
    """Return the nonlinearity that configuration and tensors agree on."""
    architecture = config["architecture"]
    if (architecture == "jumprelu") != ("threshold" in tensors):
        has = "has" if "threshold" in tensors else "lacks"
        raise _refuse(folder, f"{CONFIG} says {architecture!r}, but {WEIGHTS} {has} the thresholds of JumpReLU")
    if architecture == "jumprelu":
        return JumpReLU(tensors["threshold"].float())
    if architecture == "standard":
        return ReLU()
    k = config.get("k")
    if not (isinstance(k, int) and 0 < k <= config["d_sae"]):
        raise _refuse(folder, f"{CONFIG} says k = {k!r}, expected a whole number up to d_sae = {config['d_sae']}")
    return TopK(k)


def _check_shapes(folder: Path, config: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> None:
    shapes = {**_SHAPES, **({"threshold": ("d_sae",)} if "threshold" in tensors else {})}
    for name, axes in shapes.items():
        expected = [config[axis] for axis in axes]
        found = list(tensors[name].shape) if name in tensors else None
        if found != expected:
            what = "is missing" if found is None else f"has shape {found}"
            raise _refuse(folder, f"tensor {name!r} {what}, expected {expected} by {CONFIG}")


def _moved(activation: Activation, device: str | torch.device) -> Activation:
    return JumpReLU(activation.threshold.to(device)) if isinstance(activation, JumpReLU) else activation


def _refuse(folder: Path, problem: str, advice: str = "") -> InputError:
    advice = advice or "get it again from where it came"
    return InputError(f"{folder} is not an SAE folder that can be used: {problem}; {advice}.")
