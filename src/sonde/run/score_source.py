"""What a saved probe says of a text, a file or a built-in data set."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sonde.base.errors import InputError
from sonde.base.files import write_atomic
from sonde.report import TokenStrip, render_strips, strips_of
from sonde.run.names import SONDE, is_builtin_dataset, load_dataset, load_model
from sonde.scores import Threshold
from sonde.text import Dataset, Dialogue, Provenance

#: How names of data files end: a word that ends so is never scored as a text.
_DATA_FILES = (".csv", ".tsv", ".parquet", ".jsonl", ".json", ".txt", ".md", ".html")


@dataclass(frozen=True)
class Scored:
    """Scores of a source, JSON-ready.

    Attributes:
        content: what `sonde score --json` prints.
    """

    content: dict[str, Any]

    def table(self, *, tokens: bool = False) -> str:
        """Return one line an example (flag, score, id, text), followed by its tokens' scores if asked for."""
        lines = (
            [f"score  flagged  example   (flagged above {self.content['threshold']['value']:.4g})"]
            if (self.content["threshold"])
            else ["score  flagged  example   (the probe has no threshold)"]
        )
        for example in self.content["examples"]:
            score = "  none" if example["score"] is None else f"{example['score']:+.3f}"
            flag = {True: "yes", False: "no", None: "-"}[example["flagged"]]
            text = "".join(example["tokens"])
            lines.append(f"{score}  {flag:>7}  {example['id']}  {_short(text)}")
            if example["score"] is None:
                hint = "" if tokens else " See them with --tokens, or --html FILE."
                lines.append(f"        {example['reason']}{hint}")
            if tokens:
                pairs = zip(example["tokens"], example["token_scores"], strict=True)
                lines += [f"    {'' if value is None else f'{value:+.3f}':>8}  {token!r}" for token, value in pairs]
        return "\n".join(lines)

    def write_html(self, path: Path, *, force: bool = False) -> Path:
        """Draw the token strips into `path`."""
        if path.exists() and not force:
            raise InputError(f"{path} exists, and nothing is overwritten unasked: pass --force or another --html.")
        drawn = [
            TokenStrip(
                example_id=e["id"],
                class_name=e["class_name"],
                score=e["score"],
                tokens=tuple(e["tokens"]),
                scores=tuple(e["token_scores"]),
                roles=tuple(e["roles"]),
            )
            for e in self.content["examples"]
        ]
        threshold = self.content["threshold"]
        page = render_strips(
            drawn,
            title=f"{self.content['probe']} on {self.content['source']}",
            threshold=None if threshold is None else threshold["value"],
            positive=self.content["positive"],
        )
        return write_atomic(path, page)


def score_source(
    probe_path: str | Path,
    source: str,
    *,
    model: str | None = None,
    limit: int | None = None,
    device: str | None = None,
) -> Scored:
    """Score `source` with a saved probe.

    Args:
        probe_path: a probe file.
        source: a text, a JSON list of chat messages, a data file, a built-in data set, or `-` for a text on stdin.
        model: the model to read; None = the one the probe names.
        limit: score the first `limit` examples only; of a built-in set no more are made.
        device: where the model runs.

    Raises:
        InputError: the probe cannot be read, was made for another model, or the source cannot be used.
    """
    from sonde.probes import load_probe

    probe = load_probe(probe_path)
    named = None if probe.origin_ is None else probe.origin_.model
    if not (model or named):
        raise InputError(f"Probe {probe_path} names no model: pass the one it was trained on with --model.")
    loaded = load_model(model or named, device=device)
    data = read_source(source, limit)
    if limit is not None:
        data = data[:limit]
    scores = probe.score_tokens(loaded, data)
    threshold = probe.threshold_
    return Scored(
        {
            "probe": str(probe_path),
            "model": loaded.name,
            "source": source if len(source) < 80 else source[:77] + "…",
            "positive": scores.positive,
            "threshold": None if threshold is None else threshold.to_json(),
            "examples": [_example(strip, threshold, scores.note) for strip in strips_of(scores)],
        }
    )


def read_source(source: str, limit: int | None = None) -> Dataset:
    """Make a data set of what the user typed; of a built-in one, no more than `limit` rows where that is given."""
    if is_builtin_dataset(source) and limit is not None:
        return load_dataset(source, **({"n": max(limit, 2)} if source.startswith(f"{SONDE}:") else {"limit": limit}))
    if is_builtin_dataset(source) or source.startswith("hf:"):
        return load_dataset(source)
    if source == "-":
        source = sys.stdin.read()
        if not source.strip():
            raise InputError("Nothing came on stdin, expected a text to score: pipe a text, or name a file.")
    elif "\n" not in source and len(source) < 4096 and Path(source).exists():
        return _file(Path(source))
    elif _names_a_file(source):
        raise InputError(
            f"There is no file {source}, expected a data file that exists: check the path. "
            "A text that looks like a file's name can be piped in: sonde score PROBE -"
        )
    return _dataset((_typed(source),))


def _names_a_file(source: str) -> bool:
    """Return whether what was typed is one word that ends as data files do."""
    return len(source.split()) == 1 and Path(source.strip()).suffix.lower() in _DATA_FILES


def _file(path: Path) -> Dataset:
    if path.suffix in (".txt", ".md"):
        return _dataset((Dialogue.from_text(path.read_text(encoding="utf-8"), id=path.name),))
    return load_dataset(path)


def _typed(text: str) -> Dialogue:
    if text.lstrip().startswith("["):
        try:
            return Dialogue.from_messages(json.loads(text), id="text")
        except (ValueError, KeyError, TypeError):
            pass  # a text may begin with a bracket
    return Dialogue.from_text(text, id="text")


def _dataset(dialogues: tuple[Dialogue, ...]) -> Dataset:
    return Dataset(name="typed", dialogues=dialogues, provenance=Provenance(source="typed"))


def _example(strip: TokenStrip, threshold: Threshold | None, note: str) -> dict[str, Any]:
    return {
        "id": strip.example_id,
        "class_name": strip.class_name,
        "score": strip.score,
        "reason": note,
        "flagged": None if threshold is None or strip.score is None else strip.score > threshold.value,
        "tokens": list(strip.tokens),
        "token_scores": list(strip.scores),
        "roles": list(strip.roles),
    }


def _short(text: str) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= 100 else flat[:97] + "…"
