"""The frozen values the room draws on. Whoever runs the experiment fills them; nothing here computes a result."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np


@dataclass(frozen=True)
class TokenStrip:
    """One example, token by token.

    Attributes:
        example_id: the dialogue's id.
        class_name: the example's class in words; empty when unlabelled.
        score: the example's score, higher = more of the positive class; None where only its tokens have one.
        tokens: the characters each token covers; empty for a token without characters of its own.
        scores: one a token, on the scale of `score`; None = the probe did not read this token.
        roles: one a token, a name of `sonde.base.tables.ROLES`.
    """

    example_id: str
    class_name: str
    score: float | None
    tokens: tuple[str, ...]
    scores: tuple[float | None, ...]
    roles: tuple[str, ...]

    def __post_init__(self) -> None:
        if not len(self.tokens) == len(self.scores) == len(self.roles):
            raise ValueError(
                f"TokenStrip {self.example_id!r} has {len(self.tokens)} tokens, {len(self.scores)} scores and "
                f"{len(self.roles)} roles: expected one score and one role a token"
            )


@dataclass(frozen=True)
class ReportData:
    """Everything one report draws.

    Attributes:
        run: the content of `run.json` (schema 1). Beside the keys the schema fixes, the page shows, where present:
            `positive`, `negative` (class names), `train` (`name`, `n_positive`, `n_negative`, `groups`), `selected`'s
            `tokens` and `pool`, `data` (a list of `role`, `name`, `n`, `source`, `licence`, `sha256`, `policy`,
            `notes`), `recipe_text` (the recipe as run), `versions` (name → version), `warnings` (sentences), `created`.
            A baseline holds `auroc`, or one such mapping a test set.
        sweep: the selection grid, rows of `site`, `layer` (None for sites outside the layers), `probe`, `l2`,
            `auroc` (`value`, `low`, `high`), all on validation folds.
        test: test set → (labels `[n]`, 1 = positive; scores `[n]`).
        control: scores `[n]` of the control set that fixed the threshold, or None.
        strips: data set → the token strips to show, usually of its highest and lowest scored examples.
    """

    run: Mapping[str, Any]
    sweep: Sequence[Mapping[str, Any]] = ()
    test: Mapping[str, tuple[np.ndarray, np.ndarray]] = field(default_factory=dict)
    control: np.ndarray | None = None
    strips: Mapping[str, Sequence[TokenStrip]] = field(default_factory=dict)

    @property
    def positive(self) -> str:
        """Name of the positive class."""
        return str(self.run.get("positive", "positive"))

    @property
    def negative(self) -> str:
        """Name of the negative class."""
        return str(self.run.get("negative", "negative"))

    @property
    def threshold(self) -> float | None:
        """The decision threshold, or None when none was set."""
        return (self.run.get("threshold") or {}).get("value")

    @property
    def headline_test(self) -> str | None:
        """The test set the headline speaks of: the first of `run["test"]`."""
        return next(iter(self.run.get("test") or {}), None)
