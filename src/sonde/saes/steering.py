"""Steering a sparsity penalty to a target: so that `k` means the same for every architecture."""

from __future__ import annotations

from math import exp, log

#: Share of a training over which the running L0 forgets, and over which its trend is carried forward.
MEMORY, HORIZON = 0.01, 0.1
#: Largest change of the coefficient over a whole training, as a logarithm. Small enough that a coefficient which starts
#: low rises for a quarter of the training: latents must have found features before they are thinned out.
REACH = 10.0


def steer(state: dict[str, float], l0: float, target: float, steps: int) -> None:
    """Move `state["coefficient"]` a little towards where `target` latents are active, in place.

    The number of active latents answers a penalty late, so not L0 itself but its trend carried some steps forward is
    compared with the target: a proportional and derivative rule on logarithms, its steps bounded.

    Args:
        state: holds `coefficient`, and `log_l0`, the running logarithm of L0 (NaN before the first batch).
        l0: active latents a row in this batch, over all processes.
        target: what it should become.
        steps: batches of the whole training.
    """
    now = log(max(l0, 1e-3))
    before = now if state["log_l0"] != state["log_l0"] else state["log_l0"]
    memory = max(1.0, MEMORY * steps)
    state["log_l0"] = before + (now - before) / memory
    ahead = state["log_l0"] + HORIZON * steps * (now - before) / memory
    step = max(-1.0, min(1.0, ahead - log(target))) * min(0.05, REACH / steps)
    state["coefficient"] *= exp(step)
