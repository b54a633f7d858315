"""Scoring an autoencoder on text, and text by its latents."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from sonde.base.errors import InputError
from sonde.base.tables import ROLES
from sonde.capture import Model, splice
from sonde.run.sae_open import capture_for, check_latent, model_for, open_sae, warn_of_l0
from sonde.run.score_source import read_source
from sonde.saes import SAE, quality, recovered

NOTHING_LOST = "undefined: without the site the model predicts these tokens no worse"


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
