"""What a whole `sonde train` costs, in plain forward passes over the same tokens.

Two runs: the demo (recipe `deception` on Cretan), and a random model of about 100 million parameters made from a
configuration, on made-up dialogues. Each is the real `sonde.train`, audit and nulls included; the stages
are timed by wrapping the functions that it calls. The yardstick is the plain forward pass with logits, over every
distinct sequence the run read (the audit's restyled and masked copies included), in the same length-sorted batches,
timed on a sample of them right after the capture.

    python benchmarks/train.py                 # both
    python benchmarks/train.py --only demo --rounds 3
    python benchmarks/train.py --only large --rows 400 --checks none

Reading the data is not counted against the run: for the demo it means letting Cretan speak, which is generation.
"""

from __future__ import annotations

import argparse
import json
import logging
import random
import statistics
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch

AIM = 2.0
#: What `sonde.train` calls, and what that is in the table; the others are counted as "the rest".
STAGES = {
    "load_run_data": "reading the data *",
    "load_model": "loading the model *",
    "plan_audit": "audit: restyling and reading what it needs *",
    "capture_run": "capture, embedding layer and answer entropy",
    "select_probe": "sweep, selection, threshold",
    "evaluate_run": "test: intervals, baselines, shuffled labels, transfer",
    "audit_run": "audit: judging",
    "run_content": "writing run.json",
    "write_report": "drawing the report",
}
#: Stages that are not counted: they fetch what the run is about.
NOT_COUNTED = ("load_run_data", "load_model", "plan_audit")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=("demo", "large"), help="one of the two")
    parser.add_argument("--rounds", type=int, default=1, help="runs of each")
    parser.add_argument("--rows", type=int, default=240, help="training dialogues of the large model")
    parser.add_argument("--width", type=int, default=768, help="of the large model")
    parser.add_argument("--layers", type=int, default=12, help="of the large model")
    parser.add_argument("--checks", default="all", help="`all` or `none` of the audit's checks")
    parser.add_argument(
        "--clock", choices=("wall", "cpu"), default="wall", help="cpu: where other work shares the cores"
    )
    parser.add_argument("--threads", type=int, default=0, help="torch threads; 0 = as many as torch takes")
    return parser.parse_args()


def large_model(folder: Path, options: argparse.Namespace) -> Path:
    """Save a random Llama with a word-level tokenizer, and return its folder."""
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    vocabulary = 20_000
    words = {"<unk>": 0, "<pad>": 1, **{f"w{i}": i for i in range(2, vocabulary)}}
    tokenizer = Tokenizer(models.WordLevel(words, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=vocabulary,
        hidden_size=options.width,
        intermediate_size=options.width * 8 // 3,
        num_hidden_layers=options.layers,
        num_attention_heads=options.width // 64,
        max_position_embeddings=1024,
        tie_word_embeddings=True,
        bos_token_id=None,
        eos_token_id=None,
    )
    LlamaForCausalLM(config).save_pretrained(folder)
    # No unknown token is declared: the audit leaves out restylings whose words a tokenizer says it does not know.
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, pad_token="<pad>").save_pretrained(folder)
    return folder


def large_recipe(folder: Path, options: argparse.Namespace) -> Path:
    """Write made-up dialogues in which two words go with the label three times of four, and the recipe."""
    rng = random.Random(0)
    for name, rows, only in (
        ("train", options.rows, None),
        ("test", options.rows // 2, None),
        ("control", options.rows // 2, 0),
    ):
        records = [dialogue(rng, f"{name}-{i}", i % 2 if only is None else only) for i in range(rows)]
        (folder / f"{name}.jsonl").write_text("\n".join(json.dumps(record) for record in records))
    model = large_model(folder / "model", options)
    recipe = folder / "large.toml"
    recipe.write_text(
        f"""name = "large"
positive = "lie"
model = "{model}"
[data]
train = "{folder}/train.jsonl"
test = ["{folder}/test.jsonl"]
control = "{folder}/control.jsonl"
[capture]
tokens = "assistant"
"""
    )
    return recipe


def dialogue(rng: random.Random, name: str, label: int) -> dict[str, Any]:
    """Return a made-up dialogue of some fifty words."""

    def words(least: int, most: int) -> list[str]:
        return [f"w{rng.randrange(100, 9000)}" for _ in range(rng.randrange(least, most))]

    answer = words(8, 32)
    answer[rng.randrange(len(answer))] = "w10" if label == (rng.random() < 0.75) else "w11"
    said = [("system", words(6, 12)), ("user", words(8, 32)), ("assistant", answer)]
    messages = [{"role": role, "content": " ".join(text)} for role, text in said]
    part, number = name.split("-")
    return {"id": name, "messages": messages, "label": label, "group": f"{part}-{int(number) // 4}"}


@contextmanager
def timed_stages() -> Iterator[dict[str, float]]:
    """Time the functions that `sonde.train` calls."""
    from sonde.run import folder, train  # noqa: F401 (imports the module that the next line takes)

    module, seconds = sys.modules["sonde.run.train"], {}
    places: list[tuple[Any, str]] = [(module, name) for name in STAGES if hasattr(module, name)]
    places.append((folder.Run, "write_report"))
    originals = [(owner, name, getattr(owner, name)) for owner, name in places]
    for owner, name, original in originals:
        setattr(owner, name, _timed(original, name, seconds))
    try:
        yield seconds
    finally:
        for owner, name, original in originals:
            setattr(owner, name, original)


def _timed(function: Callable[..., Any], name: str, seconds: dict[str, float]) -> Callable[..., Any]:
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        started = time.perf_counter()
        try:
            return function(*args, **kwargs)
        finally:
            seconds[name] = seconds.get(name, 0.0) + time.perf_counter() - started

    return wrapper


def one_run(recipe: str, out: Path, options: argparse.Namespace) -> tuple[dict[str, float], float, dict[str, Any]]:
    """Train once; return seconds by stage, those of the whole, and `run.json`."""
    import sonde

    with timed_stages() as seconds:
        started = time.perf_counter()
        run = sonde.train(recipe, settings=[f"audit.checks={options.checks}"], out=out)
        whole = time.perf_counter() - started
    return seconds, whole, run.content


def report(name: str, runs: list[tuple[dict[str, float], float, dict[str, Any]]]) -> None:
    """Print the stages of the median run, and the multiple of each run."""
    multiples = []
    for seconds, whole, content in runs:
        plain = content["cost"]["forward_only_seconds"]
        # The sample that times the plain pass is part of `capture_run`'s wall time and belongs to the yardstick.
        seconds["capture_run"] = content["cost"]["capture_seconds"]
        seconds["rest"] = max(0.0, whole - sum(seconds.values()))
        counted = sum(s for stage, s in seconds.items() if stage not in NOT_COUNTED)
        multiples.append((counted / plain, counted, plain))
    order = sorted(range(len(runs)), key=lambda k: multiples[k][0])
    middle = order[len(order) // 2]
    seconds, whole, content = runs[middle]
    times, counted, plain = multiples[middle]
    cost = content["cost"]
    print(
        f"\n{name}: {content['model']['name'].rsplit('/', 1)[-1]}, {cost['tokens']:,} tokens, of which "
        f"{cost['extra_tokens']:,} only the audit reads; {len(content['sweep'])} cells; "
        f"verdict {content['audit']['verdict']}"
    )
    print(f"{'stage':<58}{'seconds':>9}{'passes':>9}")
    print(f"{'plain forward pass with logits (sampled)':<58}{plain:>9.2f}{1:>9.2f}")
    for stage, label in [*STAGES.items(), ("rest", "the rest: files, fingerprints, the sample of the plain pass")]:
        if stage in seconds:
            print(f"{label:<58}{seconds[stage]:>9.2f}{seconds[stage] / plain:>9.2f}")
    print(f"{'all of it, without what is marked *':<58}{counted:>9.2f}{times:>9.2f}")
    print(f"{'wall clock, everything':<58}{whole:>9.2f}{whole / plain:>9.2f}")
    ratios = [m for m, _, _ in multiples]
    verdict = "met" if statistics.median(ratios) <= AIM else "MISSED"
    print(
        f"multiple of a forward pass over {len(runs)} runs: median {statistics.median(ratios):.2f} "
        f"[{min(ratios):.2f}, {max(ratios):.2f}]; aim ≤ {AIM:g}: {verdict}"
    )


def main() -> None:
    options = arguments()
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    if options.threads:
        torch.set_num_threads(options.threads)
    if options.clock == "cpu":
        time.perf_counter = time.process_time  # the run's own figures too
    print(f"{options.clock} time, torch {torch.__version__}, {torch.get_num_threads()} threads")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if options.only != "large":
            report("demo", [one_run("deception", folder / f"demo-{k}", options) for k in range(options.rounds)])
        if options.only != "demo":
            recipe = str(large_recipe(folder, options))
            report("100M", [one_run(recipe, folder / f"large-{k}", options) for k in range(options.rounds)])


if __name__ == "__main__":
    main()
