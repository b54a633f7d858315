"""What a killed training goes on from: one file, replaced atomically."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from sonde.base.errors import InputError
from sonde.base.files import write_atomic
from sonde.saes.learner import Learner

FILE = "checkpoint.safetensors"


def write_checkpoint(folder: Path, learners: Sequence[Learner], facts: dict[str, Any], rows: list[list[dict]]) -> None:
    """Write the state of `learners`, which all have done the same number of steps.

    Args:
        folder: where to.
        learners: in the order of their configurations.
        facts: what the training depends on; resuming compares it.
        rows: the history of each learner.
    """
    from safetensors.torch import save

    tensors = {f"{i}/{k}": t.contiguous().cpu() for i, one in enumerate(learners) for k, t in one.tensors().items()}
    known = {"facts": facts, "done": learners[0].done, "state": [one.state for one in learners], "history": rows}
    write_atomic(folder / FILE, save(tensors, metadata={"sonde_sae": json.dumps(known)}))


def read_checkpoint(folder: Path, learners: Sequence[Learner], facts: dict[str, Any]) -> list[list[dict]] | None:
    """Bring `learners` to where a checkpoint was, and return their history; None where there is none.

    Raises:
        InputError: the checkpoint is of another training, or damaged.
    """
    from safetensors import SafetensorError, safe_open

    path = folder / FILE
    if not path.is_file():
        return None
    try:
        with safe_open(path, framework="pt") as file:
            known = json.loads(file.metadata()["sonde_sae"])
            tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118 (not a mapping)
    except (SafetensorError, KeyError, TypeError, ValueError) as error:
        raise InputError(
            f"{path} is not a training's checkpoint ({type(error).__name__}): remove it to start over."
        ) from error
    differing = sorted(key for key in facts if facts[key] != known["facts"].get(key))
    if differing:
        raise InputError(
            f"{folder} holds an unfinished training with another {', '.join(differing)}: resume it with the same "
            "settings, choose another folder, or pass --force to start over."
        )
    device = learners[0].silent.device
    for i, one in enumerate(learners):
        mine = {k.partition("/")[2]: t.to(device) for k, t in tensors.items() if k.startswith(f"{i}/")}
        one.restore({k: _scalar(k, t) for k, t in mine.items()}, known["state"][i], known["done"])
    return known["history"]


def _scalar(key: str, tensor: Tensor) -> Tensor:
    return tensor.to(torch.float32) if key.endswith(".step") else tensor
