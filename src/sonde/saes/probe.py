"""The sparse-latent probe: a logistic probe that may read a few latents of an autoencoder, and nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from typing import no_type_check

import numpy as np
import scipy.sparse as sp
from jaxtyping import Bool, Float
from sklearn.utils.validation import check_is_fitted

from sonde.base.errors import InputError
from sonde.probes import LogisticProbe
from sonde.probes.facts import Facts
from sonde.probes.fold_rows import FoldRows, FoldScores, refitted_scores
from sonde.probes.vector import VectorProbe
from sonde.saes.activation import TopK
from sonde.saes.latent_auroc import separation
from sonde.saes.linear import LinearSAE

SELECTIONS = ("k_sparse", "l1")
#: Latents that an L1 path starts from: the best by standardised AUROC.
CANDIDATES = 512


class SparseLatentProbe(VectorProbe):
    """Logistic regression on at most `k` latents.

    `k_sparse` takes the `k` latents that separate the classes best (standardised AUROC; Gurnee et al. 2023,
    2305.01610); `l1` takes those that an L1-penalised logistic regression keeps at the weakest penalty that keeps `k`
    at most. Both then fit an L2-penalised logistic regression on the chosen latents, standardised. The encoder columns
    of these latents are part of the probe, so its file needs no autoencoder beside it.

    Args:
        sae: folder of an autoencoder; empty for the neurons themselves (both ends of every coordinate).
        k: latents at most.
        selection: `k_sparse` or `l1`.
        l2: strength of the penalty on the chosen latents.
        seed: unused, the probe is deterministic.

    Example:
        >>> X = np.array([[0.0, 1.0], [1.0, 1.0], [4.0, 1.0], [5.0, 1.0]])
        >>> SparseLatentProbe(k=1).fit(X, [0, 0, 1, 1]).predict(X).tolist()
        [0, 0, 1, 1]
    """

    kind = "sparse_latents"
    sae: str
    k: int
    selection: str
    l2: float
    seed: int

    @no_type_check  # stores what it is given, of any type; `fit` checks it, as scikit-learn's contract has it
    def __init__(self, sae: str = "", k: int = 16, selection: str = "k_sparse", l2: float = 1.0, seed: int = 0) -> None:
        self.sae = sae
        self.k = k
        self.selection = selection
        self.l2 = l2
        self.seed = seed

    def row_scores(self, X: Float[np.ndarray, "n d"]) -> Float[np.ndarray, " n"]:
        """Return `[n]` log-odds of checked rows."""
        return self._codes(X) @ self.coef_ + self.intercept_

    def out_of_fold(self, rows: FoldRows, strengths: Sequence[float | None]) -> FoldScores:
        """Choose latents and fit anew for every fold and strength."""
        return refitted_scores(self, rows, strengths)

    def _learn(self, X: np.ndarray, y: np.ndarray, w: np.ndarray, facts: Facts) -> None:
        self._choose(X, y, w)
        read = LogisticProbe(l2=self.l2).fit(self._codes(X), y, w)
        self.coef_, self.intercept_ = read.coef_, read.intercept_
        self.n_iter_, self.gradient_norm_ = read.n_iter_, read.gradient_norm_

    def _choose(self, X: Float[np.ndarray, "n d"], y: Bool[np.ndarray, " n"], w: Float[np.ndarray, " n"]) -> None:
        """Set the encoder to the columns of the chosen latents, padded to `k` with empty ones."""
        W, bias, threshold = _encoder(str(self.sae), X, w)
        Z = sp.csr_matrix(_active(X @ W + bias, threshold))
        chosen = _by_l1(Z, y, w, int(self.k)) if self.selection == "l1" else _by_separation(Z, y, w)[: int(self.k)]
        self.latents_ = np.full(int(self.k), -1.0)
        self.latents_[: len(chosen)] = chosen
        self.encoder_ = np.zeros((X.shape[1], int(self.k)))
        self.encoder_bias_, self.encoder_threshold_ = np.zeros(int(self.k)), np.zeros(int(self.k))
        self.encoder_[:, : len(chosen)] = W[:, chosen]
        self.encoder_bias_[: len(chosen)], self.encoder_threshold_[: len(chosen)] = bias[chosen], threshold[chosen]

    def _codes(self, X: Float[np.ndarray, "n d"]) -> Float[np.ndarray, "n k"]:
        return _active(X @ self.encoder_ + self.encoder_bias_, self.encoder_threshold_)

    def arrays(self) -> dict[str, np.ndarray]:
        """Return weights, chosen latents and their encoder."""
        check_is_fitted(self)
        return {
            "coef": self.coef_,
            "intercept": np.array([self.intercept_]),
            "latents": self.latents_,
            "encoder": self.encoder_,
            "encoder_bias": self.encoder_bias_,
            "encoder_threshold": self.encoder_threshold_,
        }

    def array_shapes(self) -> dict[str, tuple[int, ...]]:
        """Return the shapes of `arrays`."""
        k = int(self.k)
        one = {name: (k,) for name in ("coef", "latents", "encoder_bias", "encoder_threshold")}
        return {**one, "intercept": (1,), "encoder": (self.n_features_in_, k)}

    def restore(self, arrays: dict[str, np.ndarray]) -> None:
        """Set what was learnt."""
        if (arrays["encoder_threshold"] < 0).any():
            raise InputError("encoder_threshold holds a number below 0")
        self.coef_, self.intercept_ = arrays["coef"], float(arrays["intercept"][0])
        self.latents_, self.encoder_ = arrays["latents"], arrays["encoder"]
        self.encoder_bias_, self.encoder_threshold_ = arrays["encoder_bias"], arrays["encoder_threshold"]


def _encoder(
    folder: str, X: Float[np.ndarray, "n d"], w: Float[np.ndarray, " n"]
) -> tuple[Float[np.ndarray, "d s"], Float[np.ndarray, " s"], Float[np.ndarray, " s"]]:
    """Return encoder, bias and threshold for raw rows, in float64: the subtraction of `b_dec` folded in."""
    if not folder:  # both ends of every coordinate, about the mean
        mean, eye = w @ X / w.sum(), np.eye(X.shape[1])
        return np.hstack([eye, -eye]), np.r_[-mean, mean], np.zeros(2 * len(mean))
    sae = _readable(folder, X.shape[1])
    W, bias = sae.W_enc.double().numpy(), sae.b_enc.double().numpy()
    if sae.apply_b_dec_to_input:
        bias = bias - sae.b_dec.double().numpy() @ W
    threshold = np.zeros(len(bias)) if sae.threshold is None else np.maximum(sae.threshold.double().numpy(), 0.0)
    return W, bias, threshold


def _readable(folder: str, d: int) -> LinearSAE:
    """Open an autoencoder whose latents can be read one by one.

    Raises:
        InputError: its latents depend on each other, or it reads rows of another width.
    """
    from sonde.saes.file import load_sae

    sae = load_sae(folder)
    if not isinstance(sae, LinearSAE) or isinstance(sae.activation, TopK):
        raise InputError(
            f"A {sae.architecture} autoencoder cannot be read by a probe on a few latents, as each latent depends on "
            "others: use one trained as batchtopk, matryoshka_batchtopk, jumprelu or standard."
        )
    if sae.d_in != d:
        raise InputError(f"SAE {folder} reads rows of width {sae.d_in}, got {d}: take the one of this site.")
    return sae


def _active(H: Float[np.ndarray, "n s"], threshold: Float[np.ndarray, " s"]) -> Float[np.ndarray, "n s"]:
    return H * (threshold < H)


def _by_separation(Z: sp.csr_matrix, y: Bool[np.ndarray, " n"], w: Float[np.ndarray, " n"]) -> np.ndarray:
    """Return the latents, best first; a row's whole-number weight counts it that often."""
    whole = np.repeat(np.arange(len(y)), w.astype(int)) if (w == w.astype(int)).all() else np.arange(len(y))
    return separation(Z[whole], y[whole]).order()


def _by_l1(Z: sp.csr_matrix, y: Bool[np.ndarray, " n"], w: Float[np.ndarray, " n"], k: int) -> np.ndarray:
    """Return the latents kept at the weakest of a falling sequence of L1 penalties that keeps at most `k`."""
    from sklearn.linear_model import LogisticRegression

    candidates = _by_separation(Z, y, w)[:CANDIDATES]
    X = np.asarray(Z[:, candidates].todense())
    spread = np.sqrt(w @ (X - w @ X / w.sum()) ** 2 / w.sum())
    X = X / np.maximum(spread, 1e-12)
    kept = candidates[:1]
    for C in np.geomspace(1e-4, 1e2, 25):
        path = LogisticRegression(C=C, l1_ratio=1.0, solver="liblinear", random_state=0, tol=1e-8, max_iter=2000)
        found = candidates[np.flatnonzero(path.fit(X, y, sample_weight=w).coef_[0])]
        if len(found) > k:
            break
        kept = found if len(found) else kept
    return kept
