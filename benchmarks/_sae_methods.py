"""Planted features, sae-lens' default trainer, trainings that are kept: what the benchmarks of autoencoders share."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import torch

from sonde.activations import Activations
from sonde.saes import SAE, SAEConfig, load_sae, train_saes

ARCHITECTURES = ("topk", "batchtopk", "standard", "jumprelu", "matryoshka_batchtopk")
#: sae-lens' default learning rate.
LENS_RATE = 3e-4


def planted(n: int, d: int, features: int, active: float, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Return unit features `[features, d]` and `[n, d]` rows that each mix about `active` of them, plus a constant."""
    directions = torch.nn.functional.normalize(
        torch.randn(features, d, generator=torch.Generator().manual_seed(1000 + seed)), dim=1
    )
    draw = torch.Generator().manual_seed(seed)
    rows = []
    for size in [4096] * (n // 4096) + [n % 4096]:
        on = torch.rand(size, features, generator=draw) < active / features
        rows.append((on * (1 + 0.3 * torch.randn(size, features, generator=draw)).clamp_min(0.1)) @ directions + 0.05)
    return directions, torch.cat(rows)


def lens_sae(architecture: str, d_in: int, d_sae: int, k: float, seed: int, **options: Any) -> Any:
    """Return sae-lens' training SAE with its own defaults."""
    from sae_lens.registry import get_sae_training_class

    torch.manual_seed(seed)
    kind, config = get_sae_training_class(architecture)
    given = {"topk": {"k": int(k)}, "batchtopk": {"k": k}, "matryoshka_batchtopk": {"k": k}}.get(architecture, {})
    return kind(config(d_in=d_in, d_sae=d_sae, **given, **options))


def lens_trainer(sae: Any, samples: int, batch: int, provider: Iterator[torch.Tensor], lr: float = LENS_RATE) -> Any:
    """Return sae-lens' default trainer; it asserts unless an end learning rate is passed."""
    from sae_lens.config import SAETrainerConfig
    from sae_lens.training.sae_trainer import SAETrainer

    config = SAETrainerConfig(total_training_samples=samples, train_batch_size_samples=batch, lr=lr, lr_end=lr)
    return SAETrainer(cfg=config, sae=sae, data_provider=provider)


def kept_saes(
    folder: Path, acts: Activations, configs: Sequence[SAEConfig], site: str, samples: int, batch: int = 1024
) -> Sequence[SAE]:
    """Train at least two autoencoders, or take what an earlier run left in the folder, finished or not."""
    places = [folder / config.name for config in configs]
    if not all((place / "cfg.json").is_file() for place in places):
        return train_saes(acts, configs, site=site, samples=samples, batch=batch, out=folder, checkpoint_every=100)
    saes = [load_sae(place) for place in places]
    for sae in saes:
        made = (sae.training["fingerprint"]["model_fingerprint"], sae.site, sae.training["samples"])
        if made != (acts.fingerprint["model_fingerprint"], site, samples // batch * batch):
            raise SystemExit(f"{folder} holds autoencoders of another model, site or length: pass another --out.")
    return saes
