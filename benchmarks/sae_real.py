"""An autoencoder on a real language model over real text: sparsity, reconstruction, loss recovered, and "negated".

The model is the 3M-parameter BitNet of children's stories, the text statements of Geometry of Truth, both from the
public data beside this repository (`../shared/data`). A tenth of the statements is held out for reconstruction and
splicing; the cities whose statements rank the latents are split by city.

    python benchmarks/sae_real.py      # some minutes with one thread

The autoencoders are kept in `--out`: a run that is cut short goes on with them.
"""

from __future__ import annotations

import argparse
import csv
import logging
import os
import time
from pathlib import Path

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("SONDE_QUIET", "1")

import sonde
from _sae_methods import kept_saes
from sonde.run.sae_rank import ranking_table
from sonde.run.sae_score import score_sae
from sonde.saes import make_config, rank_latents
from sonde.text import Dataset

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"
TEXTS = ("cities", "neg_cities", "sp_en_trans", "neg_sp_en_trans", "common_claim_true_false", "counterfact_true_false")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shared", type=Path, default=SHARED)
    parser.add_argument("--layer", type=int, default=4, help="of 8")
    parser.add_argument("--architecture", default="batchtopk")
    parser.add_argument("--d-sae", type=int, default=2048)
    parser.add_argument("--k", type=float, default=32)
    parser.add_argument("--seeds", type=int, default=2, help="at least 2, for stability")
    parser.add_argument("--samples", type=int, default=1_000_000)
    parser.add_argument("--each", type=int, default=800, help="statements of each file to train on")
    parser.add_argument("--cities", type=int, default=400, help="cities, each stated and negated, to rank by")
    parser.add_argument("--out", type=Path, default=Path("sae-real"))
    return parser.parse_args()


def statements(folder: Path, name: str) -> list[dict[str, str]]:
    with (folder / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def main() -> None:
    options = arguments()
    logging.disable(logging.WARNING)
    folder = options.shared / "geometry-of-truth"
    if not folder.is_dir():
        raise SystemExit(f"{folder} does not exist: this benchmark needs the public data beside the repository.")
    started = time.perf_counter()
    model = sonde.load_model(str(options.shared / "models" / "stories3M-ternary"), device="cpu")
    site = f"blocks.{options.layer}.hook_resid_post"
    texts = [row["statement"] for name in TEXTS for row in statements(folder, name)[: options.each]]
    held_out = texts[::10]
    train = [text for i, text in enumerate(texts) if i % 10]
    acts = sonde.capture(model, train, sites=site)
    captured = time.perf_counter() - started
    configs = [
        make_config(architecture=options.architecture, d_sae=options.d_sae, k=options.k, seed=seed)
        for seed in range(options.seeds)
    ]
    begun = time.perf_counter()
    sae, *others = kept_saes(options.out, acts, configs, site, options.samples, batch=2048)
    spent = time.perf_counter() - begun
    print(
        f"{model.name}, {site}: {len(acts.tokens):,} tokens captured in {captured:.0f} s; {len(configs)} SAEs "
        f"({options.architecture}, {sae.d_in} → {sae.d_sae}, k {options.k:g}) on {options.samples:,} rows "
        f"in {spent:.0f} s"
    )
    told = sae.training
    print(f"training: L0 {told['l0_in_training']:.2f}, as saved {told['l0']:.2f}, dead {told['dead']:.1%}")
    print(f"\nheld-out statements ({len(held_out)}):")
    print(score_sae(sae, Dataset.from_texts(held_out), model=model).table())
    positive, negative = statements(folder, "neg_cities"), statements(folder, "cities")
    chosen = [(r, 1) for r in positive[: options.cities]] + [(r, 0) for r in negative[: options.cities]]
    data = Dataset.from_texts(
        [r["statement"] for r, _ in chosen], labels=[y for _, y in chosen], groups=[r["city"] for r, _ in chosen]
    )
    print("\nnegated, cities held out:")
    ranked = rank_latents(sae, sonde.capture(model, data, sites=site), others=others, resamples=500)
    print(ranking_table(ranking=ranked, top=5))
    print(f"\n{time.perf_counter() - started:.0f} s in all")


if __name__ == "__main__":
    main()
