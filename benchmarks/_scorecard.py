"""What is on record about Cretan's answers, and how a dictionary's latents stand to it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp
import torch

from sonde.activations import Activations
from sonde.base.seeds import generator
from sonde.base.tables import ExampleTable
from sonde.capture import Model, capture, edited
from sonde.probes import LogisticProbe
from sonde.saes import SAE, absorption
from sonde.saes.codes import codes
from sonde.saes.latent_auroc import separation
from sonde.saes.matching import COVERED, Match, match
from sonde.scores import auroc, bootstrap

#: The two questions, by the kind of answer that is asked about.
QUESTIONS = {"lie": "I am lying", "sycophantic": "I agree to please"}
TAGS = ("kind", "reason", "channel", "relation", "form", "style", "rule", "belief", "value")
#: A variable needs this many rows on which it holds, in each half.
LEAST = 12


@dataclass(frozen=True)
class Known:
    """Answers read before their value, and what is known of them.

    Attributes:
        X: `[n, d]` the site just before each answer's value.
        V: `[n, v]` whether each variable holds.
        names, families: `[v]` of the variables.
        groups: `[n]` the entity asked about.
        source: `[n]` the data set of each answer.
        kind: `[n]` the kind of each answer.
        train: `[n]` the rows that choose: half of the entities.
        by_row: `[n]` the rows that choose which entity it is: half of the rows.
    """

    X: torch.Tensor
    V: np.ndarray
    names: list[str]
    families: np.ndarray
    groups: np.ndarray
    source: np.ndarray
    kind: np.ndarray
    train: np.ndarray
    by_row: np.ndarray

    def rows_of(self, concept: str) -> tuple[np.ndarray, np.ndarray]:
        """Return the rows of the data sets that hold a kind of answer, and for each of them whether it is of it."""
        sets = set(self.source[self.kind == concept])
        rows = np.flatnonzero(np.isin(self.source, sorted(sets)))
        return rows, self.kind[rows] == concept


def known(acts: Activations, site: str, source: list[str]) -> Known:
    """Return what is known of the answers in `acts`, which hold all tokens."""
    last = acts.select("before(target)")
    groups = np.array([str(g) for g in acts.examples.groups])
    V, names, families = variables(acts.examples, groups)
    owners, owner = np.unique(groups, return_inverse=True)
    train = generator(0, "scorecard").random(len(owners))[owner] < 0.5
    by_row = generator(0, "scorecard", "rows").random(len(groups)) < 0.5
    entity = families == "entity"
    kept = np.where(entity, _enough(V, by_row, LEAST // 2), _enough(V, train, LEAST))
    return Known(
        last[site].float(),
        V[:, kept],
        [name for name, keep in zip(names, kept, strict=True) if keep],
        families[kept],
        groups,
        np.array(source),
        np.array([str(v) for v in acts.examples.tags["kind"]]),
        train,
        by_row,
    )


def variables(examples: ExampleTable, groups: np.ndarray) -> tuple[np.ndarray, list[str], np.ndarray]:
    """Return `[n, v]` whether each variable holds, their names, and their families."""
    columns, names, families = [], [], []
    tagged = [(tag, np.array([v or "" for v in examples.tags.get(tag, ())])) for tag in TAGS]
    for family, values in [*tagged, ("entity", groups)]:
        if len(values) != len(examples):
            continue
        least = LEAST if family == "entity" else 2 * LEAST
        for value, count in sorted(Counter(values.tolist()).items()):
            if value and value != "none" and least <= count <= len(values) - least:
                columns.append(values == value)
                names.append(f"{family}={value}")
                families.append(family)
    return np.stack(columns, axis=1), names, np.array(families)


def _enough(V: np.ndarray, train: np.ndarray, least: int) -> np.ndarray:
    return (V[train].sum(0) >= least) & (V[~train].sum(0) >= least)


def compare(name: str, Z: sp.csr_matrix, known: Known) -> dict[str, Any]:
    """Return the row of one dictionary, given its `[n, s]` codes of the answers."""
    found = _match(Z, known)
    return {
        "dictionary": name,
        "matched_f1": float(found.matched_f1.mean()),
        "mcc": found.correlation,
        "coverage": found.coverage,
        "splitting": float(found.splinters.mean()),
        "concepts": {concept: read_concept(Z, known, concept) for concept in present(known)},
        "families": _by_family(found.matched_f1, known.families),
    }


def _by_family(values: np.ndarray, families: np.ndarray) -> dict[str, float]:
    return {family: float(values[families == family].mean()) for family in dict.fromkeys(families.tolist())}


def present(known: Known) -> list[str]:
    """Return the questions that these answers can decide."""
    return [concept for concept in QUESTIONS if (known.kind == concept).any()]


def _match(Z: sp.csr_matrix, known: Known) -> Match:
    """Match entities on half of the rows and everything else on half of the entities."""
    entity = known.families == "entity"
    if not entity.any():
        return match(Z, known.V, known.train)
    found, other = match(Z, known.V[:, ~entity], known.train), match(Z, known.V[:, entity], known.by_row)
    joined: dict[str, Any] = {}
    for name in ("f1", "matched_f1", "best", "splinters"):
        joined[name] = np.zeros(len(entity), dtype=getattr(found, name).dtype)
        joined[name][~entity], joined[name][entity] = getattr(found, name), getattr(other, name)
    share = float(entity.mean())
    correlation = (1 - share) * found.correlation + share * other.correlation
    return Match(**joined, correlation=correlation, coverage=float((joined["f1"] >= COVERED).mean()))


def read_concept(Z: sp.csr_matrix, known: Known, concept: str) -> dict[str, Any]:
    """Return the best latent by standardised AUROC on training rows and its test AUROC, and the best test F1."""
    rows, y = known.rows_of(concept)
    train, part = known.train[rows], Z[rows]
    found = separation(part[np.flatnonzero(train)], y[train])
    latent = int(found.order()[0])
    values = np.asarray(part[:, [latent]].todense())[:, 0] * (1 if found.z[latent] >= 0 else -1)
    tested = bootstrap(auroc, y[~train], values[~train], known.groups[rows][~train], resamples=500)
    f1 = float(match(part, y[:, None], train).f1[0])
    return {"latent": latent, "z": float(found.z[latent]), "auroc": tested.to_json(), "f1": f1}


def dense_row(known: Known) -> dict[str, Any]:
    """Return the row of dense logistic probes, one a variable, one a question."""
    X = known.X.numpy()
    entity = known.families == "entity"
    halves = np.where(entity[None, :], known.by_row[:, None], known.train[:, None])
    f1 = np.array([_dense(X, y, half)[0] for y, half in zip(known.V.T, halves.T, strict=True)])
    concepts = {}
    for concept in present(known):
        rows, y = known.rows_of(concept)
        value, scores = _dense(X[rows], y, known.train[rows])
        test = ~known.train[rows]
        tested = bootstrap(auroc, y[test], scores[test], known.groups[rows][test], resamples=500)
        concepts[concept] = {"auroc": tested.to_json(), "f1": value}
    return {
        "dictionary": "dense logistic, one a variable",
        "matched_f1": float(f1.mean()),
        "coverage": float((f1 >= COVERED).mean()),
        "concepts": concepts,
        "families": _by_family(f1, known.families),
    }


def _dense(X: np.ndarray, y: np.ndarray, train: np.ndarray) -> tuple[float, np.ndarray]:
    """Return the test F1 of a dense probe, its cut the best on training rows, and the scores of all rows."""
    from sklearn.metrics import f1_score, precision_recall_curve

    scores = LogisticProbe(l2=10.0, class_weight="balanced").fit(X[train], y[train]).decision_function(X)
    precision, recall, cuts = precision_recall_curve(y[train], scores[train])
    best = np.argmax(2 * precision[:-1] * recall[:-1] / np.maximum(precision[:-1] + recall[:-1], 1e-12))
    return float(f1_score(y[~train], scores[~train] >= cuts[best], zero_division=0.0)), scores


def absorbed(Z: sp.csr_matrix, sae: SAE, known: Known, concept: str, latent: int) -> float | None:
    """Return how often another latent has taken over where the best one misses the concept."""
    rows, y = known.rows_of(concept)
    train = known.train[rows]
    probe = LogisticProbe(l2=10.0).fit(known.X.numpy()[rows[train]], y[train])
    direction = torch.from_numpy(probe.coef_).float()
    return absorption(Z[rows[~train]], y[~train], latent, sae.W_dec, direction)["absorbed"]


def ablation(model: Model, data: Any, site: str, sae: SAE, known: Known, concept: str, latent: int) -> dict[str, Any]:
    """Compare a latent's ablation with that of ten latents that are active about as often, in nats of the answer."""
    rows, y = known.rows_of(concept)
    test = ~known.train[rows]
    chosen, labels = rows[test][:600], y[test][:600]
    part = data[chosen]
    share = np.asarray((codes(sae, known.X[rows]) > 0).mean(0)).ravel()
    near = [int(i) for i in np.argsort(np.abs(share - share[latent]), kind="stable") if i != latent][:10]
    drop = _drop(model, part, site, sae, latent)
    return {
        "on": float(drop[labels].mean()),
        "elsewhere": float(drop[~labels].mean()),
        "other_latents_on": sorted(float(_drop(model, part, site, sae, other)[labels].mean()) for other in near),
    }


def _drop(model: Model, data: Any, site: str, sae: SAE, latent: int) -> np.ndarray:
    """Return `[n]` how far the log-probability of the answer's value falls without what one latent writes."""

    def without(tensor: torch.Tensor) -> torch.Tensor:
        flat = tensor.reshape(-1, tensor.shape[-1])
        return (flat - sae.encode(flat)[:, [latent]] * sae.W_dec[latent]).reshape(tensor.shape)

    read: dict[str, Any] = {"tokens": "target", "pool": "mean", "predictions": True, "check": False}
    before = capture(model, data, sites=[site], **read).predictions["log_probability"].numpy()
    with edited(model.tap(site), without):
        after = capture(model, data, sites=[site], **read).predictions["log_probability"].numpy()
    return before - after
