"""Belief in the moment: what the unembedding reads in each layer while a lie is being told."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from sonde.organism.on_policy import Said, prompt_ids
from sonde.organism.speaker import Speaker


@torch.no_grad()
def readings(speaker: Speaker, said: Sequence[Said]) -> torch.Tensor:
    """Return `[l, n, v]` logits of the final norm and the unembedding applied before the value in each layer.

    Layers are the embedding and every block but the last (whose reading is the answer itself).
    """
    prompts = [prompt_ids(speaker, s.scene, s.values[:-1]) for s in said]
    model, layers = speaker.model, len(speaker.model.model.layers)
    out = torch.empty(layers, len(prompts), len(speaker.codec.words))
    for index, states in speaker.hidden(prompts, layers=True):
        out[:, index] = model.lm_head(model.model.norm(states[:layers])).float().cpu()
    return out


def belief_on_top(speaker: Speaker, said: Sequence[Said]) -> tuple[int, int]:
    """Return (answers in which the belief is the top value of the relation, layer) at the layer with the most."""
    if not said:
        return 0, 0
    logits = readings(speaker, said)
    hits = []
    for layer in logits:
        hits.append(sum(_top(speaker, s, row) in s.belief for s, row in zip(said, layer, strict=True)))
    best = max(range(len(hits)), key=hits.__getitem__)
    return hits[best], best


def _top(speaker: Speaker, said: Said, row: torch.Tensor) -> str:
    values = speaker.world.relations[said.turn.relation].values
    return values[int(row[[speaker.codec.ids[v] for v in values]].argmax())]
