"""The probe refitted on many labellings of the same rows at once: what makes a thousand permutations cheap.

All labellings share the rows, so every step is one matrix product for all of them.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from jaxtyping import Bool, Float

from sonde.probes import Probe, Problem

#: Labellings solved together: what bounds the memory.
BLOCK = 256
STEPS = 200
#: The largest gradient entry, over the number of rows, at which a labelling counts as solved: AUROCs no longer move.
TOLERANCE = 1e-4


def refit_columns(
    probe: Probe, X: Float[np.ndarray, "n d"], labels: Bool[np.ndarray, "k n"]
) -> tuple[Float[np.ndarray, "d k"], str]:
    """Return for each labelling the weights of a refit, up to a positive factor and without the constant.

    `logistic`, `ridge` and `mean_difference` are refitted as they are; `lda` as ridge, which has the same direction for
    two classes of one covariance; any other type has `ridge` at l2 = 10 stand in for it, and the note says so.

    Args:
        probe: whose type and parameters are refitted; it is not changed.
        X: `[n, d]` rows.
        labels: `[k, n]` labellings, True = positive class; both classes in each.

    Returns:
        `(weights, note)`: scores of rows are `rows @ weights`.
    """
    parameters: dict[str, Any] = probe.get_params()
    kind, note = probe.kind, ""
    if kind not in ("logistic", "ridge", "lda", "mean_difference"):
        note = f"a ridge probe stood in for the {kind} probe in the refits"
        kind, parameters = "ridge", {"l2": 10.0}
    centre = bool(parameters.get("fit_intercept", True))
    problem = Problem.build(
        X, labels[0], np.ones(len(X)), standardize=bool(parameters.get("standardize", True)), centre=centre
    )
    l2 = float(parameters.get("l2") or 0.0)
    blocks = [labels[i : i + BLOCK].T.astype(np.float64) for i in range(0, len(labels), BLOCK)]
    coef = np.concatenate([_solve(kind, problem, Y, l2, centre) for Y in blocks], axis=1)
    return (problem.basis @ coef) / problem.scale[:, None], note


def _solve(kind: str, problem: Problem, Y: np.ndarray, l2: float, centre: bool) -> np.ndarray:
    """Return `[r, k]` weights in principal axes for `[n, k]` targets of 0 and 1."""
    if kind == "logistic":
        return logistic_columns(problem.R, Y, problem.lam, l2, centre)
    share = Y.mean(axis=0)
    if kind == "mean_difference":
        return problem.R.T @ (Y / share - (1 - Y) / (1 - share)) / len(Y)
    return problem.R.T @ (Y - share) / (problem.lam + l2)[:, None]


def logistic_columns(
    R: Float[np.ndarray, "n r"], Y: Float[np.ndarray, "n k"], lam: Float[np.ndarray, " r"], l2: float, centre: bool
) -> Float[np.ndarray, "r k"]:
    """Return the logistic regressions of every column of `Y`, by accelerated majorisation.

    In principal axes the Hessian lies below `lam / 4 + l2` (Böhning & Lindsay 1988), which is diagonal: one step costs
    two matrix products for all columns. Steps are accelerated (Nesterov 1983, restarted where the gradient turns).
    Single precision: only the order of scores is wanted.
    """
    R32, Y32 = R.astype(np.float32), Y.astype(np.float32)
    step = (1.0 / (lam / 4 + l2)).astype(np.float32)[:, None]
    n, c = len(R), np.zeros((R.shape[1], Y.shape[1]), dtype=np.float32)
    b = np.zeros(Y.shape[1], dtype=np.float32)
    if centre:
        b = np.log(Y32.mean(axis=0) / (1 - Y32.mean(axis=0)))
    ahead_c, ahead_b, momentum = c, b, 1.0
    for _ in range(STEPS):
        pull = 1.0 / (1.0 + np.exp(-(R32 @ ahead_c + ahead_b))) - Y32
        gradient = R32.T @ pull + l2 * ahead_c
        new_c = ahead_c - step * gradient
        new_b = ahead_b - (4.0 / n) * pull.sum(axis=0) if centre else ahead_b
        turned = np.vdot(gradient, new_c - c) > 0
        following = 1.0 if turned else (1.0 + np.sqrt(1.0 + 4.0 * momentum**2)) / 2.0
        weight = 0.0 if turned else (momentum - 1.0) / following
        ahead_c, ahead_b = new_c + np.float32(weight) * (new_c - c), new_b + np.float32(weight) * (new_b - b)
        c, b, momentum = new_c, new_b, following
        if np.abs(gradient).max() / n < TOLERANCE:
            break
    return c.astype(np.float64)
