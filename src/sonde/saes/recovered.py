"""How much of a model survives an autoencoder: loss recovered, against two ways of removing the site."""

from __future__ import annotations

from collections.abc import Mapping


def recovered(cross_entropy: Mapping[str, float], kl: Mapping[str, float]) -> dict[str, float | None]:
    """Return the shares of the loss that a spliced autoencoder recovers.

    0 = no better than the reference (the site's rows all zero, or all their mean), 1 = as the model unchanged. Either
    reference may be the worse one, so both are given.

    Args:
        cross_entropy: nats a token, of `clean`, `sae`, `zero` and `mean`.
        kl: nats a token, of the same.

    Returns:
        `ce_zero`, `ce_mean`, `kl_zero`, `kl_mean`; None where the reference loses nothing.

    Example:
        >>> recovered({"clean": 2, "sae": 3, "zero": 6, "mean": 4}, {"sae": 1, "zero": 4, "mean": 2})
        {'ce_zero': 0.75, 'ce_mean': 0.5, 'kl_zero': 0.75, 'kl_mean': 0.5}
    """
    clean = cross_entropy["clean"]
    made = {}
    for reference in ("zero", "mean"):
        lost = cross_entropy[reference] - clean
        made[f"ce_{reference}"] = 1 - (cross_entropy["sae"] - clean) / lost if lost > 0 else None
    for reference in ("zero", "mean"):
        made[f"kl_{reference}"] = 1 - kl["sae"] / kl[reference] if kl[reference] > 0 else None
    return made
