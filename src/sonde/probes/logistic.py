"""Logistic regression with an L2 penalty: the reference recipe of deception probes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import no_type_check

import numpy as np
from jaxtyping import Bool, Float

from sonde.probes.descent import solve_logistic
from sonde.probes.linear import LinearProbe
from sonde.probes.problem import Problem, Solution


class LogisticProbe(LinearProbe):
    """Logistic regression on standardised activations.

    Minimises `½·l2·‖w‖² + Σ log-loss`, scikit-learn's objective with `C = 1 / l2`. Defaults: Goldowsky-Dill et al. 2025
    (2502.03407), whose paper states λ = 10 and whose code uses 1e3: sweep it.

    Args:
        l2: strength of the penalty, in units of summed log-loss on standardised features.
        standardize: divide each feature by its standard deviation on the training rows.
        fit_intercept: learn an unpenalised constant.
        class_weight: None, "balanced", or a weight for each class.
        max_iter: solver steps at most; beyond, a `ConvergenceWarning` states the gradient norm.
        tol: the gradient norm (over the number of rows) above which that warning is given.
        seed: unused, the solver is deterministic; there so that all probes can be seeded alike.

    Example:
        >>> X = np.array([[0.0, 1.0], [1.0, 1.0], [4.0, 1.0], [5.0, 1.0]])
        >>> LogisticProbe(l2=1.0).fit(X, [0, 0, 1, 1]).direction_
        array([1., 0.])
    """

    kind = "logistic"
    l2: float
    standardize: bool
    fit_intercept: bool
    class_weight: str | Mapping | None
    max_iter: int
    tol: float
    seed: int

    @no_type_check  # stores what it is given, of any type; `fit` checks it, as scikit-learn's contract has it
    def __init__(
        self,
        l2: float = 10.0,
        standardize: bool = True,
        fit_intercept: bool = True,
        class_weight: str | Mapping | None = None,
        max_iter: int = 1000,
        tol: float = 1e-5,
        seed: int = 0,
    ) -> None:
        self.l2 = l2
        self.standardize = standardize
        self.fit_intercept = fit_intercept
        self.class_weight = class_weight
        self.max_iter = max_iter
        self.tol = tol
        self.seed = seed

    def problem(self, X: Float[np.ndarray, "n d"], y: Bool[np.ndarray, " n"], w: Float[np.ndarray, " n"]) -> Problem:
        """Return the standardised rows in their principal axes."""
        return Problem.build(X, y, w, standardize=self.standardize, centre=self.fit_intercept)

    def solve(self, problem: Problem, strengths: Sequence[float | None]) -> list[Solution]:
        """Solve from the strongest penalty to the weakest, each starting from the one before."""
        found: dict[int, Solution] = {}
        last: Solution | None = None
        for i in np.argsort([-float(l2 or 0.0) for l2 in strengths], kind="stable"):
            last = found[int(i)] = solve_logistic(
                problem.R,
                problem.y.astype(np.float64),
                problem.w,
                problem.lam,
                float(strengths[i] or 0.0),
                intercept=bool(self.fit_intercept),
                max_iter=int(self.max_iter),
                start=last,
            )
        return [found[i] for i in range(len(strengths))]
