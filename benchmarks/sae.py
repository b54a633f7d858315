"""How fast sparse autoencoders are trained, and what they recover, next to sae-lens' default trainer.

    python benchmarks/sae.py speed       # samples/s of one step, against sae-lens and against one dense product
    python benchmarks/sae.py recovery    # MCC on planted features after equal samples, three seeds
    python benchmarks/sae.py synthetic   # sae-lens' own generator, with its own MCC and F1, three seeds

Run it on a machine that does nothing else, with one thread: `OMP_NUM_THREADS=1`. `speed` times rounds in which every
method takes one step on the same batch, in an order that rotates; a ratio is of times in the same round. The *bound* is
the one dense product that no step can do without, of the batch with the encoder. Penalised architectures are timed
twice: at their start, when half of the latents are active, and at about 32 active latents, as after some training.
"""

from __future__ import annotations

import argparse
import logging
import os
import statistics
import time
import warnings
from collections.abc import Callable

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("WANDB_MODE", "disabled")
os.environ.setdefault("SONDE_QUIET", "1")

import numpy as np
import torch

ARCHITECTURES = ("topk", "batchtopk", "standard", "jumprelu", "matryoshka_batchtopk")
AIMS = {"topk": 4.0, "batchtopk": 4.0, "standard": 1.4, "jumprelu": 1.4}
BOUND = 2.5
K = 32


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


# -- sae-lens -----------------------------------------------------------------------------------------------------


def lens_sae(architecture: str, d_in: int, d_sae: int, k: float, seed: int, **options):
    """Return sae-lens' training SAE with its own defaults."""
    import sae_lens
    from sae_lens.registry import get_sae_training_class

    torch.manual_seed(seed)
    kind, config = get_sae_training_class(architecture)
    given = {"topk": {"k": int(k)}, "batchtopk": {"k": k}, "matryoshka_batchtopk": {"k": k}}.get(architecture, {})
    del sae_lens
    return kind(config(d_in=d_in, d_sae=d_sae, **given, **options))


def lens_trainer(sae, samples: int, batch: int, provider, lr: float = 3e-4):
    """Return sae-lens' default trainer; it asserts unless an end learning rate is passed."""
    from sae_lens.config import SAETrainerConfig
    from sae_lens.training.sae_trainer import SAETrainer

    config = SAETrainerConfig(total_training_samples=samples, train_batch_size_samples=batch, lr=lr, lr_end=lr)
    return SAETrainer(cfg=config, sae=sae, data_provider=provider)


# -- ours ---------------------------------------------------------------------------------------------------------


def learner(architecture: str, d_sae: int, k: float, mean: torch.Tensor, steps: int, seed: int, **options):
    from sonde.saes import make_config
    from sonde.saes.learner import Learner
    from sonde.saes.parallel import Peers

    config = make_config(architecture=architecture, d_sae=d_sae, k=k, seed=seed, **options)
    return Learner(config, mean, steps, dead_after=10**9, peers=Peers())


# -- speed --------------------------------------------------------------------------------------------------------


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


# -- recovery -----------------------------------------------------------------------------------------------------


def mcc(found: torch.Tensor, features: torch.Tensor) -> float:
    from sae_lens.synthetic.evals import mean_correlation_coefficient

    return mean_correlation_coefficient(found.detach(), features)


def recovery(options: argparse.Namespace) -> None:
    """Both trainers on the same rows, each at its own learning rate; --both-rates adds sae-lens at ours."""
    d, features, active, batch = 64, 128, 4, 1024
    samples = options.samples
    print(f"planted: {features} features in {d} dimensions, {active} active a row; {samples:,} samples, batch {batch}")
    for architecture in options.only or ARCHITECTURES:
        found: dict[str, list[float]] = {}
        for seed in range(options.seeds):
            directions, rows = planted(min(samples, 200_000), d, features, active, seed)
            scale = d**0.5 / float((rows - rows.mean(0)).norm(dim=1).mean())
            order = torch.Generator().manual_seed(seed)

            def provider(rows=rows, scale=scale, order=order):
                while True:
                    for part in torch.randperm(len(rows), generator=order).split(batch):
                        if len(part) == batch:
                            yield rows[part] * scale

            for name, lr in (("sae-lens", 3e-4), ("sae-lens, our rate", our_rate(features)))[
                : 2 if options.both_rates else 1
            ]:
                nested = {"matryoshka_widths": [8, 32, 128]} if "matryoshka" in architecture else {}
                penalty = {"standard": {"l1_coefficient": 2.0}, "jumprelu": {"l0_coefficient": 2.0}}.get(
                    architecture, {}
                )
                sae = lens_sae(architecture, d, features, active, seed, **nested, **penalty)
                lens_trainer(sae, samples, batch, provider(), lr).fit()
                found.setdefault(name, []).append(mcc(sae.W_dec, directions))
            found.setdefault("sonde", []).append(
                mcc(train_ours(architecture, rows, seed, samples, batch, active, features), directions)
            )
        ahead = statistics.mean(found["sonde"]) - statistics.mean(found["sae-lens"])
        shown = ";  ".join(f"{name} {', '.join(f'{v:.3f}' for v in values)}" for name, values in found.items())
        print(f"{architecture:<22} MCC  {shown}   sonde - sae-lens (its defaults): {ahead:+.3f}", flush=True)


def our_rate(d_sae: int) -> float:
    from sonde.saes import make_config

    return make_config(d_sae=d_sae).rate


def train_ours(architecture: str, rows: torch.Tensor, seed: int, samples: int, batch: int, k: float, d_sae: int):
    from sonde.activations import Activations
    from sonde.saes import make_config, train_saes

    acts = Activations.of_rows({"planted": rows}, [0, len(rows)])
    config = make_config(architecture=architecture, d_sae=d_sae, k=k, seed=seed)
    (sae,) = train_saes(acts, [config], site="planted", samples=samples, batch=batch, seed=seed)
    return sae.W_dec


# -- sae-lens' synthetic generator --------------------------------------------------------------------------------


def synthetic(options: argparse.Namespace) -> None:
    """BatchTopK and Matryoshka on sae-lens' hierarchical generator, judged by its own evaluator."""
    from sae_lens.synthetic import SyntheticModel, SyntheticModelConfig
    from sae_lens.synthetic.evals import eval_sae_on_synthetic_data
    from sae_lens.synthetic.hierarchy import HierarchyConfig
    from sae_lens.synthetic.training import SyntheticActivationIterator

    from sonde.saes import to_lens

    features, d, d_sae, k, batch, samples = 512, 96, 256, 12, 1024, options.samples
    print(f"sae-lens generator: {features} features in {d} dimensions, d_sae {d_sae}, k {k}; {samples:,} samples")
    for architecture in ("batchtopk", "matryoshka_batchtopk"):
        for seed in range(options.seeds):
            torch.manual_seed(seed)
            model = SyntheticModel(
                SyntheticModelConfig(
                    num_features=features,
                    hidden_dim=d,
                    hierarchy=HierarchyConfig(total_root_nodes=64, branching_factor=3, max_depth=2),
                    seed=seed,
                )
            )
            flow = SyntheticActivationIterator(model.feature_dict, model.activation_generator, batch)
            rows = torch.cat([next(flow) for _ in range(200)])
            nested = {"matryoshka_widths": [16, 64, 256]} if "matryoshka" in architecture else {}
            theirs = lens_sae(architecture, d, d_sae, k, seed, **nested)
            lens_trainer(theirs, samples, batch, flow).fit()
            ours = to_lens(train_synthetic(architecture, flow, rows, seed, samples, batch, k, d_sae))
            told = {}
            for name, sae in (("sae-lens", theirs), ("sonde", ours)):
                torch.manual_seed(seed + 100)
                told[name] = eval_sae_on_synthetic_data(
                    sae, model.feature_dict, model.activation_generator, num_samples=50_000, batch_size=2048
                )
            line = ";  ".join(
                f"{name}: MCC {r.mcc:.3f}, F1 {r.classification.f1_score:.3f}, L0 {r.sae_l0:.1f}, EV "
                f"{r.explained_variance:.3f}, dead {r.dead_latents}"
                for name, r in told.items()
            )
            print(f"{architecture:<22} seed {seed}: {line}", flush=True)


def train_synthetic(architecture, flow, rows, seed, samples, batch, k, d_sae):
    """Train from the generator itself, as sae-lens does: no row is seen twice."""
    from sonde.saes import CapturedSource, make_config, train_saes

    steps = samples // batch
    source = CapturedSource("synthetic", rows.shape[1], samples, lambda epoch: (next(flow) for _ in range(steps)), {})
    config = make_config(architecture=architecture, d_sae=d_sae, k=k, seed=seed)
    (sae,) = train_saes(source, [config], samples=samples, batch=batch, seed=seed)
    return sae


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", nargs="?", choices=("speed", "recovery", "synthetic"), default="speed")
    parser.add_argument("--batch", type=int, default=2048, help="rows a step, for speed")
    parser.add_argument("--rounds", type=int, default=7, help="rounds that count, after one that does not")
    parser.add_argument("--samples", type=int, default=500_000)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--both-rates", action="store_true", help="recovery: sae-lens at our learning rate too")
    parser.add_argument("--only", nargs="*", default=[], choices=ARCHITECTURES)
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    np.random.seed(0)
    print(f"torch {torch.__version__}, {torch.get_num_threads()} threads")
    {"speed": speed, "recovery": recovery, "synthetic": synthetic}[options.what](options)


if __name__ == "__main__":
    main()
