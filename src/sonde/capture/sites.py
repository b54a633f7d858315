"""The names of places in a model: TransformerLens hook names, their shorthands, globs and lists of these.

`hook_embed`; per layer `blocks.L.hook_resid_pre`, `.attn.hook_z` (all heads side by side; `.attn.hook_z.H` is one
head), `.hook_attn_out`, `.hook_resid_mid`, `.mlp.gate.hook_out` (a mixture of experts' router logits),
`.hook_mlp_out`, `.hook_resid_post`.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Mapping, Sequence

from sonde.base.errors import InputError, unknown_name

#: The kinds of site inside a block, in the order a block computes them. The key is the shorthand.
BLOCK_SITES = {
    "resid_pre": "hook_resid_pre",
    "z": "attn.hook_z",
    "attn_out": "hook_attn_out",
    "resid_mid": "hook_resid_mid",
    "router": "mlp.gate.hook_out",
    "mlp_out": "hook_mlp_out",
    "resid_post": "hook_resid_post",
}
#: A shorthand stands for that site in every layer that has it.
SHORTHANDS = {"embed": "hook_embed"} | {short: f"blocks.*.{name}" for short, name in BLOCK_SITES.items()}

_LAYER = re.compile(r"blocks\.(\d+)\.(.+)")
_HEAD = re.compile(r"(blocks\.\d+\.attn\.hook_z)\.(\d+)")


def site_name(layer: int, kind: str) -> str:
    """Return the full name of a block site.

    Example:
        >>> site_name(3, "resid_post")
        'blocks.3.hook_resid_post'
    """
    return f"blocks.{layer}.{BLOCK_SITES[kind]}"


def layer_of(site: str) -> int | None:
    """Return the layer a site stands in; None for `hook_embed`."""
    match = _LAYER.fullmatch(site)
    return int(match[1]) if match else None


def split_head(site: str) -> tuple[str, int | None]:
    """Split `blocks.L.attn.hook_z.H` into the site of all heads and the head; other sites have head None."""
    match = _HEAD.fullmatch(site)
    return (match[1], int(match[2])) if match else (site, None)


def resolve_sites(
    spec: str | Sequence[str],
    available: Sequence[str],
    *,
    model: str,
    n_layers: int,
    n_heads: int,
    absent: Mapping[str, str] | None = None,
) -> tuple[str, ...]:
    """Return the sites that `spec` names, each once, in the order the model computes them.

    Args:
        spec: a shorthand (`resid_post`), a full name, a glob (`blocks.*.hook_resid_post`), several of these separated
            by commas, or a list of them.
        available: the sites the model has, in the order it computes them.
        model: the model's name, for messages.
        n_layers, n_heads: what the model has of each.
        absent: for a kind of site (`resid_mid`) that the model lacks, the reason, as the end of a sentence.

    Raises:
        InputError: a site that the model does not have; the message says what it has.

    Example:
        >>> resolve_sites("resid_post", ["blocks.0.hook_resid_post"], model="m", n_layers=1, n_heads=2)
        ('blocks.0.hook_resid_post',)
    """
    items = spec.split(",") if isinstance(spec, str) else list(spec)
    items = [item.strip() for item in items if item.strip()]
    if not items:
        raise InputError(f"No site was named for {model!r}: name at least one, for example 'resid_post'.")
    order = {name: (position, -1) for position, name in enumerate(available)}
    for name in [a for a in available if a.endswith("attn.hook_z")]:
        order |= {f"{name}.{head}": (order[name][0], head) for head in range(n_heads)}
    found: set[str] = set()
    for item in items:
        matches = _match(SHORTHANDS.get(item, item), available, order)
        if not matches:
            raise _no_such_site(item, available, model, n_layers, n_heads, absent or {})
        found.update(matches)
    return tuple(sorted(found, key=lambda name: order[name]))


def _match(pattern: str, available: Sequence[str], order: Mapping[str, object]) -> list[str]:
    if pattern in order:
        return [pattern]
    return fnmatch.filter(available, pattern) or fnmatch.filter(list(order), pattern)


def _no_such_site(
    item: str, available: Sequence[str], model: str, n_layers: int, n_heads: int, absent: Mapping[str, str]
) -> InputError:
    match = _LAYER.fullmatch(item)
    if match and int(match[1]) >= n_layers:
        return InputError(
            f"Site {item!r} names layer {match[1]} of {model!r}, which has layers 0–{n_layers - 1}: "
            "choose one of these, or a shorthand such as 'resid_post' for all of them."
        )
    base, head = split_head(item)
    if head is not None and base in available:
        return InputError(
            f"Site {item!r} names head {head} of {model!r}, which has heads 0–{n_heads - 1}: choose one of these."
        )
    full = SHORTHANDS.get(item, base)
    for kind, name in BLOCK_SITES.items():
        if full.endswith(f".{name}") and kind in absent:
            return InputError(
                f"Site {item!r} is not offered for {model!r}: {absent[kind]}; it has {_kinds(available)}."
            )
    return unknown_name("site", item, f"model {model!r}", [*_shorthands(available), *available])


def _shorthands(available: Sequence[str]) -> list[str]:
    return [short for short, pattern in SHORTHANDS.items() if fnmatch.filter(available, pattern)]


def _kinds(available: Sequence[str]) -> str:
    return ", ".join(_shorthands(available))
