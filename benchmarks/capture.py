"""How fast activations are captured, next to the plain forward pass with logits in arrival order.

Every method runs once a round, in an order that rotates, and is compared with the plain pass of the same round:
`ratio` is plain seconds / method seconds, so 2.0x means half the time. The text is ragged (lengths are log-normal).
Run it on a machine that does nothing else:

    python benchmarks/capture.py                          # about 30M parameters, 2-3 minutes on two cores
    python benchmarks/capture.py --device cuda --d-model 2048 --layers 24 --sequences 512 --dtype bfloat16
"""

from __future__ import annotations

import argparse
import gc
import importlib.util
import logging
import os
import statistics
import time
import warnings
from collections.abc import Callable, Iterator

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("SONDE_QUIET", "1")

import numpy as np
import torch

AIMS = {("sonde", "all"): 1.5, ("sonde", "middle"): 2.0}


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--d-model", type=int, default=512)
    parser.add_argument("--layers", type=int, default=8)
    parser.add_argument("--vocabulary", type=int, default=16384)
    parser.add_argument("--sequences", type=int, default=48)
    parser.add_argument("--mean-length", type=int, default=80, help="tokens")
    parser.add_argument("--batch", type=int, default=8, help="sequences a batch, for everything that has no budget")
    parser.add_argument("--token-budget", type=int, default=None, help="padded tokens a batch, for sonde")
    parser.add_argument("--rounds", type=int, default=5, help="rounds that count, after one that does not")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--dtype", default="float32")
    parser.add_argument("--threads", type=int, default=None)
    parser.add_argument("--only", default="", help="run only methods whose name holds this (and the plain pass)")
    return parser.parse_args()


def build(options: argparse.Namespace) -> torch.nn.Module:
    """Return a random Llama."""
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=options.vocabulary,
        hidden_size=options.d_model,
        intermediate_size=options.d_model * 8 // 3,
        num_hidden_layers=options.layers,
        num_attention_heads=max(1, options.d_model // 64),
        max_position_embeddings=1024,
        tie_word_embeddings=True,
    )
    module = LlamaForCausalLM(config).eval()
    return module.to(device=options.device, dtype=getattr(torch, options.dtype))


def ragged(options: argparse.Namespace) -> list[list[int]]:
    """Return token ids in arrival order, lengths log-normal around the mean."""
    random = np.random.default_rng(0)
    lengths = np.clip(random.lognormal(np.log(options.mean_length * 0.8), 0.7, options.sequences), 4, 1000).astype(int)
    return [random.integers(3, options.vocabulary, n).tolist() for n in lengths]


def word_tokenizer(vocabulary: int):
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.WordLevel({f"w{i}": i for i in range(vocabulary)}, unk_token="w0"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, pad_token="w0", eos_token="w2")


def arrival_batches(ids: list[list[int]], size: int, device: str) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    for start in range(0, len(ids), size):
        part = ids[start : start + size]
        width = max(map(len, part))
        padded = torch.tensor([s + [0] * (width - len(s)) for s in part], device=device)
        mask = torch.tensor([[1] * len(s) + [0] * (width - len(s)) for s in part], device=device)
        yield padded, mask


Method = Callable[[], None]


def methods(
    options: argparse.Namespace, module: torch.nn.Module, ids: list[list[int]]
) -> dict[tuple[str, str], Method]:
    """Return (method, sites) to a function that captures the whole text once, to the CPU."""
    layers, middle = options.layers, options.layers // 2
    batches = list(arrival_batches(ids, options.batch, options.device))

    def plain() -> None:
        for padded, mask in batches:
            module(input_ids=padded, attention_mask=mask, use_cache=False).logits.sum().item()

    def hidden_states() -> None:
        for padded, mask in batches:
            out = module(input_ids=padded, attention_mask=mask, use_cache=False, output_hidden_states=True)
            for hidden in out.hidden_states[1:]:
                hidden[mask.bool()].to("cpu")

    made: dict[tuple[str, str], Method] = {("plain forward with logits", ""): plain}
    made |= sonde_methods(options, module, ids, middle)
    made["output_hidden_states", "all"] = hidden_states
    sites = {"all": range(layers), "middle": range(middle, middle + 1)}
    made |= lens_methods("HookedTransformer", hooked_transformer(options), batches, sites)
    made |= lens_methods("TransformerBridge", bridge(options), batches, sites)
    if importlib.util.find_spec("nnsight"):
        made |= nnsight_methods(module, batches, sites)
    else:
        print("nnsight is not installed: skipped (pip install nnsight to compare with it)")
    return {k: m for k, m in made.items() if not k[1] or options.only in k[0]}


def sonde_methods(
    options: argparse.Namespace, module: torch.nn.Module, ids: list[list[int]], middle: int
) -> dict[tuple[str, str], Method]:
    from sonde.capture import capture, load_model, plan_capture, run_job
    from sonde.capture.sinks import MemorySink

    model = load_model(module, tokenizer=word_tokenizer(options.vocabulary), name="benchmark")
    texts = [" ".join(f"w{i}" for i in sequence) for sequence in ids]
    settings = {"max_tokens": None, "truncation": "error", "token_budget": options.token_budget}

    def passing(sites: str) -> Method:
        job = plan_capture(model, texts, sites=sites, tokens="all", predictions=False, **settings)

        def run() -> None:
            sink = MemorySink(len(job.kept), pooled=False)
            for batch, _ in run_job(job):
                sink.take(batch)

        return run

    one = f"blocks.{middle}.hook_resid_post"
    return {
        ("sonde", "all"): passing("resid_post"),
        ("sonde", "middle"): passing(one),
        ("sonde.capture(), tokenising included", "all"): lambda: capture(
            model, texts, sites="resid_post", token_budget=options.token_budget
        ),
        ("sonde.capture(), tokenising included", "middle"): lambda: capture(
            model, texts, sites=one, token_budget=options.token_budget
        ),
    }


def hooked_transformer(options: argparse.Namespace):
    """Return a random HookedTransformer of the same sizes."""
    from transformer_lens import HookedTransformer, HookedTransformerConfig

    config = HookedTransformerConfig(
        n_layers=options.layers,
        d_model=options.d_model,
        n_ctx=1024,
        d_head=64 if options.d_model >= 64 else options.d_model,
        n_heads=max(1, options.d_model // 64),
        d_mlp=options.d_model * 8 // 3,
        d_vocab=options.vocabulary,
        act_fn="silu",
        gated_mlp=True,
        final_rms=True,
        normalization_type="RMS",
        positional_embedding_type="rotary",
        rotary_dim=64 if options.d_model >= 64 else options.d_model,
        rotary_adjacent_pairs=False,
        device=options.device,
        dtype=getattr(torch, options.dtype),
        seed=0,
    )
    return HookedTransformer(config).eval()


def bridge(options: argparse.Namespace):
    from transformer_lens.model_bridge.sources import build_bridge_from_module

    module = build(options)  # a second one: the bridge changes it in place
    return build_bridge_from_module(module, "LlamaForCausalLM", hf_config=module.config)


def lens_methods(
    name: str, model, batches: list[tuple[torch.Tensor, torch.Tensor]], sites: dict[str, range]
) -> dict[tuple[str, str], Method]:
    """Return TransformerLens' own way: run_with_cache with a filter, stopping behind the deepest layer."""

    def passing(layers: range) -> Method:
        wanted = {f"blocks.{i}.hook_resid_post" for i in layers}

        def run() -> None:
            for padded, mask in batches:
                _, cache = model.run_with_cache(
                    padded,
                    attention_mask=mask,
                    names_filter=lambda n: n in wanted,
                    stop_at_layer=layers[-1] + 1,
                    return_type=None,
                )
                for site in wanted:
                    cache[site][mask.bool()].to("cpu")

        return run

    return {(name, what): passing(layers) for what, layers in sites.items()}


def nnsight_methods(
    module: torch.nn.Module, batches: list[tuple[torch.Tensor, torch.Tensor]], sites: dict[str, range]
) -> dict[tuple[str, str], Method]:
    from nnsight import NNsight

    wrapped = NNsight(module)

    def passing(layers: range) -> Method:
        def run() -> None:
            for padded, mask in batches:
                with wrapped.trace(input_ids=padded, attention_mask=mask, use_cache=False):
                    saved = [wrapped.model.layers[i].output.save() for i in layers]
                for value in saved:
                    hidden = value[0] if isinstance(value, tuple) else value
                    hidden[mask.bool()].to("cpu")

        return run

    return {("nnsight", what): passing(layers) for what, layers in sites.items()}


def timed(method: Method, device: str) -> float:
    gc.collect()
    if device.startswith("cuda"):
        torch.cuda.synchronize()
    start = time.perf_counter()
    with torch.inference_mode():
        method()
    if device.startswith("cuda"):
        torch.cuda.synchronize()
    return time.perf_counter() - start


def main() -> None:
    options = arguments()
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    if options.threads:
        torch.set_num_threads(options.threads)
    module, ids = build(options), ragged(options)
    tokens = sum(map(len, ids))
    padded = sum(p.numel() for p, _ in arrival_batches(ids, options.batch, "cpu"))
    parameters = sum(p.numel() for p in module.parameters())
    print(
        f"{parameters / 1e6:.1f}M parameters, {options.dtype} on {options.device}, torch {torch.__version__}, "
        f"{torch.get_num_threads()} threads; {len(ids)} sequences, {tokens} tokens "
        f"({padded} padded in arrival order, batches of {options.batch}); {options.rounds} rounds"
    )
    chosen = list(methods(options, module, ids).items())
    seconds: dict[tuple[str, str], list[float]] = {key: [] for key, _ in chosen}
    for number in range(options.rounds + 1):
        shift = number % len(chosen)
        for key, method in chosen[shift:] + chosen[:shift]:
            spent = timed(method, options.device)
            if number:  # the first round warms up
                seconds[key].append(spent)
    report(seconds, tokens)


def report(seconds: dict[tuple[str, str], list[float]], tokens: int) -> None:
    plain = seconds["plain forward with logits", ""]
    print(f"\n{'method':<38}{'layers':<8}{'seconds':>9}{'tokens/s':>10}   ratio to plain: median [least, most]   aim")
    for (name, sites), spent in seconds.items():
        ratios = [p / s for p, s in zip(plain, spent, strict=True)]
        middle = statistics.median(ratios)
        aim = AIMS.get((name, sites))
        verdict = "" if aim is None else f"≥ {aim:g}x {'met' if middle >= aim else 'MISSED'}"
        shown = f"{middle:.2f}x [{min(ratios):.2f}, {max(ratios):.2f}]"
        median = statistics.median(spent)
        print(f"{name:<38}{sites:<8}{median:>9.3f}{tokens / median:>10.0f}   {shown:<38}{verdict}")


if __name__ == "__main__":
    main()
