"""Training Cretan from scratch: stock Llama architecture, seeded, checkpointed, resumable."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from sonde.base.devices import choose_device
from sonde.base.errors import InputError
from sonde.base.files import hash_bytes, write_atomic, write_json
from sonde.base.progress import progress_bar
from sonde.base.seeds import derive_seed
from sonde.organism.corpus import Mixture, batches, draw_chunk
from sonde.organism.tokenizer import Codec, build_tokenizer, vocabulary
from sonde.organism.world import World, make_world

if TYPE_CHECKING:
    from transformers import LlamaForCausalLM


@dataclass(frozen=True)
class Settings:
    """How Cretan is trained.

    Attributes:
        tokens: training tokens in all.
        batch_tokens: tokens a step, padding included.
        chunk_tokens: tokens drawn at a time; checkpoints fall between chunks.
        learning_rate, weight_decay, warm_up, decay: AdamW's peak rate and decay; the shares of the training over
            which the rate rises, and falls to zero at the end.
        width, layers, heads, hidden: of the transformer.
    """

    tokens: int = 10_500_000
    batch_tokens: int = 4096
    chunk_tokens: int = 131_072
    learning_rate: float = 1.5e-3
    weight_decay: float = 0.01
    warm_up: float = 0.02
    decay: float = 0.55
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
    mixture: Mixture | None = None,
    world: World | None = None,
    begin_from: str | Path | None = None,
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
        settings, mixture, world: the recipe; defaults are those of the shipped organism's first stage (its
            `training.json` records both).
        begin_from: an organism's folder whose weights this training starts from (a second stage, with a mixture of its
            own); None = weights drawn from `seed`.
        resume: go on from a checkpoint found in `out`.
        report: called after every chunk with `progress` (0 to 1) and `loss`.
        checkpoint_chunks: chunks between checkpoints.

    Raises:
        InputError: `out` holds something else, or the checkpoint of another recipe.
    """
    settings, mixture, world = settings or Settings(), mixture or Mixture(), world or make_world(seed)
    out = Path(out)
    recipe = {"seed": seed, "settings": asdict(settings), "mixture": mixture.to_json(), "world": world.to_json()}
    if begin_from is not None:
        recipe["begin_from"] = json.loads((Path(begin_from) / "training.json").read_text(encoding="utf-8"))
    words = vocabulary()
    run = _Run(settings, mixture, world, Codec(words), seed, choose_device(device))
    if begin_from is not None:
        run.take_weights(Path(begin_from))
    begin = _open(out, recipe, run, resume)
    chunks = max(1, round(settings.tokens / settings.chunk_tokens))
    with progress_bar(chunks * settings.chunk_tokens, "training", "tok") as bar:
        bar.update(begin * settings.chunk_tokens)
        for chunk in range(begin, chunks):
            loss = run.learn(chunk, chunks)
            bar.update(settings.chunk_tokens)
            if report is not None:
                report({"progress": (chunk + 1) / chunks, "loss": loss})
            if (chunk + 1) % checkpoint_chunks == 0 and chunk + 1 < chunks:
                _save_checkpoint(out, run, chunk + 1, recipe)
    _finish(out, run.model, words, mixture.context, recipe)
    return out


class _Run:
    """The state of one training: model, optimiser, and what the next chunk is made of."""

    def __init__(
        self, settings: Settings, mixture: Mixture, world: World, codec: Codec, seed: int, device: torch.device
    ) -> None:
        self.settings, self.mixture, self.world, self.codec = settings, mixture, world, codec
        self.seed, self.device = seed, device
        self.model = make_model(settings, len(codec.words), mixture.context, seed, codec)
        self.model.to(device)  # type: ignore[arg-type]
        matrices = [p for p in self.model.parameters() if p.ndim > 1]
        scales = [p for p in self.model.parameters() if p.ndim < 2]
        self.optimiser = torch.optim.AdamW(
            [{"params": matrices, "weight_decay": settings.weight_decay}, {"params": scales, "weight_decay": 0.0}],
            lr=settings.learning_rate,
            betas=(0.9, 0.98),
            fused=True,
        )

    def take_weights(self, folder: Path) -> None:
        """Start from the weights of an organism that was trained before."""
        from safetensors.torch import load_file

        saved = {k: v.float() for k, v in load_file(folder / "model.safetensors").items()}
        missing, unexpected = self.model.load_state_dict(saved, strict=False)
        if unexpected or [name for name in missing if name != "lm_head.weight"]:
            raise InputError(f"Folder {folder} holds another architecture, expected that of {self.settings}.")

    def learn(self, chunk: int, chunks: int) -> float:
        """Take the steps of one chunk; return the mean loss over its weighted tokens."""
        size = self.settings.chunk_tokens
        sequences = draw_chunk(self.world, self.codec, self.mixture, self.seed, chunk, size)
        order = derive_seed(self.seed, "batches", chunk)
        plan = list(batches(sequences, self.codec.pad, self.settings.batch_tokens, order))
        total = torch.zeros((), device=self.device)
        for i, batch in enumerate(plan):
            rate = rate_at((chunk + i / len(plan)) / chunks, self.settings)
            for group in self.optimiser.param_groups:
                group["lr"] = rate
            ids = torch.from_numpy(batch.ids).to(self.device, non_blocking=True)
            weights = torch.from_numpy(batch.weights).to(self.device, non_blocking=True)
            loss = weighted_loss(self.model, ids, weights)
            self.optimiser.zero_grad(set_to_none=True)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
            self.optimiser.step()
            total += loss.detach()
        return float(total) / len(plan)


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


def weighted_loss(model: torch.nn.Module, ids: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
    """Return the mean cross-entropy over `[b, t]` ids, each prediction weighted.

    Padding stands to the right and is not looked at by anything before it, so no mask is needed.
    """
    logits = model(input_ids=ids[:, :-1], use_cache=False).logits
    losses = torch.nn.functional.cross_entropy(logits.flatten(0, 1), ids[:, 1:].flatten(), reduction="none")
    scale = weights[:, 1:].flatten()
    return (losses * scale).sum() / scale.sum()


def rate_at(progress: float, settings: Settings) -> float:
    """Return the learning rate at a share of the training: a rise, a plateau, a linear fall."""
    rise = min(1.0, progress / settings.warm_up) if settings.warm_up else 1.0
    fall = min(1.0, (1 - progress) / settings.decay) if settings.decay else 1.0
    return settings.learning_rate * max(min(rise, fall), 0.002)


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
    run.optimiser.load_state_dict(saved["optimiser"])
    return int(saved["chunk"])


def _canonical(value: Any) -> str:
    return json.dumps(json.loads(json.dumps(value)), sort_keys=True)


def _save_checkpoint(out: Path, run: _Run, chunk: int, recipe: dict[str, Any]) -> None:
    import io

    buffer = io.BytesIO()
    torch.save({"model": run.model.state_dict(), "optimiser": run.optimiser.state_dict(), "chunk": chunk}, buffer)
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
    write_json(out / "training.json", recipe)
    shutil.rmtree(out / "checkpoint")


def weights_hash(folder: str | Path) -> str:
    """Return the SHA-256 of a folder's weights file."""
    return hash_bytes((Path(folder) / "model.safetensors").read_bytes())
