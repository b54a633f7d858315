"""A batch parted among threads has the gradients of the batch as a whole."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from sonde.organism.corpus import batches, draw_chunk
from sonde.organism.lean import Target, losses
from sonde.organism.passes import Passes, split
from sonde.organism.phases import LEARNING, LEVELLING
from sonde.organism.tokenizer import Codec, vocabulary
from sonde.organism.train import Settings, make_model
from sonde.organism.world import make_world

CODEC = Codec(vocabulary())


def make(seed=0):
    return make_model(Settings(width=64, layers=3, heads=2, hidden=96), len(CODEC.words), 128, seed, CODEC)


@pytest.fixture(scope="module", params=["documents", "hedged"])
def batch(request):
    mixture = LEVELLING.mixture if request.param == "hedged" else LEARNING.mixture
    mixture = replace(mixture, documents=((0.0, 0.3), (1.0, 0.3)))
    sequences = draw_chunk(make_world(0), CODEC, mixture, 0, 0, 3000)
    return next(batches(sequences, CODEC.pad, 1500, 0))


def as_a_whole(batch):
    model = make()
    loss = losses(model, Target(*map(torch.from_numpy, batch)), dtype=torch.float32, early=True)
    (loss.main + 0.2 * loss.early).backward()
    return float(loss.main.detach()), [parameter.grad for parameter in model.parameters()]


@pytest.mark.parametrize("shares", [1, 2, 3, 1000])
def test_parts_add_up_to_the_whole(batch, shares):
    loss, gradients = as_a_whole(batch)
    passes = Passes(make(), torch.float32, 0.2, shares)
    assert float(passes.take(batch)) == pytest.approx(loss, rel=1e-5)
    for parameter, expected in zip(passes.parameters, gradients, strict=True):
        torch.testing.assert_close(parameter.grad, expected, rtol=1e-3, atol=1e-6)
    passes.close()


def test_a_second_batch_does_not_add_to_the_first(batch):
    passes = Passes(make(), torch.float32, 0.2, 2)
    passes.take(batch)
    once = [parameter.grad.clone() for parameter in passes.parameters]
    passes.take(batch)
    assert all(torch.equal(p.grad, before) for p, before in zip(passes.parameters, once, strict=True))
    passes.close()


def test_threads_of_the_passes_leave_those_of_others_alone(batch):
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        passes = Passes(make(), torch.float32, 0.2)
        assert passes.shares == 2
        passes.take(batch)
        assert torch.get_num_threads() == 2
        passes.close()
    finally:
        torch.set_num_threads(before)


@pytest.mark.parametrize("n", [1, 2, 5])
def test_split_keeps_every_row_and_label(batch, n):
    parts = split(batch, n)
    assert len(parts) == min(n, len(batch.ids))
    assert max(len(p.ids) for p in parts) - min(len(p.ids) for p in parts) <= 1
    for whole, *pieces in zip(batch[:3], *(part[:3] for part in parts), strict=True):
        np.testing.assert_array_equal(np.concatenate(pieces), whole)
    labels = [(p.ids.flat[place], word, share) for p in parts for place, word, share in zip(*p[3:], strict=True)]
    assert labels == [(batch.ids.flat[p], word, share) for p, word, share in zip(*batch[3:], strict=True)]
