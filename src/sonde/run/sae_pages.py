"""`sonde sae page`: what a latent responds to, as pages that open offline."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse as sp
import torch

from sonde.activations import Activations
from sonde.base.errors import InputError
from sonde.base.files import check_output_folder, write_atomic
from sonde.base.progress import progress_bar
from sonde.capture import Model, direct_logits
from sonde.report import TokenStrip
from sonde.report.features import FeaturePage, IndexEntry, page_name, render_feature, render_index
from sonde.report.scored import token_pieces
from sonde.run.names import load_dataset
from sonde.run.sae_open import capture_for, check_latent, model_for, open_sae
from sonde.run.score_source import read_source
from sonde.saes import SAE, neighbours
from sonde.saes.codes import codes, pool_codes
from sonde.saes.latent_auroc import Separation, separation

#: Examples shown of the highest activations, and of each quantile.
TOP, EACH = 6, 2
QUANTILES = (0.75, 0.5, 0.25)
#: Tokens named of each end of the logits, and neighbours.
LOGITS, NEAR = 10, 12


@dataclass(frozen=True)
class Seen:
    """What an autoencoder makes of some text.

    Attributes:
        sae, model, acts: where it comes from; `acts` of all tokens.
        Z: `[t, s]` activations, by column.
        counted: `[t]` tokens that figures are of (those the autoencoder was trained on).
        owner: `[t]` example of each token.
        strings: `[t]` the tokens' text.
        about: facts by name.
        concept: what each latent does to a labelled concept, and the concept's name.
    """

    sae: SAE
    model: Model
    acts: Activations
    Z: sp.csc_matrix
    counted: np.ndarray
    owner: np.ndarray
    strings: list[str]
    about: list[tuple[str, str]]
    concept: tuple[Separation, str] | None


def write_pages(
    sae: SAE | str | Path,
    data: Any = None,
    *,
    latents: Sequence[int] | None = None,
    concept: Any = None,
    out: str | Path | None = None,
    model: str | Model | None = None,
    tokens: str | None = None,
    device: str | None = None,
    force: bool = False,
) -> Path:
    """Write a page for each latent, and an index, and return the index.

    Args:
        sae: an autoencoder, its folder, or `RELEASE:ID`.
        data: the text whose tokens are shown: a data set (a name, a file, a `Dataset`) or a text; None = `concept`.
        latents: which; None = all that are active somewhere.
        concept: a labelled data set for the concept table.
        out: the folder; None = `pages` beside the autoencoder.
        model: the model; None = the one the autoencoder names.
        tokens: which tokens count; None = those it was trained on.
        device: where the model runs.
        force: replace pages that are there.

    Raises:
        InputError: no data, no such latent, another model, or a folder that holds other things.
    """
    opened = sae if isinstance(sae, SAE) else open_sae(sae)
    for latent in latents or ():
        check_latent(opened, latent)
    folder = _folder(sae, out, force)
    seen = _look(opened, data, concept, model, tokens, device)
    fires = np.flatnonzero(np.diff(seen.Z.indptr))
    chosen = [int(i) for i in (fires if latents is None else dict.fromkeys(latents))]
    if not chosen:
        raise InputError("No latent is active anywhere in this data, so there is nothing to show: pass other --data.")
    folder.mkdir(parents=True, exist_ok=True)
    logits, near = _logits(seen, chosen), neighbours(opened.W_dec, chosen, NEAR)
    linked = set(chosen)
    entries: list[IndexEntry] = []
    with progress_bar(len(chosen), "feature pages", "page") as bar:
        for latent in chosen:
            page = _page(seen, latent, near[len(entries)], None if logits is None else logits[len(entries)])
            (folder / page_name(latent)).write_text(render_feature(page, linked), encoding="utf-8")
            entries.append(_entry(seen, latent))
            bar.update(1)
    title = f"Latents of {opened.site or 'an SAE'}"
    return write_atomic(folder / "index.html", render_index(entries, title, seen.about))


def show_latent(
    sae: SAE | str | Path,
    latent: int,
    data: Any = None,
    *,
    concept: Any = None,
    model: str | Model | None = None,
    tokens: str | None = None,
    device: str | None = None,
) -> FeaturePage:
    """Return what one latent responds to; it draws itself in a notebook. `write_pages` makes files of it.

    Args:
        sae, data, concept, model, tokens, device: as for `write_pages`.
        latent: which.

    Raises:
        InputError: no data, no such latent, or another model.
    """
    opened = sae if isinstance(sae, SAE) else open_sae(sae)
    check_latent(opened, latent)
    seen = _look(opened, data, concept, model, tokens, device)
    logits = _logits(seen, [latent])
    (near,) = neighbours(seen.sae.W_dec, [latent], NEAR)
    return _page(seen, latent, near, None if logits is None else logits[0])


def _folder(sae: Any, out: str | Path | None, force: bool) -> Path:
    if out is None and isinstance(sae, SAE):
        raise InputError("An autoencoder in memory has no folder to put pages in: pass out=FOLDER.")
    folder = Path(out) if out is not None else Path(sae) / "pages"
    if force and (folder / "index.html").is_file():
        shutil.rmtree(folder)
    return check_output_folder(folder)


def _look(sae: SAE, data: Any, concept: Any, model: Any, tokens: str | None, device: str | None) -> Seen:
    loaded = model_for(sae, model, device)
    if data is None and concept is None:
        raise InputError("No text is named to show examples of: pass --data, a built-in set, a file or a text.")
    dataset = _dataset(concept if data is None else data)
    acts = capture_for(sae, loaded, dataset, "all")
    selector = tokens or (sae.training.get("fingerprint") or {}).get("tokens") or "all"
    Z = codes(sae, acts[sae.site])
    counted = np.ones(len(acts.tokens), dtype=bool) if selector == "all" else _mask(acts, selector)
    about = [
        ("model", loaded.name),
        ("site", sae.site),
        ("architecture", f"{sae.training.get('architecture') or sae.architecture}, {sae.d_in} → {sae.d_sae}"),
        ("text", f"{dataset.name}: {len(dataset)} examples, {int(counted.sum())} tokens"),
        ("tokens that count", selector),
    ]
    related = None if concept is None else _concept(sae, loaded, _dataset(concept), selector)
    return Seen(sae, loaded, acts, Z.tocsc(), counted, acts.tokens.example, acts.tokens.strings, about, related)


def _dataset(source: Any) -> Any:
    return (
        read_source(source) if isinstance(source, str) else load_dataset(source) if isinstance(source, Path) else source
    )


def _mask(acts: Activations, selector: str) -> np.ndarray:
    from sonde.tokens import parse_selector

    mask: np.ndarray = parse_selector(selector).mask(acts.tokens)
    if not mask.any():
        raise InputError(f"The token selector {selector!r} keeps no token of this text: pass another with --tokens.")
    return mask


def _concept(sae: SAE, model: Model, data: Any, selector: str) -> tuple[Separation, str]:
    acts = capture_for(sae, model, data, selector)
    if acts.examples.labels is None:
        raise InputError(f"{data.name} has no labels, and a concept is labelled: pass labelled data with --concept.")
    Z = pool_codes(codes(sae, acts[sae.site]), acts.offsets, "max")
    return separation(Z, acts.examples.labels == 1), acts.examples.positive


def _logits(seen: Seen, chosen: Sequence[int]) -> torch.Tensor | None:
    """Return `[m, vocabulary]` what one unit of each latent adds to the logits; None off the residual stream."""
    W = seen.sae.W_dec[list(chosen)].cpu()
    return direct_logits(seen.model, W) if W.shape[1] == seen.model.d_model else None


def _page(seen: Seen, latent: int, near: Sequence[tuple[int, float]], logits: torch.Tensor | None) -> FeaturePage:
    rows, values = _active(seen, latent)
    counted = seen.counted[rows]
    top, bottom = ([], []) if logits is None else _ends(seen.model, logits)
    return FeaturePage(
        latent=latent,
        d_sae=seen.sae.d_sae,
        about=seen.about,
        rows=int(seen.counted.sum()),
        active=values[counted],
        top_logits=top,
        bottom_logits=bottom,
        strips=_strips(seen, latent, rows[counted], values[counted]),
        concept=_concept_rows(seen.concept, latent),
        neighbours=near,
    )


def _entry(seen: Seen, latent: int) -> IndexEntry:
    rows, values = _active(seen, latent)
    order = np.argsort(-values, kind="stable")[:20]
    words = list(dict.fromkeys(seen.strings[rows[i]].strip() for i in order))
    density = float(seen.counted[rows].sum()) / max(1, int(seen.counted.sum()))
    z = None if seen.concept is None else round(float(seen.concept[0].z[latent]), 3)
    return IndexEntry(latent, density, float(values.max()) if len(values) else 0.0, "  ".join(words[:8]), z)


def _active(seen: Seen, latent: int) -> tuple[np.ndarray, np.ndarray]:
    part = slice(seen.Z.indptr[latent], seen.Z.indptr[latent + 1])
    order = np.argsort(seen.Z.indices[part])
    return seen.Z.indices[part][order], seen.Z.data[part][order]


def _strips(seen: Seen, latent: int, rows: np.ndarray, values: np.ndarray) -> list[tuple[str, list[TokenStrip]]]:
    """Return the examples with the highest activations, then some whose highest is near each quantile."""
    if len(rows) == 0:
        return []
    best = np.zeros(len(seen.acts))
    np.maximum.at(best, seen.owner[rows], values)
    order = np.argsort(-best, kind="stable")[: int((best > 0).sum())]
    sections = [("Highest", [_strip(seen, latent, i, best[i]) for i in order[:TOP]])]
    rest = order[TOP:]
    for quantile in QUANTILES if len(rest) >= EACH * len(QUANTILES) else ():
        middle = int((1 - quantile) * len(rest))
        near = rest[max(0, middle - EACH // 2) :][:EACH]
        sections.append((f"Around the {quantile:.0%} quantile", [_strip(seen, latent, i, best[i]) for i in near]))
    return sections


def _strip(seen: Seen, latent: int, example: int, score: float) -> TokenStrip:
    tokens = seen.acts.tokens
    begin, end = int(tokens.offsets[example]), int(tokens.offsets[example + 1])
    values = np.full(len(tokens), np.nan)
    values[begin:end] = np.asarray(seen.Z[begin:end, [latent]].todense())[:, 0]
    texts, scores, roles = zip(*token_pieces(tokens, example, values), strict=True)
    examples = seen.acts.examples
    label = "" if examples.labels is None else (examples.negative, examples.positive)[int(examples.labels[example])]
    return TokenStrip(examples.ids[example], label, float(score), texts, scores, roles)


def _ends(model: Model, logits: torch.Tensor) -> tuple[list[tuple[str, float]], list[tuple[str, float]]]:
    k = min(LOGITS, len(logits))
    named = []
    for sign in (1, -1):
        found = (sign * logits).topk(k)
        words = [model.tokenizer.decode([int(i)]) or "(no text)" for i in found.indices]
        named.append(list(zip(words, (sign * found.values).tolist(), strict=True)))
    return named[0], named[1]


def _concept_rows(concept: tuple[Separation, str] | None, latent: int) -> list[tuple[str, str, str]]:
    if concept is None:
        return []
    found, name = concept
    return [
        ("concept", name, "the positive class of the labelled data"),
        ("AUROC", f"{found.auroc[latent]:.3f}", "how often a positive example has more of the latent; not held out"),
        ("z", f"{found.z[latent]:+.1f}", "the same over what chance gives a latent of this density"),
        ("active in", f"{found.density[latent]:.1%}", "share of the labelled examples"),
    ]
