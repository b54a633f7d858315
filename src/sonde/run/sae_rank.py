"""Ranking the latents of an autoencoder by a concept."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sonde.capture import Model
from sonde.run.names import load_dataset
from sonde.run.sae_open import capture_for, model_for, open_sae, trained_tokens, warn_of_l0
from sonde.saes import SAE, Ranking, rank_latents, sae_table
from sonde.scores import Estimate
from sonde.text import Dataset


def rank(
    sae: SAE | str | Path,
    concept: Any,
    *,
    model: str | Model | None = None,
    tokens: str | None = None,
    others: Sequence[SAE | str | Path] = (),
    pool: str = "max",
    top: int = 20,
    resamples: int = 1000,
    seed: int = 0,
    device: str | None = None,
) -> Ranking:
    """Rank the latents of an autoencoder by a labelled concept.

    Args:
        sae: an autoencoder, its folder, or `RELEASE:ID`.
        concept: a labelled data set (a built-in name, a file, or a `Dataset`), which the model is run on; or what
            `sonde.saes.rank_latents` takes, labelled activations or arrays.
        model: the model; None = the one the autoencoder names.
        tokens: which tokens count; None = those it was trained on.
        others: autoencoders of other seeds, for stability.
        pool, top, resamples, seed: as of `sonde.saes.rank_latents`.
        device: where the model runs.

    Raises:
        InputError: the data has no labels, or another model or site.

    Example:
        >>> import torch
        >>> from sonde.saes import neuron_sae
        >>> X, y = torch.randn(60, 4), [0, 1] * 30
        >>> len(rank(neuron_sae(X), (X, y), resamples=100).content["latents"])
        8
    """
    opened = sae if isinstance(sae, SAE) else open_sae(sae)
    rest = [other if isinstance(other, SAE) else open_sae(other) for other in others]
    if isinstance(concept, (str, Path, Dataset)):
        data = concept if isinstance(concept, Dataset) else load_dataset(concept)
        concept = capture_for(opened, model_for(opened, model, device), data, tokens)
    ranking = rank_latents(opened, concept, others=rest, pool=pool, top=top, resamples=resamples, seed=seed)
    if tokens is None or tokens == trained_tokens(opened):  # elsewhere another sparsity is nothing to wonder at
        warn_of_l0(opened, ranking.content["l0"]["here"])
    return ranking


def ranking_table(ranking: Ranking, top: int = 10) -> str:
    """Return a ranking as text: detectors, then latents, then what else was found, then the sentence."""
    content = ranking.content
    lines = [f"test AUROC for {content['positive']!r} ({content['n']['test']} test rows, {content['groups']} groups)"]
    rows = sae_table(ranking)["rows"]
    width = max(len(row["detector"]) for row in rows)
    lines += [f"  {row['detector'].ljust(width)}  {_estimate(row['test'])}" for row in rows]
    if content["reconstruction"]:
        lines += [
            f"  dense on {k.ljust(width - 9)}  {_estimate(v['test'])}" for k, v in content["reconstruction"].items()
        ]
    lines += ["", "latent   z train  density  F1 test  stability  test AUROC"]
    for row in content["latents"][:top]:
        stability = "    -" if row["stability"] is None else f"{row['stability']:.3f}"
        lines.append(
            f"{row['latent']:>6}  {row['z']:>+8.1f}  {row['density']:>7.3f}  {row['f1']:>7.3f}  {stability:>9}  "
            f"{_estimate(row['test'])}"
        )
    taken = content["absorption"]
    if taken is not None:
        share = "none to absorb" if taken["absorbed"] is None else f"{taken['absorbed']:.1%} of these by another latent"
        lines += ["", f"best latent silent on {taken['missed']:.1%} of the positives; absorbed: {share}"]
    if content["pw_mcc"] is not None:
        lines.append(f"PW-MCC over seeds: {content['pw_mcc']:.3f}")
    return "\n".join([*lines, "", content["sentence"]])


def _estimate(entry: dict[str, Any]) -> str:
    shown = Estimate(
        entry["value"], entry["low"], entry["high"], reason=entry.get("reason") or "", note=entry.get("note") or ""
    )
    return str(shown)
