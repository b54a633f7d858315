"""`sonde sae train`: from a store, several stores, or a capture that runs meanwhile, to autoencoders on disk."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sonde.base.errors import InputError
from sonde.base.seeds import generator
from sonde.capture import Model, plan_capture, run_job
from sonde.run.names import load_dataset, load_model
from sonde.saes import SAE, CapturedSource, Source, StoredSource, make_config, train_saes
from sonde.saes.history import FILE as HISTORY


@dataclass(frozen=True)
class Trained:
    """What a training gave.

    Attributes:
        saes: by the folder each is in.
    """

    saes: dict[Path, SAE]

    @property
    def content(self) -> list[dict[str, Any]]:
        """JSON-ready: one entry an autoencoder."""
        return [{"folder": str(folder), **describe_sae(sae)} for folder, sae in self.saes.items()]

    def table(self) -> str:
        """Return one line an autoencoder, and the folders."""
        lines = []
        for folder, sae in self.saes.items():
            told = sae.training
            lines += [
                f"{told['architecture']}, {sae.d_in} → {sae.d_sae} at {sae.site}",
                f"  L0 in training        {told['l0_in_training']:.2f}",
                f"  L0 as saved           {told['l0']:.2f}",
                f"  explained variance    {told['explained_variance']:.3f}",
                f"  dead latents          {100 * told['dead']:.1f} %",
                f"  rows seen             {told['samples']:,}",
                f"  folder                {folder}",
                f"  history               {folder / HISTORY}",
            ]
        return "\n".join(lines)


def train_sae_from(
    sources: Sequence[str],
    *,
    out: str | Path,
    site: str = "",
    seeds: Sequence[int] = (0,),
    d_saes: Sequence[int],
    architecture: str = "batchtopk",
    k: float = 32.0,
    batch: int = 2048,
    samples: int | None = None,
    model: str | None = None,
    tokens: str = "all",
    device: str | None = None,
    force: bool = False,
    **options: Any,
) -> Trained:
    """Train autoencoders of every seed and width in one pass over the data, and write them.

    Args:
        sources: folders of stores; or one data set to capture while training, with `model`.
        out: the folder; with several seeds or widths each autoencoder has a folder in it.
        site: the site; may be left out where a store has one only.
        seeds, d_saes: one autoencoder for each pair.
        architecture, k, batch, samples, device, force, options: as of `sonde.train_sae`.
        model: captures `sources[0]` with this model, without a store.
        tokens: which tokens a capture takes.

    Raises:
        InputError: a source, an option or the folder cannot be used.
    """
    configs = [
        make_config(architecture=architecture, d_sae=width, k=k, seed=seed, **options)
        for width in d_saes
        for seed in seeds
    ]
    with _process_group():
        data = _source(sources, model, site, tokens, device)
        saes = train_saes(
            data, configs, batch=batch, samples=samples, seed=seeds[0], out=out, device=device, force=force
        )
    folders = [Path(out) if len(configs) == 1 else Path(out) / config.name for config in configs]
    return Trained(dict(zip(folders, saes, strict=True)))


def describe_sae(sae: SAE) -> dict[str, Any]:
    """Return what an autoencoder says of itself, JSON-ready."""
    return {
        "architecture": sae.architecture,
        "d_in": sae.d_in,
        "d_sae": sae.d_sae,
        "site": sae.site,
        "model": sae.model_name,
        **{key: value for key, value in sae.training.items() if key not in ("architecture", "config")},
        "trained_as": sae.training.get("architecture"),
    }


def capture_source(model: Model, data: Any, site: str, tokens: str = "all", seed: int = 0) -> CapturedSource:
    """Return the rows of a capture as a training source: the model runs once a pass, and nothing is stored.

    Batches of text run in another random order in each pass, as the plan's own order is by length.
    """
    limits: dict[str, Any] = {"max_tokens": None, "truncation": "error", "token_budget": None}
    job = plan_capture(model, data, sites=[site], tokens=tokens, predictions=False, **limits)
    if len(job.sites) != 1:
        raise InputError(f"{site!r} names {len(job.sites)} sites, and an SAE reads one: name it in full.")
    (name,) = job.sites
    model.self_check(job.sites, job.sequences.ids)

    def blocks(epoch: int) -> Iterator[Any]:
        order = generator(seed, "sae", "capture", epoch).permutation(len(job.batches))
        for batch, _ in run_job(job, [job.batches[i] for i in order]):
            yield batch.values[name]

    return CapturedSource(name, model.width(name), len(job.kept), blocks, job.fingerprint)


def _source(sources: Sequence[str], model: str | None, site: str, tokens: str, device: str | None) -> Source:
    from sonde.activations import open_store

    if model is not None:
        if len(sources) != 1:
            raise InputError(f"{len(sources)} data sets were given to capture while training, expected one.")
        if not site:
            raise InputError("No site is named to capture: pass --site, for example --site blocks.1.hook_resid_post.")
        return capture_source(load_model(model, device=device), load_dataset(sources[0]), site, tokens)
    for name in sources:
        if not (Path(name) / "units").is_dir():
            raise InputError(
                f"{name} is not an activation store: write one with `sonde capture DATA --model M --out {name}`, or "
                "pass --model M to capture the data while training."
            )
    stores = [open_store(name) for name in sources]
    sites = stores[0].sites
    if not site and len(sites) != 1:
        raise InputError(f"{sources[0]} has {len(sites)} sites ({', '.join(sites[:4])}, …): name one with --site.")
    return StoredSource(stores, site or sites[0])


@contextmanager
def _process_group() -> Iterator[None]:
    """Join the processes that `torchrun` started, and leave them at the end; alone, do nothing."""
    import torch
    import torch.distributed as dist

    if int(os.environ.get("WORLD_SIZE", "1")) == 1 or dist.is_initialized():
        yield
        return
    if torch.cuda.is_available():
        torch.cuda.set_device(int(os.environ.get("LOCAL_RANK", "0")))
    dist.init_process_group("nccl" if torch.cuda.is_available() else "gloo")
    try:
        yield
    finally:
        dist.destroy_process_group()
