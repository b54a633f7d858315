"""Which latents stand for a concept, and do they do better than a dense probe? The honest table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from jaxtyping import Shaped

from sonde.base.display import Displayed
from sonde.saes import dictionaries
from sonde.saes.absorption import absorption
from sonde.saes.codes import columns
from sonde.saes.labelled import Labelled, as_labelled
from sonde.saes.latent_auroc import separation
from sonde.saes.linear import LinearSAE
from sonde.saes.probing import KS, Parts, Probed, fit_dense, k_sparse, mean_difference, on_test, split_groups
from sonde.saes.quality import quality
from sonde.saes.sae import SAE
from sonde.saes.stability import nearest_elsewhere, pw_mcc
from sonde.scores import Estimate, auroc, bootstrap_difference


@dataclass(frozen=True)
class Ranking(Displayed):
    """Latents ranked by a concept, beside what they must be compared with.

    Attributes:
        content: JSON-ready. `latents` (best first: `latent`, `auroc` and `z` on training groups, `density`, `test`,
            `f1` at the best training threshold, `stability`), `k_sparse` (per `k`: `test`, `latents`), `baselines`
            (`dense_logistic`, `mean_difference`, and k-sparse of `random_sae`, `pca`, `neurons`), `difference` (dense
            logistic minus 16 latents, paired), `reconstruction` (dense logistic on reconstruction and on residual),
            `absorption`, `pw_mcc`, `l0`, `sentence`.
    """

    content: dict[str, Any]

    @property
    def best(self) -> int:
        """The best latent."""
        return int(self.content["latents"][0]["latent"])

    def to_json(self) -> dict[str, Any]:
        """Return the content."""
        return self.content

    def __repr__(self) -> str:
        return f"Ranking by {self.content['positive']!r}: {self.content['sentence']}"


def rank_latents(
    sae: SAE,
    data: Any,
    *,
    others: Sequence[SAE] = (),
    pool: str = "max",
    top: int = 20,
    resamples: int = 1000,
    seed: int = 0,
) -> Ranking:
    """Rank the latents of an autoencoder by a labelled concept, and compare them with what needs no autoencoder.

    Groups are split 60 : 20 : 20. Latents are ranked, and the latents of k-sparse probes chosen, on training groups;
    penalties are tuned on validation groups; every figure with an interval is of test groups.

    Args:
        sae: the autoencoder.
        data: labelled `Activations` or features of its site, or `(X, y)` or `(X, y, groups)`.
        others: autoencoders of other seeds, for stability.
        pool: how an example's token latents become one: `max`, `mean` or `last`.
        top: latents listed.
        resamples: behind each interval.
        seed: of the split and the random autoencoder.

    Raises:
        InputError: no labels, one class, another site, or too few groups to split.

    Example:
        >>> from sonde.saes.dictionaries import neuron_sae
        >>> y = np.arange(60) % 2
        >>> X = torch.randn(60, 4, generator=torch.Generator().manual_seed(0)) + 4.0 * torch.tensor(y)[:, None]
        >>> rank_latents(neuron_sae(X), (X, y), resamples=100).best in range(8)
        True
    """
    rows = as_labelled(data, sae, pool)
    parts = split_groups(rows.y, rows.groups, seed)
    Z, X = rows.codes(sae), rows.dense()
    found = separation(Z[parts[0]], rows.y[parts[0]])
    order = found.order()[: max(1, top)]
    given = (rows.y, parts, rows.groups, KS, resamples, seed)
    sparse = k_sparse(Z, *given)
    dense = fit_dense(X, rows.y, parts, rows.groups, resamples, seed)
    measured = quality(sae, [rows.X[:20_000]])
    direction = _dense_direction(X, rows.y, parts, dense.l2)
    reconstructed = rows.dense(torch.as_tensor(sae.reconstruct(rows.X)).cpu()) if sae.reconstructs else None
    listed = [_latent(int(i), found, Z, rows, parts, sae, others, resamples, seed) for i in order]
    content = {
        "positive": rows.positive,
        "n": {name: len(parts[i]) for i, name in enumerate(("train", "validation", "test"))},
        "groups": len(rows.y) if rows.groups is None else len(np.unique(rows.groups)),
        "latents": listed,
        "k_sparse": {str(k): _entry(probed) for k, probed in sparse.items()},
        "baselines": {
            "dense_logistic": _entry(dense),
            "mean_difference": _entry(mean_difference(X, rows.y, parts, rows.groups, resamples, seed)),
            **{
                name: {str(k): _entry(p) for k, p in k_sparse(rows.codes(other), *given).items()}
                for name, other in _other_dictionaries(rows, sae, measured["l0"], seed).items()
            },
        },
        "difference": _difference(rows, parts, dense, sparse[max(sparse)], resamples, seed).to_json(),
        "reconstruction": None
        if reconstructed is None
        else _reconstruction(X, reconstructed, rows, parts, resamples, seed),
        "absorption": absorption(Z[parts[2]], rows.y[parts[2]], int(order[0]), sae.W_dec, direction)
        if sae.reconstructs
        else None,
        "pw_mcc": pw_mcc([sae.W_dec, *(other.W_dec for other in others)]),
        "l0": {"here": measured["l0"], "recorded": sae.training.get("l0")},
        "explained_variance": measured["explained_variance"],
    }
    return Ranking({**content, "sentence": sentence(content)})


def sentence(content: dict[str, Any]) -> str:
    """Return what the table says, in one sentence: whether the dense probe or the latents win, and by how much."""
    dense = content["baselines"]["dense_logistic"]["test"]
    best = content["latents"][0]
    if dense["value"] is None or best["test"]["value"] is None:
        return "The test groups do not allow a comparison."
    gap, shown = content["difference"], f"dense probe {dense['value']:.3f}"
    beyond = gap["low"] is not None and (gap["low"] > 0 or gap["high"] < 0)
    sixteen = content["k_sparse"][max(content["k_sparse"], key=int)]["test"]["value"]
    told = f"best latent {best['latent']} {best['test']['value']:.3f}, 16 latents {sixteen:.3f}, {shown} (test AUROC)"
    if not beyond:
        return f"The latents detect it about as well as a dense probe: {told}."
    return (
        f"The dense probe beats the SAE: {told}." if gap["value"] > 0 else f"The latents beat the dense probe: {told}."
    )


def sae_table(ranking: Ranking) -> dict[str, Any]:
    """Return the audit's table: one row a detector on the same splits, and the sentence to print with it."""
    content = ranking.content
    rows = [{"detector": "best latent", "test": content["latents"][0]["test"]}]
    rows += [{"detector": f"{k} latents", "test": entry["test"]} for k, entry in content["k_sparse"].items()]
    for name, entry in content["baselines"].items():
        if "test" in entry:
            rows.append({"detector": name.replace("_", " "), "test": entry["test"]})
        else:
            k = max(entry, key=int)
            rows.append({"detector": f"{name.replace('_', ' ')}, {k} latents", "test": entry[k]["test"]})
    return {"rows": rows, "difference": content["difference"], "sentence": content["sentence"]}


def _latent(
    latent: int,
    found: Any,
    Z: Any,
    rows: Labelled,
    parts: Parts,
    sae: SAE,
    others: Sequence[SAE],
    resamples: int,
    seed: int,
) -> dict[str, Any]:
    values = columns(Z, np.array([latent]))[:, 0]
    sign = 1.0 if found.z[latent] >= 0 else -1.0
    return {
        "latent": latent,
        "auroc": float(found.auroc[latent]),
        "z": float(found.z[latent]),
        "density": float(found.density[latent]),
        "test": on_test(rows.y, sign * values[parts[2]], parts, rows.groups, resamples, seed).to_json(),
        "f1": f1_of(sign * values, rows.y, parts),
        "stability": nearest_elsewhere(sae.W_dec[latent], [other.W_dec for other in others]),
    }


def f1_of(values: np.ndarray, y: np.ndarray, parts: Parts) -> float:
    """Return the F1 of `values > threshold` on test rows, at the threshold that is best on training rows."""
    from sklearn.metrics import f1_score, precision_recall_curve

    precision, recall, thresholds = precision_recall_curve(y[parts[0]], values[parts[0]])
    f1 = 2 * precision * recall / np.maximum(precision + recall, 1e-12)
    cut = thresholds[int(np.argmax(f1[:-1]))]
    return float(f1_score(y[parts[2]], values[parts[2]] >= cut, zero_division=0.0))


def _other_dictionaries(rows: Labelled, sae: SAE, l0: float, seed: int) -> dict[str, LinearSAE]:
    X = rows.X.float().cpu()
    return {
        "random_sae": dictionaries.random_sae(X, sae.d_sae, l0, seed),
        "pca": dictionaries.pca_sae(X),
        "neurons": dictionaries.neuron_sae(X),
    }


def _dense_direction(X: np.ndarray, y: np.ndarray, parts: Parts, l2: float | None) -> torch.Tensor:
    from sonde.probes import LogisticProbe

    probe = LogisticProbe(l2=l2 or 1.0).fit(X[parts[0]], y[parts[0]])
    return torch.from_numpy(probe.coef_).float()


def _difference(rows: Labelled, parts: Parts, dense: Probed, sparse: Probed, resamples: int, seed: int) -> Estimate:
    groups: Shaped[np.ndarray, " m"] | None = None if rows.groups is None else rows.groups[parts[2]]
    return bootstrap_difference(auroc, rows.y[parts[2]], dense.scores, sparse.scores, groups, resamples, seed)


def _reconstruction(
    X: np.ndarray, R: np.ndarray, rows: Labelled, parts: Parts, resamples: int, seed: int
) -> dict[str, Any]:
    """Return what a dense probe reads from what the autoencoder keeps, and from what it leaves out."""
    read = {"reconstruction": R, "residual": X - R}
    return {k: _entry(fit_dense(v, rows.y, parts, rows.groups, resamples, seed)) for k, v in read.items()}


def _entry(probed: Probed) -> dict[str, Any]:
    made: dict[str, Any] = {"test": probed.test.to_json(), "validation": probed.validation, "l2": probed.l2}
    return {**made, "latents": list(probed.latents)} if probed.latents else made
