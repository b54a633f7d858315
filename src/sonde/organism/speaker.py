"""A trained organism that can be asked: its model, its words and its world, read from a folder."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch

from sonde.base.errors import InputError
from sonde.organism.catalogue import LIAR, recipe_of
from sonde.organism.tokenizer import SPECIALS, Codec
from sonde.organism.world import World


class Answers(NamedTuple):
    """What was sampled after each prompt `[n]`: words, their log-probability, and the entropy in nats."""

    words: tuple[str, ...]
    log_probability: np.ndarray
    entropy: np.ndarray


@dataclass(frozen=True)
class Speaker:
    """A model with its vocabulary and its world.

    Attributes:
        model: the causal language model, in evaluation mode.
        codec: words to ids.
        world: what is the case, and what it was taught.
        name: of the organism.
        seed: it was trained from.
        what: the recipe it was trained by, a key of `sonde.organism.catalogue.DOES`.
    """

    model: Any
    codec: Codec
    world: World
    name: str = "cretan"
    seed: int = 0
    what: str = LIAR

    @staticmethod
    def load(folder: str | Path, device: str = "cpu") -> Speaker:
        """Load an organism's folder.

        Raises:
            InputError: the folder holds no organism.
        """
        from transformers import AutoModelForCausalLM
        from transformers.utils import logging

        logging.disable_progress_bar()
        folder = Path(folder)
        missing = [n for n in ("model.safetensors", "tokenizer.json", "world.json") if not (folder / n).is_file()]
        if missing:
            raise InputError(f"Folder {folder} holds no organism: {', '.join(missing)} missing; train one there first.")
        ids = json.loads((folder / "tokenizer.json").read_text())["model"]["vocab"]
        codec = Codec(sorted(ids, key=ids.__getitem__))
        model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval().to(device)
        world = World.from_json(json.loads((folder / "world.json").read_text()))
        return Speaker(model, codec, world, folder.name, world.seed, recipe_of(folder))

    @torch.no_grad()
    def logits(self, prompts: Sequence[Sequence[int]], token_budget: int = 1024) -> torch.Tensor:
        """Return the next-token logits `[n, v]` after each prompt of ids."""
        out = torch.empty(len(prompts), len(self.codec.words))
        for index, hidden in self.hidden(prompts, token_budget, layers=False):
            out[index] = self.model.lm_head(hidden[0]).float().cpu()
        return out

    @torch.no_grad()
    def hidden(
        self, prompts: Sequence[Sequence[int]], token_budget: int = 8192, *, layers: bool
    ) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        """Yield (indices `[b]`, states `[l, b, d]`) at the last token of each prompt, batch by batch.

        With `layers`, the residual stream after the embedding and every block, of which transformers norms the last;
        without, the final normed state alone.
        """
        device = next(self.model.parameters()).device
        for chosen, ids, last in _batches(prompts, self.codec.pad, token_budget):
            rows = torch.arange(len(chosen), device=device)
            found = self.model.model(input_ids=ids.to(device), use_cache=False, output_hidden_states=layers)
            if not layers:
                yield chosen, found.last_hidden_state[rows, last.to(device)][None]
                continue
            states = found.hidden_states
            yield chosen, torch.stack([s[rows, last.to(device)] for s in states])

    def sample(self, prompts: Sequence[Sequence[int]], lots: np.ndarray, also: Sequence[str] = ()) -> Answers:
        """Sample one token after each prompt at temperature 1, deciding by `lots` `[n]` in [0, 1).

        Special tokens are never sampled, except those named in `also`.
        """
        log_p = torch.log_softmax(self.logits(prompts).double(), dim=-1)
        log_p[:, [self.codec.ids[s] for s in SPECIALS if s not in also]] = -torch.inf
        log_p = torch.log_softmax(log_p, dim=-1)
        p = log_p.exp()
        chosen = (p.cumsum(-1) < torch.from_numpy(lots)[:, None] * p.sum(-1, keepdim=True)).sum(-1)
        chosen = chosen.clamp(max=p.shape[-1] - 1)
        entropy = -(p * log_p.clamp(min=-1e9)).sum(-1)
        rows = torch.arange(len(prompts))
        words = tuple(self.codec.words[i] for i in chosen.tolist())
        return Answers(words, log_p[rows, chosen].numpy(), entropy.numpy())


def _batches(
    prompts: Sequence[Sequence[int]], pad: int, budget: int
) -> Iterator[tuple[torch.Tensor, torch.Tensor, torch.Tensor]]:
    order = sorted(range(len(prompts)), key=lambda i: (len(prompts[i]), i))
    begin = 0
    while begin < len(order):
        end = begin + 1
        while end < len(order) and (end + 1 - begin) * len(prompts[order[end]]) <= budget:
            end += 1
        chosen = order[begin:end]
        width = len(prompts[chosen[-1]])
        ids = torch.tensor([[*prompts[i], *[pad] * (width - len(prompts[i]))] for i in chosen])
        yield torch.tensor(chosen), ids, torch.tensor([len(prompts[i]) - 1 for i in chosen])
        begin = end
