"""What autoencoders recover after equal samples: of planted features, and of sae-lens' own synthetic model."""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable, Iterator
from itertools import product
from pathlib import Path
from typing import Any

import torch

from _sae_methods import ARCHITECTURES, LENS_RATE, lens_sae, lens_trainer, planted

Figures = dict[str, float]

#: Penalties tried for sae-lens, whose defaults know no target: the one with the highest mean MCC is reported.
PENALTIES = {"standard": ("l1_coefficient", (2.0, 4.0, 8.0)), "jumprelu": ("l0_coefficient", (1.0, 4.0, 16.0))}
#: Planted features: width, how many, active a row.
D, FEATURES, ACTIVE = 64, 128, 4
BATCH = 1024


class Memory:
    """Figures by name, one JSON line each in a file, so that a run cut short goes on where it was.

    Args:
        path: the file; None = nothing is kept.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        lines = path.read_text().splitlines() if path is not None and path.is_file() else []
        self._known: dict[str, Figures] = {row["name"]: row["figures"] for row in map(json.loads, lines)}

    def get(self, name: str, compute: Callable[..., Figures], *given: Any) -> Figures:
        """Return the figures of `name`, unless they are known computed now from what is `given`."""
        if name not in self._known:
            begun = time.perf_counter()
            self._known[name] = {**compute(*given), "seconds": round(time.perf_counter() - begun, 1)}
            if self._path is not None:
                with self._path.open("a") as file:
                    file.write(json.dumps({"name": name, "figures": self._known[name]}) + "\n")
        return self._known[name]


def rates(options: argparse.Namespace, d_sae: int) -> dict[str, float]:
    """Return the learning rates at which sae-lens runs, by how they are named."""
    from sonde.saes import make_config

    given = {"sae-lens": LENS_RATE}
    return {**given, "sae-lens at our rate": make_config(d_sae=d_sae).rate} if options.both_rates else given


# -- planted features ---------------------------------------------------------------------------------------------


def recovery(options: argparse.Namespace) -> None:
    """Train both on the same rows; sae-lens at its own learning rate, and with --both-rates at ours too."""
    memory = Memory(options.memory)
    print(
        f"planted: {FEATURES} features in {D} dimensions, {ACTIVE} active a row; {options.samples:,} samples, "
        f"batch {BATCH}; MCC by seed, and L0"
    )
    for architecture in options.only or ARCHITECTURES:
        found = {
            name: _best_penalty(memory, architecture, name, rate, options)
            for name, rate in rates(options, FEATURES).items()
        }
        found["sonde"] = [
            memory.get(
                f"recovery {architecture} sonde {seed} {options.samples}",
                _ours_on_planted,
                architecture,
                seed,
                options.samples,
            )
            for seed in range(options.seeds)
        ]
        print(f"{architecture:<22} " + ";  ".join(f"{name} {_shown(rows)}" for name, rows in found.items()), flush=True)


def _best_penalty(memory: Memory, architecture: str, name: str, rate: float, options: Any) -> list[Figures]:
    key, values = PENALTIES.get(architecture, ("", (0.0,)))
    tried = [
        [
            memory.get(
                f"recovery {architecture} {name} {seed} {options.samples} {key} {value:g}",
                _theirs_on_planted,
                architecture,
                seed,
                options.samples,
                rate,
                {key: value} if key else {},
            )
            for seed in range(options.seeds)
        ]
        for value in values
    ]
    return max(tried, key=lambda rows: statistics.mean(row["mcc"] for row in rows))


def _shown(rows: list[Figures]) -> str:
    l0 = statistics.mean(row["l0"] for row in rows)
    return ", ".join(f"{row['mcc']:.3f}" for row in rows) + f" (L0 {l0:.1f})"


def _rows(seed: int, samples: int) -> tuple[torch.Tensor, torch.Tensor]:
    return planted(min(samples, 200_000), D, FEATURES, ACTIVE, seed)


def _theirs_on_planted(architecture: str, seed: int, samples: int, rate: float, penalty: dict[str, float]) -> Figures:
    directions, rows = _rows(seed, samples)
    scaled = rows * (D**0.5 / float((rows - rows.mean(0)).norm(dim=1).mean()))
    nested = {"matryoshka_widths": [8, 32, 128]} if "matryoshka" in architecture else {}
    sae = lens_sae(architecture, D, FEATURES, ACTIVE, seed, **nested, **penalty)
    lens_trainer(sae, samples, BATCH, _endless(scaled, seed), rate).fit()
    with torch.no_grad():
        return _figures(sae.W_dec, sae.encode(scaled[:8192]), directions)


def _endless(rows: torch.Tensor, seed: int) -> Iterator[torch.Tensor]:
    order = torch.Generator().manual_seed(seed)
    while True:
        yield from (rows[p] for p in torch.randperm(len(rows), generator=order).split(BATCH) if len(p) == BATCH)


def _ours_on_planted(architecture: str, seed: int, samples: int) -> Figures:
    from sonde.activations import Activations
    from sonde.saes import make_config, train_saes

    directions, rows = _rows(seed, samples)
    acts = Activations.of_rows({"planted": rows}, [0, len(rows)])
    config = make_config(architecture=architecture, d_sae=FEATURES, k=ACTIVE, seed=seed)
    (sae,) = train_saes(acts, [config], site="planted", samples=samples, batch=BATCH, seed=seed)
    return _figures(sae.W_dec, sae.encode(rows[:8192]), directions)


def _figures(W_dec: torch.Tensor, Z: torch.Tensor, directions: torch.Tensor) -> Figures:
    from sae_lens.synthetic.evals import mean_correlation_coefficient

    dense = Z.to_dense() if Z.is_sparse else Z
    return {
        "mcc": mean_correlation_coefficient(W_dec.detach(), directions),
        "l0": float((dense != 0).sum(1).float().mean()),
    }


# -- sae-lens' synthetic model ------------------------------------------------------------------------------------


def synthetic(options: argparse.Namespace) -> None:
    """Train BatchTopK and Matryoshka on sae-lens' hierarchical model; its own evaluator judges them."""
    memory = Memory(options.memory)
    d_sae, k = 256, 12
    print(f"sae-lens' model: 512 features in 96 dimensions; d_sae {d_sae}, k {k}; {options.samples:,} samples")
    for architecture, seed in product(("batchtopk", "matryoshka_batchtopk"), range(options.seeds)):
        told = {
            name: memory.get(
                f"synthetic {architecture} {name} {seed} {options.samples}",
                _on_synthetic,
                architecture,
                seed,
                options.samples,
                rate,
                d_sae,
                k,
            )
            for name, rate in {**rates(options, d_sae), "sonde": 0.0}.items()
        }
        line = ";  ".join(
            f"{name}: MCC {r['mcc']:.3f}, F1 {r['f1']:.3f}, L0 {r['l0']:.1f}, EV {r['explained_variance']:.3f}, "
            f"dead {r['dead']:.0f}"
            for name, r in told.items()
        )
        print(f"{architecture:<22} seed {seed}: {line}", flush=True)


def _on_synthetic(architecture: str, seed: int, samples: int, rate: float, d_sae: int, k: int) -> Figures:
    """Train one autoencoder, sae-lens' at `rate`, or for 0 ours, and judge it."""
    from sae_lens.synthetic import SyntheticModel, SyntheticModelConfig
    from sae_lens.synthetic.evals import eval_sae_on_synthetic_data
    from sae_lens.synthetic.hierarchy import HierarchyConfig
    from sae_lens.synthetic.training import SyntheticActivationIterator

    torch.manual_seed(seed)
    tree = HierarchyConfig(total_root_nodes=64, branching_factor=3, max_depth=2)
    model = SyntheticModel(SyntheticModelConfig(num_features=512, hidden_dim=96, hierarchy=tree, seed=seed))
    flow = SyntheticActivationIterator(model.feature_dict, model.activation_generator, BATCH)
    if rate:
        nested = {"matryoshka_widths": [16, 64, 256]} if "matryoshka" in architecture else {}
        sae = lens_sae(architecture, 96, d_sae, k, seed, **nested)
        lens_trainer(sae, samples, BATCH, flow, rate).fit()
    else:
        sae = _ours_on_synthetic(architecture, flow, seed, samples, d_sae, k)
    torch.manual_seed(seed + 100)
    judged = eval_sae_on_synthetic_data(
        sae, model.feature_dict, model.activation_generator, num_samples=50_000, batch_size=2048
    )
    return {
        "mcc": judged.mcc,
        "f1": judged.classification.f1_score,
        "l0": judged.sae_l0,
        "explained_variance": judged.explained_variance,
        "dead": judged.dead_latents,
    }


def _ours_on_synthetic(
    architecture: str, flow: Iterator[torch.Tensor], seed: int, samples: int, d_sae: int, k: int
) -> Any:
    """Train from the model itself, as sae-lens does: no row is seen twice."""
    from sonde.saes import CapturedSource, make_config, to_lens, train_saes

    steps = samples // BATCH
    source = CapturedSource("synthetic", 96, samples, lambda epoch: (next(flow) for _ in range(steps)), {})
    config = make_config(architecture=architecture, d_sae=d_sae, k=k, seed=seed)
    (sae,) = train_saes(source, [config], samples=samples, batch=BATCH, seed=seed)
    return to_lens(sae)
