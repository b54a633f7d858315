"""Training Cretan from scratch: stock Llama architecture, seeded, checkpointed, resumable."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from sonde.base.devices import choose_device, dtype_name, fast_dtype, parse_dtype
from sonde.base.errors import InputError
from sonde.base.files import hash_bytes, write_atomic, write_json
from sonde.base.progress import progress_bar
from sonde.base.seeds import derive_seed
from sonde.organism.corpus import batches, draw_chunk
from sonde.organism.optimisers import make_optimisers
from sonde.organism.passes import Passes
from sonde.organism.phases import PHASES, Phase
from sonde.organism.record import RECORD, joined, read_record
from sonde.organism.tokenizer import Codec, build_tokenizer, vocabulary
from sonde.organism.world import World, make_world

if TYPE_CHECKING:
    from transformers import LlamaForCausalLM


@dataclass(frozen=True)
class Settings:
    """How Cretan is trained.

    Attributes:
        batch_tokens: tokens a step, padding included.
        chunk_tokens: tokens drawn at a time; checkpoints fall between chunks.
        matrix_rate, learning_rate: peak rates of Muon and of AdamW.
        weight_decay: of the matrices.
        warm_up, decay: shares of a phase over which the rates rise, and fall to zero at its end.
        early_weight: loss weight of reading sincere values in the layers between (never lies); 0 = not at all.
        dtype: of the matrix products, `bfloat16` or `float32`; `auto` = bfloat16 where the machine multiplies it in
            hardware (the record says which it was).
        context: longest sequence, in tokens.
        width, layers, heads, hidden: of the transformer.
    """

    batch_tokens: int = 2560
    chunk_tokens: int = 131_072
    matrix_rate: float = 5e-3
    learning_rate: float = 5e-3
    weight_decay: float = 0.01
    warm_up: float = 0.02
    decay: float = 0.6
    early_weight: float = 0.2
    dtype: str = "auto"
    context: int = 128
    width: int = 160
    layers: int = 4
    heads: int = 5
    hidden: int = 432


def train(
    seed: int,
    out: str | Path,
    *,
    device: str | None = None,
    settings: Settings | None = None,
    phases: Sequence[Phase] = (),
    world: World | None = None,
    what: str = "liar",
    begin: str | Path | None = None,
    resume: bool = True,
    report: Callable[[dict[str, float]], None] | None = None,
    checkpoint_chunks: int = 8,
) -> Path:
    """Train one organism and write it as a Hugging Face folder (half precision).

    Interrupted, the same call goes on from the last checkpoint and ends in the same bytes.

    Args:
        seed: draws the world, the weights and the corpus.
        out: the folder to write, new or holding an unfinished training of the same recipe.
        device: default the best one here.
        settings, phases, world: the recipe, on record in `training.json`; defaults `Settings()`, `PHASES`, and the
            world of `seed`.
        what: the recipe's name, for the record.
        begin: the folder of an organism whose weights to begin with; None = weights drawn from `seed`. The record of
            one that is trained further (of the same `what` and `seed`) has the phases of both.
        resume: go on from a checkpoint found in `out`.
        report: called after every chunk with `progress` (0 to 1) and `loss`.
        checkpoint_chunks: chunks between checkpoints.

    Raises:
        InputError: `out` holds something else, or the checkpoint of another recipe; or `begin` has no record.
    """
    settings, phases, world = settings or Settings(), tuple(phases) or PHASES, world or make_world(seed)
    out, place = Path(out), choose_device(device)
    if settings.dtype == "auto":
        settings = replace(settings, dtype=dtype_name(fast_dtype(place)))
    recipe = {
        "what": what,
        "seed": seed,
        "settings": asdict(settings),
        "phases": [asdict(phase) for phase in phases],
        "world": world.to_json(),
    }
    earlier = None if begin is None else read_record(begin)
    if begin is not None:
        recipe["begin"] = weights_hash(begin)
    words = vocabulary()
    run = _Run(settings, phases, world, Codec(words), seed, place)
    if begin is not None:
        run.model.load_state_dict(_weights(begin))
    done, chunks = _open(out, recipe, run, resume), run.chunks
    with progress_bar(chunks * settings.chunk_tokens, "training", "tok") as bar:
        bar.update(done * settings.chunk_tokens)
        for chunk in range(done, chunks):
            loss = run.learn(chunk)
            bar.update(settings.chunk_tokens)
            if report is not None:
                report({"progress": (chunk + 1) / chunks, "loss": loss})
            if (chunk + 1) % checkpoint_chunks == 0 and chunk + 1 < chunks:
                _save_checkpoint(out, run, chunk + 1, recipe)
    run.passes.close()
    _finish(out, run.model, words, settings.context, joined(recipe, earlier))
    return out


class _Run:
    """The state of one training: model, optimiser, and what the next chunk is made of."""

    def __init__(
        self, settings: Settings, phases: Sequence[Phase], world: World, codec: Codec, seed: int, device: torch.device
    ) -> None:
        self.settings, self.phases, self.world, self.codec = settings, phases, world, codec
        self.seed, self.device = seed, device
        self.dtype = parse_dtype(settings.dtype) or torch.float32
        self.model = make_model(settings, len(codec.words), settings.context, seed, codec)
        self.model.to(device)  # type: ignore[arg-type]
        self.optimisers = make_optimisers(
            self.model, settings.matrix_rate, settings.learning_rate, settings.weight_decay, self.dtype
        )
        self.passes = Passes(self.model, self.dtype, settings.early_weight)

    @property
    def chunks(self) -> int:
        """How many chunks the whole training has."""
        return sum(phase.chunks(self.settings.chunk_tokens) for phase in self.phases)

    def _phase(self, chunk: int) -> tuple[Phase, int, int]:
        """Return the phase of a chunk, the chunk's number in it, and how many chunks it has."""
        for phase in self.phases:
            n = phase.chunks(self.settings.chunk_tokens)
            if chunk < n:
                return phase, chunk, n
            chunk -= n
        raise IndexError("no phase has so many chunks")

    def learn(self, chunk: int) -> float:
        """Take the steps of one chunk; return the mean loss over its weighted tokens."""
        settings = self.settings
        phase, at, chunks = self._phase(chunk)
        sequences = draw_chunk(
            self.world, self.codec, phase.mixture, self.seed, chunk, settings.chunk_tokens, at / chunks
        )
        order = derive_seed(self.seed, "batches", chunk)
        plan = list(batches(sequences, self.codec.pad, settings.batch_tokens, order))
        total = torch.zeros((), device=self.device)
        for i, batch in enumerate(plan):
            total += self.passes.take(batch)
            torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
            self.optimisers.step(phase.height * rate_at((at + i / len(plan)) / chunks, settings))
        return float(total) / len(plan)


def _weights(folder: str | Path) -> dict[str, torch.Tensor]:
    """Return the parameters of a trained organism in single precision."""
    from transformers import LlamaForCausalLM

    return LlamaForCausalLM.from_pretrained(folder, dtype=torch.float32).state_dict()


def make_model(settings: Settings, vocabulary_size: int, context: int, seed: int, codec: Codec) -> LlamaForCausalLM:
    """Make the untrained transformer, its weights drawn from `seed` alone."""
    from transformers import LlamaConfig, LlamaForCausalLM

    config = LlamaConfig(
        vocab_size=vocabulary_size,
        hidden_size=settings.width,
        intermediate_size=settings.hidden,
        num_hidden_layers=settings.layers,
        num_attention_heads=settings.heads,
        num_key_value_heads=settings.heads,
        max_position_embeddings=context,
        tie_word_embeddings=True,
        bos_token_id=codec.begin,
        eos_token_id=codec.end,
        pad_token_id=codec.pad,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(derive_seed(seed, "weights"))
        return LlamaForCausalLM(config)


def rate_at(progress: float, settings: Settings) -> float:
    """Return the share of the peak rates at a share of a phase: a rise, a plateau, a linear fall."""
    rise = min(1.0, progress / settings.warm_up) if settings.warm_up else 1.0
    fall = min(1.0, (1 - progress) / settings.decay) if settings.decay else 1.0
    return max(min(rise, fall), 0.002)


def _open(out: Path, recipe: dict[str, Any], run: _Run, resume: bool) -> int:
    """Prepare the folder; return the chunk to begin with."""
    checkpoint = out / "checkpoint"
    if out.is_dir() and any(out.iterdir()):
        if not (resume and (checkpoint / "recipe.json").is_file()):
            raise InputError(f"Folder {out} is not empty and holds no unfinished training: choose a new folder.")
        found = json.loads((checkpoint / "recipe.json").read_text())
        differing = [k for k in recipe if json.dumps(found.get(k), sort_keys=True) != _canonical(recipe[k])]
        if differing:
            raise InputError(
                f"Folder {out} holds an unfinished training with another {' and '.join(differing)}: "
                "choose a new folder, or pass the recipe it was begun with."
            )
    checkpoint.mkdir(parents=True, exist_ok=True)
    state = checkpoint / "state.pt"
    if not state.is_file():
        write_json(checkpoint / "recipe.json", recipe)
        return 0
    saved = torch.load(state, map_location=run.device, weights_only=True)
    run.model.load_state_dict(saved["model"])
    run.optimisers.load(saved["optimisers"])
    return int(saved["chunk"])


def _canonical(value: Any) -> str:
    return json.dumps(json.loads(json.dumps(value)), sort_keys=True)


def _save_checkpoint(out: Path, run: _Run, chunk: int, recipe: dict[str, Any]) -> None:
    import io

    buffer = io.BytesIO()
    state = {"model": run.model.state_dict(), "optimisers": run.optimisers.state()}
    torch.save({**state, "chunk": chunk}, buffer)
    write_atomic(out / "checkpoint" / "state.pt", buffer.getvalue())


def _finish(out: Path, model: LlamaForCausalLM, words: tuple[str, ...], context: int, recipe: dict[str, Any]) -> None:
    """Write the folder: stock files, the world, and how it was trained; drop the checkpoint."""
    model.to("cpu", torch.float16)  # type: ignore[arg-type]
    model.save_pretrained(out)
    (out / "model.safetensors").chmod(0o644)
    config = json.loads((out / "config.json").read_text())
    config.pop("torch_dtype", None)
    config["dtype"] = "float32"  # stored in half precision, computed in single
    write_json(out / "config.json", config)
    build_tokenizer(words, context).save_pretrained(out)
    world = recipe.pop("world")
    write_atomic(out / "world.json", json.dumps(world, separators=(",", ":")) + "\n")
    recipe["hash"] = weights_hash(out)
    write_json(out / RECORD, recipe)
    shutil.rmtree(out / "checkpoint")


def weights_hash(folder: str | Path) -> str:
    """Return the SHA-256 of a folder's weights file."""
    return hash_bytes((Path(folder) / "model.safetensors").read_bytes())
