"""The scaler of probes that have no solver of their own for it."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float


def fit_scaler(
    X: Float[np.ndarray, "n d"], w: Float[np.ndarray, " n"], *, standardize: bool
) -> tuple[Float[np.ndarray, " d"], Float[np.ndarray, " d"]]:
    """Return each feature's weighted mean and standard deviation; 1 where constant, or without `standardize`."""
    from sklearn.preprocessing import StandardScaler

    scaler = StandardScaler().fit(X, sample_weight=w)
    return scaler.mean_, scaler.scale_ if standardize else np.ones(X.shape[1])
