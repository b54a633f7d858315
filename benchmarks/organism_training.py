"""How long a step of Cretan's training takes, next to the stock model's own forward and backward pass.

Every way of taking a batch's gradients runs once on each batch, in an order that rotates, and is compared with the
stock pass over the same batch: `ratio` is stock seconds / its seconds, with the quartiles of the batches in brackets.
The weights are those of the shipped `cretan`, the batches those of the last phase. Run it on a machine that
does nothing else:

    python benchmarks/organism_training.py                # a minute on two cores
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable

import numpy as np
import torch
from torch.nn import functional as F

from sonde.organism.corpus import Batch, batches, draw_chunk
from sonde.organism.lean import Target, losses
from sonde.organism.optimisers import make_optimisers
from sonde.organism.passes import Passes
from sonde.organism.phases import LEVELLING, PHASES
from sonde.organism.shipped import cretan_folder
from sonde.organism.tokenizer import Codec, vocabulary
from sonde.organism.train import Settings
from sonde.organism.world import make_world


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--batches", type=int, default=40, help="batches that count, after four that do not")
    parser.add_argument("--threads", type=int, default=None)
    return parser.parse_args()


def stock(model: torch.nn.Module, batch: Batch) -> None:
    """The weighted loss from the model's own logits; no early readings, no labels that are distributions."""
    ids, weights = torch.from_numpy(batch.ids), torch.from_numpy(batch.weights)[:, 1:]
    logits = model(input_ids=ids[:, :-1], use_cache=False).logits
    each = F.cross_entropy(logits.flatten(0, 1), ids[:, 1:].flatten(), reduction="none")
    ((each * weights.flatten()).sum() / weights.sum()).backward()


def lean(model: torch.nn.Module, batch: Batch, weight: float) -> None:
    loss = losses(model, Target(*map(torch.from_numpy, batch)), dtype=torch.float32, early=True)
    (loss.main + weight * loss.early).backward()


def timed(work: Callable[[], object]) -> float:
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def main() -> None:
    options = arguments()
    if options.threads:
        torch.set_num_threads(options.threads)
    from transformers import LlamaForCausalLM

    settings, codec = Settings(dtype="float32"), Codec(vocabulary())
    model = LlamaForCausalLM.from_pretrained(cretan_folder("cretan"), dtype=torch.float32)
    optimisers = make_optimisers(
        model, settings.matrix_rate, settings.learning_rate, settings.weight_decay, torch.float32
    )
    passes = Passes(model, torch.float32, settings.early_weight)
    sequences = draw_chunk(make_world(0), codec, LEVELLING.mixture, 0, 0, settings.chunk_tokens, 0.5)
    plan = list(batches(sequences, codec.pad, settings.batch_tokens, 0))
    ways: dict[str, Callable[[Batch], object]] = {
        "stock forward and backward": lambda batch: stock(model, batch),
        "lean, all cores on each product": lambda batch: lean(model, batch, settings.early_weight),
        f"lean, {passes.shares} parts of a batch (what trains)": passes.take,
    }
    names, seconds = list(ways), {name: [] for name in [*ways, "optimisers"]}
    for i, batch in enumerate(plan[: options.batches + 4]):
        for name in names[i % 3 :] + names[: i % 3]:
            model.zero_grad()
            seconds[name].append(timed(lambda name=name, batch=batch: ways[name](batch)))
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        seconds["optimisers"].append(timed(lambda: optimisers.step(1e-6)))
    base = np.array(seconds[names[0]][4:])
    print(f"{torch.get_num_threads()} threads, {len(base)} batches of {settings.batch_tokens:,} tokens")
    for name in names:
        low, middle, high = np.quantile(base / np.array(seconds[name][4:]), [0.25, 0.5, 0.75])
        median = 1000 * statistics.median(seconds[name][4:])
        print(f"{name:45s} {median:6.0f} ms   ratio {middle:.2f} [{low:.2f}, {high:.2f}]")
    print(f"{'optimisers':45s} {1000 * statistics.median(seconds['optimisers'][4:]):6.0f} ms")
    step = statistics.median(seconds[names[-1]][4:]) + statistics.median(seconds["optimisers"][4:])
    chunks = sum(phase.chunks(settings.chunk_tokens) for phase in PHASES)
    print(f"so {chunks} chunks of {len(plan)} such steps would take {chunks * len(plan) * step / 60:.0f} minutes")


if __name__ == "__main__":
    main()
