"""Trainings that stop and go on, that fail, that share a store, and that run in two processes."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from tests.saes.makers import FINGERPRINT, SITE, acts, config, planted

from sonde.activations import Activations, create_store, open_store
from sonde.base.errors import InputError, SondeError
from sonde.saes import CapturedSource, load_sae, train_saes
from sonde.saes.history import FILE as HISTORY
from sonde.saes.parallel import Peers
from sonde.saes.source import StoredSource

SETTINGS = {"site": SITE, "samples": 6000, "batch": 200}


class Killed(Exception):
    pass


def kill_after(monkeypatch, steps):
    """Let a training die after `steps` batches."""
    from sonde.saes.learner import Learner

    whole = Learner.step

    def step(self, X):
        if self.done >= steps:
            raise Killed
        return whole(self, X)

    monkeypatch.setattr(Learner, "step", step)


@pytest.mark.parametrize("architecture", ["batchtopk", "jumprelu"])
def test_killed_and_started_again_it_ends_with_the_same_weights(tmp_path, monkeypatch, architecture):
    configs = [config(architecture), config("topk", seed=2)]
    whole = train_saes(acts(), configs, **SETTINGS, out=tmp_path / "whole", checkpoint_every=7)
    with monkeypatch.context() as patch:
        kill_after(patch, 17)
        with pytest.raises(Killed):
            train_saes(acts(), configs, **SETTINGS, out=tmp_path / "cut", checkpoint_every=7)
    assert (tmp_path / "cut" / "checkpoint.safetensors").is_file()
    resumed = train_saes(acts(), configs, **SETTINGS, out=tmp_path / "cut", checkpoint_every=7)
    for one, other in zip(whole, resumed, strict=True):
        for name, tensor in one.tensors().items():
            assert torch.equal(tensor, other.tensors()[name]), name
        assert one.metadata == other.metadata
    histories = [(tmp_path / run / configs[0].name / HISTORY).read_text() for run in ("whole", "cut")]
    assert histories[0] == histories[1]
    assert not (tmp_path / "cut" / "checkpoint.safetensors").exists()
    assert json.loads(histories[0].splitlines()[-1])["samples"] == 6000
    assert torch.equal(load_sae(tmp_path / "cut" / configs[1].name).W_dec, whole[1].W_dec)


def test_another_training_is_not_resumed(tmp_path, monkeypatch):
    with monkeypatch.context() as patch:
        kill_after(patch, 10)
        with pytest.raises(Killed):
            train_saes(acts(), [config("topk")], **SETTINGS, out=tmp_path / "a", checkpoint_every=5)
    with pytest.raises(InputError, match="unfinished training with another configuration: resume it"):
        train_saes(acts(), [config("topk", k=2)], **SETTINGS, out=tmp_path / "a")
    (tmp_path / "a" / "checkpoint.safetensors").write_bytes(b"no checkpoint")
    with pytest.raises(InputError, match="is not a training's checkpoint"):
        train_saes(acts(), [config("topk")], **SETTINGS, out=tmp_path / "a")
    train_saes(acts(), [config("topk")], **SETTINGS, out=tmp_path / "a", force=True)
    with pytest.raises(InputError, match="is not empty"):
        train_saes(acts(), [config("topk")], **SETTINGS, out=tmp_path / "a")


def write_store(folder, X, units=4):
    parts = X.split(-(-len(X) // units))
    examples = Activations.of_rows({SITE: X}, [0, *torch.tensor([len(p) for p in parts]).cumsum(0).tolist()])
    writer = create_store(folder, {"fingerprint": FINGERPRINT}, [f"u{i}" for i in range(units)], examples.examples)
    for i, part in enumerate(parts):
        writer.write(f"u{i}", {SITE: part}, examples.tokens.take_examples([i]), torch.tensor([i]).numpy())
    return folder


def test_two_stores_are_read_as_one(tmp_path):
    X = planted()[1]
    halves = [write_store(tmp_path / str(i), half, units=2) for i, half in enumerate(X.split(3000))]
    together = StoredSource([open_store(half) for half in halves], SITE)
    assert (together.rows, together.per_pass(200, Peers())) == (6000, 30)
    seen = torch.cat(list(together.batches(200, 0, 0, Peers())))
    assert torch.equal(seen.sort(0).values, X.sort(0).values)
    assert not torch.equal(seen, torch.cat(list(together.batches(200, 0, 1, Peers()))))
    (sae,) = train_saes(halves, [config("topk")], **SETTINGS)
    assert sae.training["rows"] == 6000


def test_two_processes_read_disjoint_rows():
    numbered = torch.arange(40_000.0)[:, None].expand(-1, 3)
    source = StoredSource([Activations.of_rows({SITE: numbered}, [0, len(numbered)])], SITE)
    shares = [torch.cat(list(source.batches(400, 0, 0, Peers(rank, 2)))) for rank in (0, 1)]
    assert len(shares[0]) == len(shares[1])
    assert not set(shares[0][:, 0].tolist()) & set(shares[1][:, 0].tolist())


def test_a_capture_is_trained_on_while_it_runs():
    X, passes = planted()[1], []

    def blocks(epoch):
        passes.append(epoch)
        yield from X.split(170)

    source = CapturedSource(SITE, 16, len(X), blocks, FINGERPRINT)
    (sae,) = train_saes(source, [config("topk")], samples=15_000, batch=200)
    assert set(passes) == {0, 1, 2}
    assert sae.training["explained_variance"] > 0.5


def test_failing_trainings_say_so(caplog):
    with pytest.raises(SondeError, match=r"diverged: the loss is .* lower its learning_rate"):
        train_saes(acts(), [config("standard", learning_rate=1e18, coefficient=1.0)], **SETTINGS)
    with pytest.raises(SondeError, match=r"All 64 latents of standard-64-k3-seed0 are dead .* lower its coefficient"):
        train_saes(
            acts(), [config("standard", coefficient=1e6, learning_rate=1.0, revival=0.0, dead_after=400)], **SETTINGS
        )
    same = Activations.of_rows({SITE: torch.ones(500, 16)}, [0, 500])
    with pytest.raises(InputError, match=f"All rows of '{SITE}' are the same"):
        train_saes(same, [config("topk")], **SETTINGS)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"architecture": "topkk"}, "did you mean 'topk'"),
        ({"d_sae": 0}, "'d_sae' of an SAE is 0, expected greater than 0"),
        ({"k": 100}, "at most d_sae = 64 for k, got k = 100"),
        ({"architecture": "topk", "k": 2.5}, "a whole number for k"),
        ({"learningrate": 1.0}, "did you mean 'learning_rate'"),
        ({"widths": (8, 32)}, "widths that rise to d_sae = 64"),
    ],
)
def test_options_that_cannot_be_used(options, sentence):
    with pytest.raises(InputError, match=sentence):
        config(**{"architecture": "batchtopk", **options})


def test_data_that_cannot_be_used():
    with pytest.raises(InputError, match=r"Unknown site 'blocks\.9\.hook_resid_post' in these activations"):
        train_saes(acts(), [config("topk")], site="blocks.9.hook_resid_post")
    with pytest.raises(InputError, match="was to be trained on a Tensor"):
        train_saes(torch.zeros(3, 4), [config("topk")], site=SITE)
    with pytest.raises(InputError, match="batch is 0"):
        train_saes(acts(), [config("topk")], site=SITE, batch=0)


WORKER = """
import sys, torch
torch.set_num_threads(1)
import torch.distributed as dist
sys.path.insert(0, {root!r})
from tests.saes.makers import SITE, config
from sonde.saes import train_saes
dist.init_process_group("gloo")
train_saes({store!r}, [config(a) for a in ("batchtopk", "standard")], site=SITE, samples=4000, batch=400, out={out!r})
dist.destroy_process_group()
"""


class Shares(StoredSource):
    """One process that reads what two would, batch for batch."""

    def per_pass(self, batch, peers):
        return super().per_pass(batch, Peers(0, 2))

    def batches(self, batch, seed, epoch, peers):
        both = [super(Shares, self).batches(batch, seed, epoch, Peers(rank, 2)) for rank in (0, 1)]
        return (torch.cat(parts) for parts in zip(*both, strict=True))


@pytest.mark.slow
def test_two_gloo_processes_train_what_one_does(tmp_path):
    store = write_store(tmp_path / "store", planted()[1])
    root = str(Path(__file__).resolve().parents[2])
    (tmp_path / "worker.py").write_text(WORKER.format(root=root, store=str(store), out=str(tmp_path / "two")))
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
    subprocess.run([*command, str(tmp_path / "worker.py")], check=True, timeout=600, capture_output=True)
    configs = [config(a) for a in ("batchtopk", "standard")]
    alone = train_saes(Shares([open_store(store)], SITE), configs, samples=4000, batch=400)
    for one, made in zip(alone, configs, strict=True):
        two = load_sae(tmp_path / "two" / made.name)
        torch.testing.assert_close(two.W_dec, one.W_dec, rtol=2e-3, atol=2e-3)
        torch.testing.assert_close(two.b_enc, one.b_enc, rtol=2e-3, atol=2e-3)
