"""Is this installation sound? Versions, devices, and the embedded model read through the ordinary path."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Check:
    """One thing that was looked at."""

    name: str
    passed: bool
    detail: str

    def to_json(self) -> dict[str, object]:
        """Return the fields as a mapping."""
        return asdict(self)


def diagnose() -> list[Check]:
    """Run every check; a check that raises has failed, with its message as detail."""
    checks: dict[str, Callable[[], str]] = {
        "python": lambda: sys.version.split()[0],
        "packages": _packages,
        "device": _device,
        "hub": _hub,
        "recipes": _recipes,
        "cretan": _cretan,
        "self-check": _self_check,
    }
    return [_run(name, check) for name, check in checks.items()]


def _run(name: str, check: Callable[[], str]) -> Check:
    try:
        return Check(name, True, check())
    except Exception as error:
        return Check(name, False, f"{type(error).__name__}: {(str(error).splitlines() or [''])[0]}")


def _packages() -> str:
    from sonde.run.content import versions

    return ", ".join(f"{name} {number}" for name, number in versions().items() if name != "python")


def _device() -> str:
    import torch

    from sonde.base.devices import choose_device

    device = choose_device()
    if device.type == "cuda":
        memory = torch.cuda.get_device_properties(device).total_memory / 2**30
        return f"{torch.cuda.get_device_name(device)}, {memory:.0f} GiB"
    return f"{device.type}, {torch.get_num_threads()} threads"


def _hub() -> str:
    offline = os.environ.get("HF_HUB_OFFLINE", "") not in ("", "0")
    return "offline (HF_HUB_OFFLINE is set): hub names resolve only to what is cached" if offline else "online"


def _recipes() -> str:
    from sonde.recipe import read_recipe
    from sonde.run.names import recipe_folder

    return ", ".join(sorted(read_recipe(path).name for path in recipe_folder().glob("*.toml")))


def _cretan() -> str:
    from sonde.run.names import load_model

    model = load_model("cretan", device="cpu")
    return f"{model.n_layers} layers of width {model.d_model}, fingerprint {model.fingerprint[:12]}"


def _self_check() -> str:
    from sonde.run.names import load_dataset, load_model

    model = load_model("cretan", device="cpu")
    data = load_dataset("cretan:honest-chat", n=4)
    tokens = model.tokenize(data)
    found = model.self_check(model.resolve_sites("resid_post"), [tokens.ids(i) for i in range(len(tokens))])
    return ", ".join(f"{name} {value}" for name, value in found.items())
