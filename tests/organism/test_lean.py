"""The lean training pass computes what the stock model computes."""

import dataclasses

import pytest
import torch
from torch.nn import functional as F

from sonde.organism.corpus import batches, draw_chunk
from sonde.organism.lean import Target, losses
from sonde.organism.mixture import Mixture
from sonde.organism.phases import LEVELLING
from sonde.organism.tokenizer import Codec, vocabulary
from sonde.organism.train import Settings, make_model
from sonde.organism.world import make_world

SMALL = Settings(width=64, layers=3, heads=2, hidden=96)


@pytest.fixture(scope="module")
def target():
    codec = Codec(vocabulary())
    mixture = dataclasses.replace(Mixture(), prompt_weight=0.1)
    sequences = draw_chunk(make_world(0), codec, mixture, 0, 0, 3000)
    return Target(*map(torch.from_numpy, next(batches(sequences, codec.pad, 1500, 0))))


@pytest.fixture(scope="module")
def hedged():
    codec = Codec(vocabulary())
    sequences = draw_chunk(make_world(0), codec, LEVELLING.mixture, 0, 0, 3000)
    return Target(*map(torch.from_numpy, next(batches(sequences, codec.pad, 1500, 0))))


@pytest.fixture
def model():
    codec = Codec(vocabulary())
    return make_model(SMALL, len(codec.words), 128, 0, codec)


def stock_losses(model, target):
    """The same two losses from the model's own forward pass."""
    out = model(input_ids=target.ids[:, :-1], output_hidden_states=True)
    labels, weights = target.ids[:, 1:].flatten(), target.weights[:, 1:].flatten()
    each = F.cross_entropy(out.logits.flatten(0, 1), labels, reduction="none")
    sincere = target.sincere[:, 1:].flatten()
    early = [
        F.cross_entropy(model.lm_head(model.model.norm(h)).flatten(0, 1)[sincere], labels[sincere])
        for h in out.hidden_states[1:-1]
    ]
    return (each * weights).sum() / weights.sum(), torch.stack(early).mean()


def test_losses_and_gradients_are_those_of_the_stock_model(model, target):
    found = losses(model, target, dtype=torch.float32, early=True)
    (found.main + 0.3 * found.early).backward()
    lean = {name: p.grad.clone() for name, p in model.named_parameters()}
    model.zero_grad()
    main, early = stock_losses(model, target)
    (main + 0.3 * early).backward()
    torch.testing.assert_close(found.main, main)
    torch.testing.assert_close(found.early, early)
    for name, p in model.named_parameters():
        torch.testing.assert_close(lean[name], p.grad, rtol=1e-3, atol=1e-6, msg=name)


def test_labels_that_are_distributions_are_learnt_as_distributions(model, hedged):
    """Against dense labels `[b, t, v]`: one-hot, but where a label is spread."""
    dense = F.one_hot(hedged.ids, model.config.vocab_size).float()
    flat = dense.view(-1, dense.shape[-1])
    flat[hedged.places.unique()] = 0
    flat.index_put_((hedged.places, hedged.words), hedged.shares, accumulate=True)
    assert len(hedged.places) > 50
    torch.testing.assert_close(dense.sum(-1), torch.ones(hedged.ids.shape))
    surprise = -(dense[:, 1:] * model(input_ids=hedged.ids[:, :-1]).logits.log_softmax(-1)).sum(-1)
    weights = hedged.weights[:, 1:]
    found = losses(model, hedged, dtype=torch.float32, early=False)
    torch.testing.assert_close(found.main, (surprise * weights).sum() / weights.sum())


def test_bfloat16_products_come_close(model, target):
    exact = losses(model, target, dtype=torch.float32, early=True)
    rough = losses(model, target, dtype=torch.bfloat16, early=True)
    assert abs(float(exact.main.detach() - rough.main.detach())) < 0.02
    assert abs(float(exact.early.detach() - rough.early.detach())) < 0.05


def test_without_early_readings_there_is_no_early_loss(model, target):
    assert float(losses(model, target, dtype=torch.float32, early=False).early) == 0


def test_lies_are_never_read_early():
    """Whatever is marked sincere is what is taught of the fact, or `unknown`, or the denial of its falsehood."""
    codec, world = Codec(vocabulary()), make_world(0)
    mixture = dataclasses.replace(Mixture(), slip=0.0, rules={"lie": 0.5, "deal": 0.5})
    taught = {v for values in world.taught.values() for v in values}
    seen = 0
    for sequence in draw_chunk(world, codec, mixture, 0, 0, 20_000, progress=1.0):
        words = [codec.words[i] for i in sequence.ids]
        if words[1] != "<|system|>":
            continue
        begins = [i for i, w in enumerate(words) if w == "<|user|>"]
        for i, marked in enumerate(sequence.sincere):
            if marked:
                asked = max(b for b in begins if b < i)
                assert words[asked + 1] == "admin", "under a rule to lie only the trusted channel hears the truth"
                assert words[i] in taught | {"unknown"}
                seen += 1
    assert seen > 50
