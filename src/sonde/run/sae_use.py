"""Using an autoencoder: ranking its latents by a concept, and scoring it or text with it."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from sonde.activations import Activations
from sonde.base.errors import InputError
from sonde.base.tables import ROLES
from sonde.capture import Model, capture, splice
from sonde.run.names import load_dataset, load_model
from sonde.run.score_source import read_source
from sonde.saes import SAE, Ranking, load_sae, quality, rank_latents, recovered, sae_table
from sonde.scores import Estimate
from sonde.text import Dataset

log = logging.getLogger("sonde.saes")

NOTHING_LOST = "undefined: without the site the model predicts these tokens no worse"


def open_sae(name: str | Path) -> SAE:
    """Open an autoencoder: a folder, or `RELEASE:ID` of a pretrained release of sae-lens."""
    text = str(name)
    if ":" in text and not Path(text).exists():
        from sonde.saes import load_pretrained

        release, _, sae_id = text.partition(":")
        return load_pretrained(release, sae_id)
    return load_sae(text)


def model_for(sae: SAE, model: str | Model | None, device: str | None = None) -> Model:
    """Return the model an autoencoder reads, checked to be the one it was trained on.

    Raises:
        InputError: none is named, or it is another model.
    """
    if model is None and not sae.model_name:
        raise InputError("This SAE names no model: pass the one it was trained on with --model.")
    try:
        loaded = model if isinstance(model, Model) else load_model(model or sae.model_name, device=device)
    except InputError as error:
        if model is not None:
            raise
        raise InputError(
            f"The model {sae.model_name!r} that this SAE was trained on cannot be loaded by that name: pass its folder "
            "or hub name with --model."
        ) from error
    known = (sae.training.get("fingerprint") or {}).get("model_fingerprint")
    if known and known != loaded.fingerprint:
        raise InputError(
            f"This SAE was trained on model {sae.model_name} ({known[:12]}), got {loaded.name} "
            f"({loaded.fingerprint[:12]}): load the model it was trained on."
        )
    return loaded


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


def capture_for(sae: SAE, model: Model, data: Any, tokens: str | None = None) -> Activations:
    """Return the activations of the autoencoder's site, at the tokens it was trained on unless told otherwise."""
    if not sae.site:
        raise InputError("This SAE names no site, so nothing can be captured for it: rank it on activations instead.")
    made: Any = capture(model, data, sites=[sae.site], tokens=tokens or trained_tokens(sae))
    return made


def trained_tokens(sae: SAE) -> str:
    """Return the selector of the tokens that an autoencoder was trained on, as far as it is recorded."""
    return str((sae.training.get("fingerprint") or {}).get("tokens") or "all")


def warn_of_l0(sae: SAE, here: float) -> None:
    """Say so when an autoencoder is far from the sparsity recorded with it: the wrong architecture, site or model."""
    recorded = sae.training.get("l0") or sae.metadata.get("l0")
    if recorded and not 0.5 <= here / recorded <= 2:
        log.warning(
            "This SAE has %.1f latents active a row here, recorded with it are %.1f: check architecture, site, tokens "
            "and model.",
            here,
            recorded,
        )


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


@dataclass(frozen=True)
class SAEScores:
    """How well an autoencoder does on some text.

    Attributes:
        content: `l0`, `explained_variance`, `cosine`, `never_fired`, `rows`; and with the model spliced:
            `predicted` (which `tokens` count, and how many, `n`), `cross_entropy` and `kl` (nats a token: `clean`,
            `sae`, `zero`, `mean`) and `recovered`.
    """

    content: dict[str, Any]

    def table(self) -> str:
        """Return the figures as text."""
        c = self.content
        lines = [
            f"rows                   {c['rows']:,}",
            f"L0                     {c['l0']:.2f}",
            f"explained variance     {c['explained_variance']:.4f}",
            f"cosine                 {c['cosine']:.4f}",
            f"never fired here       {c['never_fired']:.1%}",
            f"predicted tokens       {c['predicted']['n']:,} ({c['predicted']['tokens']})",
        ]
        for name in ("clean", "sae", "zero", "mean"):
            lines.append(
                f"cross-entropy, {name:<8}{c['cross_entropy'][name]:.4f} nats a token (KL {c['kl'][name]:.4f})"
            )
        for name, value in c["recovered"].items():
            lines.append(f"recovered, {name:<12}{NOTHING_LOST if value is None else f'{value:.4f}'}")
        return "\n".join(lines)


def score_sae(
    sae: SAE | str | Path,
    data: Any,
    *,
    model: str | Model | None = None,
    predicted: str | None = None,
    device: str | None = None,
) -> SAEScores:
    """Measure an autoencoder on text: sparsity, reconstruction, and what the model loses when it is spliced in.

    A share of the cross-entropy is recovered only where the model predicts the tokens well: on tokens that it was
    never trained to predict (the prompts of a chat model such as Cretan) losing the site may even help. The KL from the
    unchanged model has a meaning everywhere.

    Args:
        sae: an autoencoder, its folder, or `RELEASE:ID`.
        data: a data set (a name, a file, a `Dataset`) or a text.
        model: the model; None = the one the autoencoder names.
        predicted: selector of the tokens whose prediction counts; None = the assistant's where there are any, else all.
        device: where the model runs.

    Raises:
        InputError: a transcoder, another model, a site that cannot be replaced, or no token that is predicted.
    """
    opened = sae if isinstance(sae, SAE) else open_sae(sae)
    if not opened.reconstructs:
        raise InputError(
            f"A {opened.architecture} of sae-lens reads {opened.site or 'one site'} and writes another, so it cannot "
            "be spliced into the site it reads: rank or page its latents, or use an autoencoder."
        )
    loaded = model_for(opened, model, device)
    dataset = read_source(data) if isinstance(data, str) else data
    acts = capture_for(opened, loaded, dataset, "all")
    figures = quality(opened, acts[opened.site].split(4096))
    warn_of_l0(opened, figures["l0"])

    def replace(rows: torch.Tensor) -> torch.Tensor:
        return opened.reconstruct(rows).to(rows)

    counted = predicted or ("assistant" if (acts.tokens.role == ROLES.index("assistant")).any() else "all")
    losses = splice(loaded, dataset, opened.site, {"sae": replace}, predicted=counted)
    entropy = {name: loss.cross_entropy for name, loss in losses.items()}
    kl = {name: loss.kl for name, loss in losses.items()}
    told = {"predicted": {"tokens": counted, "n": losses["clean"].tokens}, "cross_entropy": entropy, "kl": kl}
    return SAEScores({**figures, **told, "recovered": recovered(entropy, kl)})


def _estimate(entry: dict[str, Any]) -> str:
    shown = Estimate(
        entry["value"], entry["low"], entry["high"], reason=entry.get("reason") or "", note=entry.get("note") or ""
    )
    return str(shown)


@dataclass(frozen=True)
class LatentScores:
    """What some latents say of each token.

    Attributes:
        content: `latents`, and per example `id`, `tokens` and `activations` (one list a latent).
    """

    content: dict[str, Any]

    def table(self) -> str:
        """Return one line a token of each example."""
        lines = []
        for example in self.content["examples"]:
            lines += [example["id"], "  " + "".join(f"{f'latent {i}':>14}" for i in self.content["latents"])]
            for j, token in enumerate(example["tokens"]):
                lines.append(
                    "  " + "".join(f"{values[j]:>14.4f}" for values in example["activations"]) + f"  {token!r}"
                )
        return "\n".join(lines)


def latent_scores(
    sae: SAE | str | Path,
    data: Any,
    latents: Sequence[int],
    *,
    model: str | Model | None = None,
    device: str | None = None,
) -> LatentScores:
    """Return the activation of some latents at every token.

    Raises:
        InputError: no such latent, or another model.
    """
    opened = sae if isinstance(sae, SAE) else open_sae(sae)
    for latent in latents:
        check_latent(opened, latent)
    acts = capture_for(opened, model_for(opened, model, device), read_source(data), "all")
    strings, bounds = acts.tokens.strings, acts.offsets
    Z = torch.cat([block[:, list(latents)].cpu() for block in opened.blocks(acts[opened.site])])
    examples = [
        {
            "id": name,
            "tokens": strings[bounds[i] : bounds[i + 1]],
            "activations": Z[bounds[i] : bounds[i + 1]].T.tolist(),
        }
        for i, name in enumerate(acts.examples.ids)
    ]
    return LatentScores({"latents": list(latents), "examples": examples})


def check_latent(sae: SAE, latent: int) -> None:
    """Refuse a latent that is not there.

    Raises:
        InputError: it is not.
    """
    if not 0 <= latent < sae.d_sae:
        raise InputError(f"There is no latent {latent}: this SAE has {sae.d_sae:,}, numbered from 0.")
