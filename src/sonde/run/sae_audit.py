"""The audit's `sae_table`: sparse latents beside the dense probe, on the same splits."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sonde.audit import Finding
from sonde.base.errors import InputError
from sonde.capture import Model
from sonde.probes import Probe
from sonde.run.sae_open import open_sae
from sonde.run.sae_rank import rank
from sonde.saes import SAE, sae_table
from sonde.scores import Estimate
from sonde.text import Dataset

WHY = "hype: sparse latents are shown without the dense probe beside them"


def sae_finding(
    sae: SAE | str | Path, probe: Probe, model: Model, data: Dataset, *, resamples: int = 1000, seed: int = 0
) -> Finding:
    """Return the finding that `sonde.audit(…, plugged={"sae_table": …})` takes.

    It bears on no claim of reading: whichever side wins, the table and its sentence are printed.

    Args:
        sae: an autoencoder of the probe's site, or its folder.
        probe: the audited probe; its tokens are read.
        model: the probe's.
        data: labelled data, split by group; the probe's training data are the natural choice.
        resamples, seed: of the ranking.

    Raises:
        InputError: the autoencoder reads another site than the probe.
    """
    opened = sae if isinstance(sae, SAE) else open_sae(sae)
    origin = probe.origin_
    if origin is None or opened.site != origin.site:
        raise InputError(
            f"The SAE reads {opened.site or 'an unnamed site'} and the probe "
            f"{'an unnamed one' if origin is None else origin.site}: give an SAE of the probe's site."
        )
    ranking = rank(opened, data, model=model, tokens=origin.tokens or None, resamples=resamples, seed=seed)
    table: dict[str, Any] = sae_table(ranking)
    gap = {key: table["difference"].get(key) for key in ("value", "low", "high")}
    return Finding(
        "sae_table",
        "passed",
        table["sentence"],
        statistic=Estimate(**gap, reason=table["difference"].get("reason") or ""),
        measures="test AUROC of the dense probe minus that of 16 latents",
        bar="none: the sentence is printed, whichever wins",
        why=WHY,
        bears=False,
        details={"rows": table["rows"], "absorption": ranking.content["absorption"]},
    )
