"""Whether two probes read the same direction."""

from __future__ import annotations

from typing import Any

import numpy as np

from sonde.base.errors import InputError
from sonde.run.folder import Run


def direction_cosine(a: Run, b: Run) -> dict[str, Any]:
    """Return the cosine of the directions of two runs' probes, in raw activation space, or why there is none.

    Returns:
        `value` (-1…1, or None with `reason`), and `random`: 95 % of pairs of random directions of this width lie within
        ± this (the cosine of two uniform directions in d dimensions has variance 1/d).
    """
    model_a, model_b = (run.content["model"] for run in (a, b))
    if model_a["fingerprint"] != model_b["fingerprint"]:
        return _none(f"the models differ ({model_a['name']} and {model_b['name']}), so their activations do")
    site_a, site_b = (run.content["selected"]["site"] for run in (a, b))
    if site_a != site_b:
        return _none(f"the probes read different sites ({site_a} and {site_b})")
    try:
        directions = [_direction(run) for run in (a, b)]
    except InputError as error:
        return _none(str(error))
    if len(directions[0]) != len(directions[1]):
        return _none(f"the widths differ ({len(directions[0])} and {len(directions[1])})")
    width = len(directions[0])
    return {"value": float(np.clip(directions[0] @ directions[1], -1, 1)), "random": float(1.96 / np.sqrt(width))}


def _direction(run: Run) -> np.ndarray:
    probe = run.probe()
    if not hasattr(type(probe), "direction_"):
        raise InputError(f"a {run.content['selected']['probe']} probe has no single direction")
    return np.asarray(probe.direction_, dtype=np.float64)


def _none(reason: str) -> dict[str, Any]:
    return {"value": None, "reason": reason}
