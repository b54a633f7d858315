"""TransformerBridge as a second backend: the same site names, read at TransformerLens' hook points.

The bridge replaces modules of the Hugging Face model in place by its own, so what the model computed before is recorded
before, on two short sequences, and compared afterwards: a bridge that computes something else is refused.
"""

from __future__ import annotations

from typing import Any

import torch

from sonde.base.errors import InputError, SondeError
from sonde.capture.adapter import TOLERANCE, Adapter, absent_kinds, find_base, sum_error, takes_positions, text_config
from sonde.capture.selfcheck import worst_row
from sonde.capture.sites import BLOCK_SITES, layer_of, site_name
from sonde.capture.taps import Recorder, Tap, evaluating
from sonde.capture.watch import PROBE_TOKENS, embedding_of, probe_inputs


def build_bridge(module: Any, plain: Adapter, name: str) -> tuple[Any, Adapter, dict[str, Any]]:
    """Put a TransformerBridge around `module` (changing it in place) and check it against plain hooks.

    Args:
        module: a Hugging Face causal language model.
        plain: its adapter, made before.
        name: for messages.

    Returns:
        The bridge, its adapter, and the figures of the check.

    Raises:
        InputError: TransformerLens does not support the architecture.
        SondeError: the bridge computes something else than the model did.
    """
    from transformer_lens.model_bridge.sources import build_bridge_from_module

    before = read_probe(plain)
    architecture = type(module).__name__
    try:
        bridge = build_bridge_from_module(module, architecture, hf_config=module.config, model_name=name)
    except Exception as error:
        raise InputError(
            f"TransformerBridge cannot be put around {name!r} ({architecture}: {type(error).__name__}: "
            f"{str(error).splitlines()[0][:200] if str(error) else 'no message'}): load it again with backend='hf'."
        ) from error
    adapter = adapt_bridge(bridge, plain)
    after = read_probe(adapter)
    shared = {site: value for site, value in before.items() if site in after}
    figure, site = worst_row({s: after[s] for s in shared}, shared)
    tolerance = TOLERANCE.get(next(module.parameters()).dtype, TOLERANCE[torch.bfloat16])
    if not figure <= tolerance:
        raise SondeError(
            f"The self-check refuses the TransformerBridge of {name!r} ({architecture}, attention "
            f"{getattr(module.config, '_attn_implementation', None)!r}): at {site} it differs from the model's own "
            f"forward pass by {figure:.1e} (relative, tolerance {tolerance:.0e}); load it again with backend='hf'."
        )
    return bridge, adapter, {"bridge_vs_hooks": figure}


def adapt_bridge(bridge: Any, plain: Adapter | None = None) -> Adapter:
    """Return where a TransformerBridge's sites are, verified on a short forward pass.

    Args:
        bridge: a TransformerBridge.
        plain: the adapter of the model before it was bridged, for its sizes; None with a bridge made elsewhere.
    """
    config = text_config(bridge.original_model)
    base = find_base(bridge.original_model)
    n_layers, n_heads = config.num_hidden_layers, int(getattr(config, "num_attention_heads", 0) or 0)
    experts = any(getattr(config, key, None) for key in ("num_experts", "num_local_experts", "n_routed_experts"))
    points = bridge.hook_dict
    wanted = ["hook_embed", *(site_name(i, kind) for i in range(n_layers) for kind in BLOCK_SITES)]
    taps = {site: Tap(points[site], "output") for site in wanted if site in points}
    if not experts:  # in a dense model this is the name of the MLP's gate projection
        taps = {site: tap for site, tap in taps.items() if not site.endswith(BLOCK_SITES["router"])}
    if plain is not None:
        taps = {site: tap for site, tap in taps.items() if site in plain.taps}
    draft = Adapter(base, taps, {}, {}, n_layers, 0, n_heads, None, takes_positions(base))
    values = read_probe(draft)
    kept, error = _verified(values, n_layers)
    taps = {site: tap for site, tap in taps.items() if site in kept}
    widths = {site: values[site].shape[-1] for site in taps}
    return Adapter(
        base=base,
        taps=taps,
        widths=widths,
        absent=absent_kinds(taps, "TransformerBridge block"),
        n_layers=n_layers,
        d_model=widths[site_name(0, "resid_post")],
        n_heads=n_heads,
        identity_error=error,
        takes_positions=draft.takes_positions,
    )


def read_probe(adapter: Adapter) -> dict[str, torch.Tensor]:
    """Return every tap's rows on the probe sequences; a tap that does not fire is left out."""
    device = next(adapter.base.parameters()).device
    inputs = probe_inputs(embedding_of(adapter.base), device, adapter.takes_positions)
    recorder = Recorder(adapter.taps, stop=False)
    with torch.inference_mode(), evaluating(adapter.base), recorder:
        values, _ = recorder.run(
            lambda: adapter.base(**inputs), lambda t: t.detach().reshape(PROBE_TOKENS, -1).float().cpu()
        )
    return values


def _verified(values: dict[str, torch.Tensor], n_layers: int) -> tuple[set[str], float | None]:
    """Keep the sites that add up; the residual stream itself needs no sum."""
    kept = {site for site in values if layer_of(site) is None}
    errors = []
    for layer in range(n_layers):
        here = {kind: values[site_name(layer, kind)] for kind in BLOCK_SITES if site_name(layer, kind) in values}
        if {"attn_out", "mlp_out"} <= here.keys():
            error = sum_error([here["resid_pre"], here["attn_out"], here["mlp_out"]], here["resid_post"])
            if error <= TOLERANCE[torch.bfloat16 if error > 1e-3 else torch.float32]:
                errors.append(error)
            else:
                here.pop("attn_out"), here.pop("mlp_out"), here.pop("resid_mid", None)
        kept |= {site_name(layer, kind) for kind in here}
    return kept, max(errors, default=None)
