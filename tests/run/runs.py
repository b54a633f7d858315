"""Run folders made by hand: what `sonde compare` reads, without a model."""

import json

import numpy as np

from sonde.probes import LogisticProbe
from sonde.run.folder import open_run, write_scores

SITE = "blocks.2.hook_resid_post"


def rows_of(n=300, seed=0, signal=1.5, groups=40):
    """Ids, groups and labels of a test set, and scores that separate them."""
    rng = np.random.default_rng(seed)
    label = np.arange(n) % 2
    shared = rng.normal(size=groups)
    group = rng.integers(0, groups, n)
    score = signal * label + 0.8 * shared[group] + rng.normal(size=n)
    return [(f"e{i}", f"g{group[i]}", int(label[i]), float(score[i])) for i in range(n)]


def make_run(folder, tests, *, fingerprint="f" * 8, site=SITE, probe=None, threshold=1.0, positive="lie", hashes=None):
    """Write a run folder with these test sets (name → rows) and return the run."""
    folder.mkdir(parents=True)
    rng = np.random.default_rng(5)
    X, y = rng.normal(size=(40, 6)), np.arange(40) % 2
    probe = probe or LogisticProbe()
    probe.fit(X + y[:, None], y).save(folder / "probe.safetensors")
    table = [
        (f"test {name}", i, g, label, s, 1 / (1 + np.exp(-s)), int(s > threshold), f"text of {i}")
        for name, rows in tests.items()
        for i, g, label, s in rows
    ]
    write_scores(folder / "scores.csv", table)
    entry = {"auroc": {"value": 0.7, "low": 0.6, "high": 0.8}, "recall_at_fpr": {}, "n_positive": 1, "n_negative": 1}
    content = {
        "schema": 1,
        "name": "by hand",
        "created": "2026-01-01",
        "positive": positive,
        "negative": "honest",
        "model": {"name": "toy", "fingerprint": fingerprint},
        "selected": {"site": site, "probe": "logistic", "l2": 10.0, "tokens": "all", "pool": "mean"},
        "threshold": {"value": threshold, "control": "chat"},
        "test": {name: entry for name in tests},
        "audit": {"verdict": "weak", "findings": []},
        "data": [{"role": "train", "sha256": "t"}]
        + [{"role": "test", "sha256": (hashes or {}).get(name, f"hash of {name}")} for name in tests],
    }
    (folder / "run.json").write_text(json.dumps(content))
    return open_run(folder)
