"""Training: one pass over the data serves every autoencoder asked for, whatever its architecture, width and seed."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from sonde.base.devices import choose_device
from sonde.base.errors import InputError
from sonde.base.files import check_output_folder, prepare_output_folder
from sonde.base.progress import progress_bar
from sonde.saes import checkpoint
from sonde.saes.config import SAEConfig
from sonde.saes.finish import finish
from sonde.saes.history import History, Watch, figures
from sonde.saes.learner import Learner
from sonde.saes.linear import LinearSAE
from sonde.saes.parallel import Peers
from sonde.saes.source import Source, as_source

log = logging.getLogger("sonde.saes")

#: Rows a training sees at least, where nothing else is said: small stores are passed over several times.
LEAST_SAMPLES = 2_000_000
#: Rows from which mean and scale are taken.
SCALE_ROWS = 65_536
#: Batches, the first ones, on which the finished autoencoder is measured.
MEASURED = 4
#: Lines of history.
LINES = 200


@dataclass(frozen=True)
class Plan:
    """What is run over.

    Attributes:
        source: the rows.
        batch: rows a step, over all processes.
        steps: how many steps.
        seed: of the order of the rows.
    """

    source: Source
    batch: int
    steps: int
    seed: int

    def batches(self, peers: Peers, device: torch.device, skip: int = 0) -> Iterator[Float[Tensor, "b d"]]:
        """Yield this process's part of every batch from step `skip` on; whole passes before it are not read."""
        per_pass = self.source.per_pass(self.batch, peers)
        taken = skip
        while taken < self.steps:
            epoch, before = divmod(taken, per_pass)
            flow = self.source.batches(self.batch, self.seed, epoch, peers)
            for rows in islice(flow, before, before + self.steps - taken):
                yield rows.to(device, torch.float32, non_blocking=True)
                taken += 1


def train_saes(
    data: object,
    configs: Sequence[SAEConfig],
    *,
    site: str = "",
    batch: int = 2048,
    samples: int | None = None,
    seed: int = 0,
    out: str | Path | None = None,
    device: str | None = None,
    checkpoint_every: int = 500,
    force: bool = False,
) -> list[LinearSAE]:
    """Train autoencoders side by side in one pass over the data.

    Args:
        data: a store, activations, a store's folder, a list of these, or a `Source`.
        configs: one an autoencoder.
        site: which site; may be left out for a `Source`.
        batch: rows a step, over all processes.
        samples: rows to see; None = one pass, and at least 2,000,000.
        seed: of the order of the rows.
        out: folder of checkpoint, history and result; a killed training that is started again with the same settings
            ends with the same weights. With several configurations each has its folder in it.
        device: where to train; None = the best there is.
        checkpoint_every: steps between checkpoints.
        force: remove what `out` holds.

    Returns:
        The autoencoders for raw activations, in the order of `configs`. Started by `torchrun`, every process returns
        them and the first one writes.

    Raises:
        InputError: too few rows, a folder that holds something else, or another training's checkpoint.
        SondeError: a training fails (the loss is not finite, all latents are dead).
    """
    source, peers = as_source(data, site), Peers.here()
    plan = _plan(source, batch, samples, seed, peers)
    folder = None if out is None else _folder(Path(out), force, peers)
    where = choose_device(device)
    first = first_batches(plan, peers, where)
    mean, scale = centre_and_scale(first, source, peers)
    learners = [Learner(c, mean * scale, plan.steps, _dead_after(c, plan), peers) for c in configs]
    facts = _facts(plan, configs, peers)
    rows = None if folder is None else checkpoint.read_checkpoint(folder, learners, facts)
    writes = folder if peers.rank == 0 else None
    histories = [
        History(None if writes is None else _place(writes, configs, c), kept)
        for c, kept in zip(configs, rows or [[] for _ in configs], strict=True)
    ]
    _run(plan, learners, histories, scale, writes, facts, checkpoint_every, where)
    samples, pairs = plan.batch * plan.steps, zip(learners, histories, strict=True)
    saes = [finish(one, told.rows, source, samples, scale, first[:MEASURED]) for one, told in pairs]
    if writes is not None:
        for config, sae in zip(configs, saes, strict=True):
            sae.save(_place(writes, configs, config), force=True)
        (writes / checkpoint.FILE).unlink(missing_ok=True)
    return saes


def _run(
    plan: Plan,
    learners: Sequence[Learner],
    histories: Sequence[History],
    scale: float,
    folder: Path | None,
    facts: dict[str, Any],
    checkpoint_every: int,
    device: torch.device,
) -> None:
    """Train to the end."""
    watches = [Watch() for _ in learners]
    every, done, peers = max(1, plan.steps // LINES), learners[0].done, learners[0].peers
    what = "train SAE" if len(learners) == 1 else f"train {len(learners)} SAEs"
    with progress_bar(plan.steps * plan.batch, what, "row") as bar, torch.no_grad():
        bar.update(done * plan.batch)
        for X in plan.batches(peers, device, done):
            scaled = X * scale
            done += 1
            for learner, history, watch in zip(learners, histories, watches, strict=True):
                step = learner.step(scaled)
                if done % every == 0 or done == plan.steps:
                    row = figures(learner, step, scaled, done * plan.batch)
                    watch.look(learner, row)
                    history.add(row)
                    bar.set_postfix_str(f"L0 {row['l0']:.1f}, EV {row['explained_variance'] or 0:.3f}")
            bar.update(plan.batch)
            if folder is not None and done % checkpoint_every == 0 and done < plan.steps:
                checkpoint.write_checkpoint(folder, learners, facts, [h.rows for h in histories])


def first_batches(plan: Plan, peers: Peers, device: torch.device) -> list[Float[Tensor, "b d"]]:
    """Return the first batches, `SCALE_ROWS` rows at most."""
    wanted = max(1, SCALE_ROWS // plan.batch)
    return list(islice(plan.batches(peers, device), wanted))


def centre_and_scale(
    batches: Sequence[Float[Tensor, "b d"]], source: Source, peers: Peers
) -> tuple[Float[Tensor, " d"], float]:
    """Return the mean of rows, and the factor that makes their mean distance from it `sqrt(d_in)`.

    Raises:
        InputError: the rows do not vary.
    """
    rows = torch.cat(list(batches))
    mean = rows.mean(0)
    peers.average([mean])
    distance = (rows - mean).norm(dim=1).mean()
    peers.average([distance])
    if not float(distance) > 0:
        raise InputError(
            f"All rows of {source.site!r} are the same, so there is nothing to learn: check the site and the token "
            "selector of the store."
        )
    return mean, len(mean) ** 0.5 / float(distance)


def _plan(source: Source, batch: int, samples: int | None, seed: int, peers: Peers) -> Plan:
    if batch < 1 or batch % peers.world:
        raise InputError(f"batch is {batch}, expected a positive multiple of the {peers.world} processes.")
    if source.rows < 2:
        raise InputError(f"There are {source.rows} rows at {source.site!r} to train on: capture more text.")
    smallest = batch if source.rows >= batch else source.rows // peers.world * peers.world
    wanted = max(source.rows, LEAST_SAMPLES) if samples is None else samples
    if wanted < 1:
        raise InputError(f"samples is {samples}, expected a positive number of rows to train on.")
    return Plan(source, smallest, max(1, wanted // smallest), seed)


def _dead_after(config: SAEConfig, plan: Plan) -> int:
    return config.dead_after or max(1, min(1_000_000, plan.steps * plan.batch // 10))


def _facts(plan: Plan, configs: Sequence[SAEConfig], peers: Peers) -> dict[str, Any]:
    return {
        "data": {k: v for k, v in plan.source.fingerprint.items() if k in ("model_fingerprint", "data_sha256")},
        "site": plan.source.site,
        "rows": plan.source.rows,
        "batch": plan.batch,
        "steps": plan.steps,
        "seed": plan.seed,
        "processes": peers.world,
        "configuration": [config.model_dump(mode="json") for config in configs],
    }


def _folder(out: Path, force: bool, peers: Peers) -> Path:
    """Return the folder made ready: new, empty, or holding an unfinished training."""
    if peers.rank == 0:
        unfinished = (out / checkpoint.FILE).is_file()
        if force or not unfinished:
            check_output_folder(out, force=force)
            prepare_output_folder(out, force=force)
        else:
            log.info("Going on with the unfinished training in %s", out)
    peers.wait()
    return out


def _place(out: Path, configs: Sequence[SAEConfig], config: SAEConfig) -> Path:
    place = out if len(configs) == 1 else out / config.name
    place.mkdir(exist_ok=True)
    return place
