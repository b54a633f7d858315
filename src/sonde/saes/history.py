"""What a training tells while it runs: a file of figures, and a sentence early when it is failing."""

from __future__ import annotations

import json
import logging
import math
from pathlib import Path
from typing import Any

from torch import Tensor

from sonde.base.errors import SondeError
from sonde.saes.architecture import Step
from sonde.saes.learner import Learner

log = logging.getLogger("sonde.saes")

FILE = "history.jsonl"


def figures(learner: Learner, step: Step, X: Tensor, samples: int) -> dict[str, Any]:
    """Return one line of the history, of the batch `X` `[b, d]` just learnt from.

    Keys: `samples` seen, `loss` (squared error a row, scaled rows), `explained_variance`, `l0`, `dead` (share of
    latents), and what the architecture carries (`coefficient`, `threshold`).
    """
    variance = float((X - X.mean(0)).square().sum())
    rows = len(X) * learner.peers.world
    return {
        "samples": samples,
        "loss": float(step.loss),
        "explained_variance": 1.0 - float(step.error.square().sum()) / variance if variance > 0 else None,
        "l0": float(step.fired.sum()) / rows,
        "dead": len(learner.dead) / learner.config.d_sae,
        **{key: value for key, value in learner.state.items() if key not in ("last", "log_l0")},
    }


class History:
    """The figures of one training, in memory and, with a folder, in `history.jsonl`.

    Args:
        folder: where the file is; None = memory only.
        rows: lines kept from before an interruption.
    """

    def __init__(self, folder: Path | None, rows: list[dict[str, Any]]) -> None:
        self.rows = list(rows)
        self._path = None if folder is None else folder / FILE
        if self._path is not None:
            self._path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")

    def add(self, row: dict[str, Any]) -> None:
        """Append a line."""
        self.rows.append(row)
        if self._path is not None:
            with self._path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(row) + "\n")


class Watch:
    """Says early that a training is failing: stops what cannot recover, warns of the rest, each once."""

    def __init__(self) -> None:
        self._said: set[str] = set()

    def look(self, learner: Learner, row: dict[str, Any]) -> None:
        """Look at one line of the history.

        Raises:
            SondeError: the loss is not finite, or every latent is dead.
        """
        name, progress = learner.config.name, learner.done / learner.steps
        if not math.isfinite(row["loss"]):
            raise SondeError(
                f"The training of {name} diverged: the loss is {row['loss']} after {row['samples']:,} rows; lower its "
                f"learning_rate (now {learner.config.rate:.2g}), or look for outliers among the activations."
            )
        if row["l0"] == 0 or row["dead"] == 1:
            raise SondeError(
                f"All {learner.config.d_sae:,} latents of {name} are dead after {row['samples']:,} rows, so nothing is "
                f"being learnt: lower its {'coefficient' if learner.config.coefficient else 'learning_rate'}."
            )
        target = learner.config.k
        steered = learner.config.coefficient is None
        if steered and progress > 0.5 and not 0.5 <= row["l0"] / target <= 2:
            self._warn(
                "l0",
                f"{name} has {row['l0']:.1f} latents active a row after half of its training, the target is "
                f"{target:g}: train longer, or start nearer with coefficient=…",
            )
        if progress > 0.5 and row["dead"] > 0.5:
            self._warn(
                "dead",
                f"{row['dead']:.0%} of the latents of {name} are dead after half of its training: take a smaller d_sae "
                "or more data.",
            )

    def _warn(self, kind: str, sentence: str) -> None:
        if kind not in self._said:
            self._said.add(kind)
            log.warning("%s", sentence)
