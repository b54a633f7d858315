"""The probe refitted on many labellings of the same rows at once: what makes a thousand permutations cheap.

All labellings share the rows, so every step is one matrix product for all of them.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from jaxtyping import Bool, Float

from sonde.probes import Probe, Problem
from sonde.probes.solver import as_rows, solve_logistic

#: Labellings solved together: what bounds the memory.
BLOCK = 256
#: Relative gap at which a labelling counts as solved: AUROCs no longer move.
GAP = 1e-4


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
    centre, standardize = bool(parameters.get("fit_intercept", True)), bool(parameters.get("standardize", True))
    l2, blocks = float(parameters.get("l2") or 0.0), [labels[i : i + BLOCK] for i in range(0, len(labels), BLOCK)]
    if kind == "logistic":
        solved = [_logistic(X, block, l2, standardize=standardize, centre=centre) for block in blocks]
        return np.concatenate(solved, axis=1), note
    problem = Problem.build(X, labels[0], np.ones(len(X)), standardize=standardize, centre=centre)
    coef = np.concatenate([_closed(kind, problem, block.T.astype(np.float64), l2) for block in blocks], axis=1)
    return (problem.basis @ coef) / problem.scale[:, None], note


def _logistic(X: np.ndarray, labels: np.ndarray, l2: float, *, standardize: bool, centre: bool) -> np.ndarray:
    """Return `[d, k]` weights on raw rows, each labelling a training set of its own to the solver."""
    targets, weights = as_rows(labels), as_rows(np.ones(labels.shape))
    found = solve_logistic(as_rows(X), targets, weights, [l2], standardize=standardize, intercept=centre, gap=GAP)
    return found.rows.unfold(found.coef, found.constant, found.sets)[0].numpy().T


def _closed(kind: str, problem: Problem, Y: np.ndarray, l2: float) -> np.ndarray:
    """Return `[r, k]` weights in principal axes for `[n, k]` targets of 0 and 1."""
    share = Y.mean(axis=0)
    if kind == "mean_difference":
        return problem.R.T @ (Y / share - (1 - Y) / (1 - share)) / len(Y)
    return problem.R.T @ (Y - share) / (problem.lam + l2)[:, None]
