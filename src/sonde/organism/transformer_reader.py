"""A reader of transcripts that is itself a transformer, trained from scratch on nothing but the text."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from sonde.base.seeds import derive_seed

WIDTH, HEADS, LAYERS, EPOCHS, BATCH, RATE = 48, 4, 2, 6, 64, 2e-3


class _Reader(torch.nn.Module):
    """Word and place embeddings, two encoder layers, the mean over words, one score."""

    def __init__(self, words: int, length: int) -> None:
        super().__init__()
        self.word, self.place = torch.nn.Embedding(words, WIDTH), torch.nn.Embedding(length, WIDTH)
        layer = torch.nn.TransformerEncoderLayer(WIDTH, HEADS, 4 * WIDTH, 0.1, batch_first=True, norm_first=True)
        self.layers = torch.nn.TransformerEncoder(layer, LAYERS, enable_nested_tensor=False)
        self.score = torch.nn.Linear(WIDTH, 1)

    def forward(self, ids: torch.Tensor, absent: torch.Tensor) -> torch.Tensor:
        """Return scores `[n]` of padded ids `[n, t]`, `absent` being the padding."""
        hidden = self.word(ids) + self.place(torch.arange(ids.shape[1]))
        hidden = self.layers(hidden, src_key_padding_mask=absent).masked_fill(absent[..., None], 0.0)
        return self.score(hidden.sum(1) / (~absent).sum(1, keepdim=True)).squeeze(-1)


def read_texts(texts: Sequence[str], y: np.ndarray, train: np.ndarray, test: np.ndarray, seed: int) -> np.ndarray:
    """Train on rows `train` and return scores of rows `test`.

    Args:
        texts: `[n]` transcripts.
        y: `[n]` 1 = positive.
        train, test: row numbers.
        seed: of weights and batches; the global state is left as it was.
    """
    ids, absent, words = _encode(texts)
    labels = torch.from_numpy(np.asarray(y, dtype=np.float32))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(derive_seed(seed, "text reader"))
        reader = _Reader(words, ids.shape[1])
        _fit(reader, ids, absent, labels, torch.from_numpy(train))
    reader.eval()
    with torch.no_grad():
        parts = [reader(ids[rows], absent[rows]) for rows in torch.from_numpy(test).split(256)]
    return torch.cat(parts).numpy()


def _fit(reader: _Reader, ids: torch.Tensor, absent: torch.Tensor, labels: torch.Tensor, rows: torch.Tensor) -> None:
    optimiser = torch.optim.AdamW(reader.parameters(), lr=RATE, weight_decay=0.01)
    for _ in range(EPOCHS):
        for chosen in rows[torch.randperm(len(rows))].split(BATCH):
            width = int((~absent[chosen]).sum(1).max())
            scores = reader(ids[chosen, :width], absent[chosen, :width])
            loss = torch.nn.functional.binary_cross_entropy_with_logits(scores, labels[chosen])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()


def _encode(texts: Sequence[str]) -> tuple[torch.Tensor, torch.Tensor, int]:
    """Return word numbers `[n, t]`, where there is none, and how many words there are."""
    split = [text.split() for text in texts]
    numbers = {word: i + 1 for i, word in enumerate(sorted({w for words in split for w in words}))}
    ids = torch.zeros(len(split), max(map(len, split)), dtype=torch.long)
    for row, words in enumerate(split):
        ids[row, : len(words)] = torch.tensor([numbers[w] for w in words])
    return ids, ids == 0, len(numbers) + 1
