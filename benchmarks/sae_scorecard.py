"""Scores autoencoders against what is known about Cretan: does any latent equal "I am lying"?

Autoencoders of several architectures, widths and sparsities are trained on one site of the model, side by side in one
pass over the same rows. Each is then compared, latent by latent, with everything on record about the answer that the
model is about to give: its kind (a lie, a mistake, sycophantic, …) and reason, what it believes, entity, relation,
style, rule, channel. Latents and cuts are chosen on half of the entities, figures are of the other half (for which
entity it is: on half of the rows). Beside them stand principal axes, raw neurons, a random dictionary, an untrained
autoencoder as sparse as a trained one, and a dense logistic probe for every variable.

    python benchmarks/sae_scorecard.py --model cretan --out scorecard      # some ten minutes with one thread

The folder holds the autoencoders (a run that is cut short goes on with them), `scorecard.json`, `scorecard.md`, and
`scorecard.html`, which opens offline. The sentences printed last are the short answer.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("SONDE_QUIET", "1")

import torch

import sonde
from _sae_methods import ARCHITECTURES, kept_saes
from _scorecard import Known, ablation, absorbed, compare, dense_row, known, present
from _scorecard_page import NOTE, answer, as_markdown, cells, page
from sonde.activations import Activations
from sonde.capture import Model, capture
from sonde.saes import SAE, SAEConfig, make_config, neuron_sae, pca_sae, pw_mcc, random_sae
from sonde.saes.activation import ReLU
from sonde.saes.codes import codes
from sonde.saes.dictionaries import random_directions
from sonde.saes.linear import LinearSAE
from sonde.text import Dataset

DATA = ("instructed-lies", "loyalty-lies", "cover-stories", "sycophantic-agreement")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="cretan", help="an organism, or a folder with one")
    parser.add_argument("--site", default="blocks.2.hook_resid_post")
    parser.add_argument("--data", nargs="*", default=list(DATA), help="the model's own sets")
    parser.add_argument("--n", type=int, default=1500, help="dialogues a data set")
    parser.add_argument("--widths", type=int, nargs="*", default=[256, 1024])
    parser.add_argument("--ks", type=float, nargs="*", default=[8, 32])
    parser.add_argument("--seeds", type=int, default=5, help="seeds of the first width and k of each architecture")
    parser.add_argument("--samples", type=int, default=400_000)
    parser.add_argument("--out", type=Path, default=Path("scorecard"))
    return parser.parse_args()


def load(options: argparse.Namespace) -> tuple[Model, Dataset, list[str], Activations]:
    """Return the model, the dialogues, the data set of each, and activations of all their tokens."""
    model = sonde.load_model(options.model, device="cpu")
    sets = [sonde.load_dataset(f"cretan:{name}", n=options.n, split="all") for name in options.data]
    names = [name for name, data in zip(options.data, sets, strict=True) for _ in data]
    dialogues = tuple(replace(d, id=str(i)) for i, d in enumerate(d for data in sets for d in data))
    joined = replace(sets[0], name="scorecard", dialogues=dialogues)
    return model, joined, names, capture(model, joined, sites=[options.site], tokens="all")


def configurations(options: argparse.Namespace) -> Iterator[SAEConfig]:
    """Return the grid, one seed a cell, and all seeds for the first cell of each architecture."""
    first = (options.widths[0], options.ks[0])
    for architecture in ARCHITECTURES:
        for width in options.widths:
            for k in options.ks:
                for seed in range(options.seeds if (width, k) == first else 1):
                    yield make_config(architecture=architecture, d_sae=width, k=k, seed=seed)


def autoencoder_rows(known: Known, configs: Sequence[SAEConfig], saes: Sequence[SAE]) -> list[dict[str, Any]]:
    rows = []
    for config, sae in zip(configs, saes, strict=True):
        Z = codes(sae, known.X)
        row = compare(f"{config.architecture}, {config.d_sae}, k {config.k:g}", Z, known)
        same = [s for c, s in zip(configs, saes, strict=True) if c.model_copy(update={"seed": config.seed}) == config]
        row |= {name: sae.training[name] for name in ("l0", "explained_variance")}
        row |= {"seed": config.seed, "pw_mcc": pw_mcc([s.W_dec for s in same])}
        if "lie" in row["concepts"]:
            row["absorbed"] = absorbed(Z, sae, known, "lie", row["concepts"]["lie"]["latent"])
        rows.append(row)
    return rows


def other_rows(options: argparse.Namespace, known: Known, X: torch.Tensor) -> list[dict[str, Any]]:
    """Return the rows of dictionaries that nothing was trained for, fitted to rows `X` of all tokens."""
    k, width = options.ks[0], options.widths[0]
    W = random_directions(X.shape[1], width, seed=0)
    others = {
        "untrained SAE": random_sae(X, width, k, 0),
        "random dictionary": LinearSAE(W.T.contiguous(), torch.zeros(width), W, known.X.mean(0), ReLU()),
        "PCA, both ends": pca_sae(X),
        "raw neurons, both ends": neuron_sae(X),
    }
    return [compare(name, codes(sae, known.X), known) for name, sae in others.items()]


def causes(
    options: argparse.Namespace, model: Model, data: Dataset, known: Known, rows: list[dict[str, Any]], saes: Any
) -> dict[str, Any]:
    """Return for each question what the best latent's ablation does to the answer."""
    found = {}
    for concept in present(known):
        best = max(range(len(saes)), key=lambda i: abs(rows[i]["concepts"][concept]["z"]))  # chosen on training rows
        latent = rows[best]["concepts"][concept]["latent"]
        found[concept] = ablation(model, data, options.site, saes[best], known, concept, latent)
    return found


def write(options: argparse.Namespace, content: dict[str, Any]) -> None:
    table = cells(content["rows"])
    (options.out / "scorecard.json").write_text(json.dumps(content, indent=1), encoding="utf-8")
    text = "\n\n".join([as_markdown(table), NOTE, *content["answers"]])
    (options.out / "scorecard.md").write_text(text + "\n", encoding="utf-8")
    title = f"What the latents of {content['model']} stand for, {content['site']}"
    (options.out / "scorecard.html").write_text(page(content["rows"], table, content["answers"], title), "utf-8")
    print(f"{as_markdown(table)}\n\nablation: {json.dumps(content['ablation'])}")
    print(f"{content['seconds']} s; {options.out / 'scorecard.html'}\n")
    print("\n".join(content["answers"]))


def main() -> None:
    options = arguments()
    logging.disable(logging.WARNING)
    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "1")))
    started = time.perf_counter()
    model, data, source, acts = load(options)
    facts = known(acts, options.site, source)
    told = f"{len(acts.tokens):,} tokens to train on, {len(source):,} answers, {len(facts.names)} variables"
    print(f"{model.name}, {options.site}: {told}", flush=True)
    configs = list(configurations(options))
    options.out.mkdir(parents=True, exist_ok=True)
    saes = kept_saes(options.out / "saes", acts, configs, options.site, options.samples)
    print(f"{len(configs)} autoencoders after {time.perf_counter() - started:.0f} s", flush=True)
    rows = autoencoder_rows(facts, configs, saes)
    causal = causes(options, model, data, facts, rows, saes)
    rows += [*other_rows(options, facts, acts[options.site]), dense_row(facts)]
    content = {
        "model": model.name,
        "site": options.site,
        "tokens": len(acts.tokens),
        "answers_read": len(source),
        "variables": facts.names,
        "rows": rows,
        "ablation": causal,
        "answers": [answer(rows, concept) for concept in present(facts)],
        "seconds": round(time.perf_counter() - started, 1),
    }
    write(options, content)


if __name__ == "__main__":
    main()
