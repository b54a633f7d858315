"""From what was trained to what is used: the autoencoder for raw activations, measured and with its provenance."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from importlib.metadata import version
from typing import Any

from torch import Tensor

from sonde.saes.learner import Learner
from sonde.saes.linear import LinearSAE
from sonde.saes.quality import quality
from sonde.saes.source import Source

log = logging.getLogger("sonde.saes")


def finish(
    learner: Learner,
    history: Sequence[dict[str, Any]],
    source: Source,
    samples: int,
    scale: float,
    rows: Sequence[Tensor],
) -> LinearSAE:
    """Return the autoencoder for raw rows, with what is known of its training.

    Args:
        learner: at its end.
        history: its figures.
        source: what it was trained on.
        samples: rows seen.
        scale: factor of the rows in training.
        rows: raw batches on which the saved form is measured, beside the L0 of training.
    """
    weights = learner.snapshot()
    activation = learner.architecture.activation(weights, learner.state, scale)
    sae = LinearSAE.of_training(weights, activation, scale)
    measured = quality(sae, rows)
    trained = history[-1]["l0"] if history else measured["l0"]
    log.info(
        "%s: L0 %.1f in training, %.1f as saved; explained variance %.3f; %.1f %% of the latents dead",
        learner.config.name,
        trained,
        measured["l0"],
        measured["explained_variance"],
        100 * len(learner.dead) / learner.config.d_sae,
    )
    known = {
        "architecture": learner.config.architecture,
        "config": learner.config.model_dump(mode="json"),
        "samples": samples,
        "rows": source.rows,
        "scale": scale,
        "l0": measured["l0"],
        "l0_in_training": trained,
        "explained_variance": measured["explained_variance"],
        "dead": len(learner.dead) / learner.config.d_sae,
        "fingerprint": {
            k: source.fingerprint.get(k, "") for k in ("model", "model_fingerprint", "data_sha256", "tokens")
        },
        "version": version("sonde"),
    }
    return sae.with_metadata(
        {
            "model_name": source.fingerprint.get("model", ""),
            "hook_name": source.site,
            "sae_lens_version": version("sae-lens"),
            "sonde": known,
        }
    )
