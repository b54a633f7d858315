"""Small made-up activations, the same for every test that asks with the same seed."""

import numpy as np
import torch

from sonde.activations import Activations
from sonde.base.tables import ExampleTable, TokenTable, offsets_of

SITES = {"blocks.0.hook_resid_post": 6, "blocks.1.attn.hook_z": 4}
TEXTS = ("plain", "zwölf 𝔘𝔫𝔦𝔠𝔬𝔡𝔢 \u200b‮", "", "lone \ud800 surrogate", "x" * 40)


class Where:
    """A selector that takes the tokens for which a function of the table is true."""

    def __init__(self, rule, name="where"):
        self.rule, self.name = rule, name

    def mask(self, table):
        return self.rule(table)

    def __str__(self):
        return self.name


def make_tokens(counts, seed=0):
    random = np.random.default_rng(seed)
    t = int(sum(counts))
    starts = np.repeat(offsets_of(np.asarray(counts))[:-1], counts)
    columns = {name: random.integers(0, 5, t) for name in TokenTable.COLUMNS}
    columns["role"] = columns["role"].astype(np.int8)
    columns["special"], columns["target"] = random.random(t) < 0.3, random.random(t) < 0.5
    columns["position"] = np.arange(t) - starts
    return TokenTable(
        **columns,
        offsets=offsets_of(np.asarray(counts)),
        lengths=np.asarray(counts) + 1,
        texts=tuple(TEXTS[i % len(TEXTS)] for i in range(len(counts))),
    )


def make_examples(n):
    return ExampleTable(
        ids=tuple(f"id{i}" for i in range(n)),
        labels=np.arange(n) % 2,
        groups=np.array([f"g{i // 2}" for i in range(n)]),
        tags={"style": tuple("plain" if i % 3 else None for i in range(n))},
        positive="lie",
        negative="truth",
    )


def make_activations(counts=(3, 1, 4, 2), dtype=torch.float32, seed=0, predictions=True):
    random = torch.Generator().manual_seed(seed)
    t = int(sum(counts))
    values = {s: torch.randn(t, d, generator=random).to(dtype) for s, d in SITES.items()}
    said = {"log_probability": torch.randn(t, generator=random)} if predictions else None
    known = {"model": "toy", "model_fingerprint": "f00", "tokens": "all", "data_sha256": "da7a"}
    return Activations(values, make_tokens(counts, seed), make_examples(len(counts)), known, said)


def same_tokens(a, b):
    for name in (*TokenTable.COLUMNS, "offsets", "lengths"):
        assert getattr(a, name).dtype == getattr(b, name).dtype, name
        np.testing.assert_array_equal(getattr(a, name), getattr(b, name), err_msg=name)
    assert a.texts == b.texts


def same_examples(a, b):
    assert (a.ids, dict(a.tags), a.positive, a.negative) == (b.ids, dict(b.tags), b.positive, b.negative)
    np.testing.assert_array_equal(a.labels, b.labels)
    np.testing.assert_array_equal(a.groups, b.groups)
