"""How fast sparse autoencoders are trained, and what they recover, next to sae-lens' default trainer.

    python benchmarks/sae.py speed       # samples/s of one step, against sae-lens and against one dense product
    python benchmarks/sae.py recovery    # MCC on planted features after equal samples, three seeds
    python benchmarks/sae.py synthetic   # sae-lens' own synthetic model, with its own MCC and F1, three seeds

Run it on a machine that does nothing else, with one thread: `OMP_NUM_THREADS=1`. `speed` times rounds in which every
method takes one step on the same batch, in an order that rotates; a ratio is of times in the same round. The *bound* is
the one dense product that no step can do without, of the batch with the encoder. Penalised architectures are timed
twice: at their start, when half of the latents are active, and at about 32 active latents, as after some training.
With `--memory FILE`, a recovery that is cut short goes on where it was.
"""

from __future__ import annotations

import argparse
import logging
import os
import statistics
import time
import warnings
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("WANDB_MODE", "disabled")
os.environ.setdefault("SONDE_QUIET", "1")

import numpy as np
import torch

from _sae_methods import ARCHITECTURES, lens_sae, lens_trainer, planted
from _sae_recovery import recovery, synthetic

AIMS = {"topk": 4.0, "batchtopk": 4.0, "standard": 1.4, "jumprelu": 1.4}
BOUND = 2.5
K = 32


def learner(architecture: str, d_sae: int, k: float, mean: torch.Tensor, steps: int, seed: int, **options):
    from sonde.saes import make_config
    from sonde.saes.learner import Learner
    from sonde.saes.parallel import Peers

    config = make_config(architecture=architecture, d_sae=d_sae, k=k, seed=seed, **options)
    return Learner(config, mean, steps, dead_after=10**9, peers=Peers())


def speed(options: argparse.Namespace) -> None:
    for d_in, d_sae in ((256, 2048), (768, 6144)):
        batch = options.batch
        _, rows = planted(8 * batch, d_in, 2 * d_in, K, seed=0)
        rows = rows * (d_in**0.5 / (rows - rows.mean(0)).norm(dim=1).mean())
        for architecture in options.only or ARCHITECTURES:
            starts = (False, True) if architecture in ("standard", "jumprelu") else (True,)
            for sparse in starts:
                time_one(architecture, d_in, d_sae, rows, batch, options.rounds, sparse)


def time_one(
    architecture: str, d_in: int, d_sae: int, rows: torch.Tensor, batch: int, rounds: int, sparse: bool
) -> None:
    fixed = {"standard": {"coefficient": 0.2}, "jumprelu": {"coefficient": 0.2}}.get(architecture, {})
    nested = {"matryoshka_widths": [d_sae // 16, d_sae // 4, d_sae]} if "matryoshka" in architecture else {}
    theirs_sae = lens_sae(architecture, d_in, d_sae, K, 0, **nested)
    theirs = lens_trainer(theirs_sae, 10**9, batch, iter(()))
    ours = learner(architecture, d_sae, K, rows.mean(0), 10**6, 0, warmup=0.0, learning_rate=3e-4, **fixed)
    if sparse:
        quieten(theirs_sae, ours, rows[:batch])
    W, bias, out = ours.weights.W_enc.clone(), ours.weights.b_enc.clone(), torch.empty(batch, d_sae)
    steps: dict[str, Callable[[torch.Tensor], object]] = {
        "bound": lambda X: torch.addmm(bias, X, W.T, out=out),
        "sae-lens": theirs.step,
        "sonde": ours.step,
    }
    seconds: dict[str, list[float]] = {name: [] for name in steps}
    for number in range(rounds + 1):
        X = rows[(number % 8) * batch :][:batch]
        names = list(steps)
        for name in names[number % 3 :] + names[: number % 3]:
            with torch.set_grad_enabled(name == "sae-lens"):
                start = time.perf_counter()
                steps[name](X)
                spent = time.perf_counter() - start
            if number:
                seconds[name].append(spent)
    report_speed(architecture, d_in, d_sae, batch, sparse, seconds)


def quieten(theirs, ours, X: torch.Tensor) -> None:
    """Set both encoders' biases so that about `K` latents are active a row."""
    with torch.no_grad():
        hidden = (X - theirs.b_dec) @ theirs.W_enc
        theirs.b_enc -= hidden.flatten().topk(K * len(X)).values[-1]
        _, H = ours.weights.pre_activations(X)
        ours.weights.b_enc.sub_(H.flatten().topk(K * len(X)).values[-1])


def report_speed(
    architecture: str, d_in: int, d_sae: int, batch: int, sparse: bool, seconds: dict[str, list[float]]
) -> None:
    pairs = [a / b for a, b in zip(seconds["sae-lens"], seconds["sonde"], strict=True)]
    above = [a / b for a, b in zip(seconds["sonde"], seconds["bound"], strict=True)]
    aim = AIMS.get(architecture)
    said = "" if aim is None else f"aim ≥ {aim:g}×: {'met' if statistics.median(pairs) >= aim else 'MISSED'}"
    if d_in == 768:
        said += f"; within {BOUND:g}× of the bound: {'met' if statistics.median(above) <= BOUND else 'MISSED'}"
    where = f"{architecture}{'' if sparse else ' (at its start)'}"
    print(
        f"{d_in}→{d_sae} {where:<32} sonde {batch / statistics.median(seconds['sonde']):>8.0f} samples/s, sae-lens "
        f"{batch / statistics.median(seconds['sae-lens']):>7.0f}; sae-lens / sonde {spread(pairs)}; "
        f"sonde / bound {spread(above)}   {said}",
        flush=True,
    )


def spread(values: list[float]) -> str:
    return f"{statistics.median(values):.2f} [{min(values):.2f}, {max(values):.2f}]"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", nargs="?", choices=("speed", "recovery", "synthetic"), default="speed")
    parser.add_argument("--batch", type=int, default=2048, help="rows a step, for speed")
    parser.add_argument("--rounds", type=int, default=7, help="rounds that count, after one that does not")
    parser.add_argument("--samples", type=int, default=500_000, help="rows each training sees, for recovery")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--both-rates", action="store_true", help="recovery: sae-lens at our learning rate too")
    parser.add_argument("--memory", type=Path, help="file of figures: what it knows is not computed again")
    parser.add_argument("--only", nargs="*", default=[], choices=ARCHITECTURES)
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    np.random.seed(0)
    print(f"torch {torch.__version__}, {torch.get_num_threads()} threads")
    {"speed": speed, "recovery": recovery, "synthetic": synthetic}[options.what](options)


if __name__ == "__main__":
    main()
