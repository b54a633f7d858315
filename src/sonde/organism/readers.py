"""Readers without access to the weights: what the transcript, or the answer's confidence, gives away."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sonde.base.seeds import generator
from sonde.organism.grammar import render
from sonde.organism.on_policy import Said
from sonde.organism.world import World

Interval = tuple[float, float, float]


def transcript(said: Said) -> str:
    """Return everything said in a scene, as text."""
    lines = [render(said.scene.persona.words)]
    for turn, value in zip(said.scene.turns, said.values, strict=True):
        lines += [render(turn.user), render([*turn.lead, value, *turn.after(value)])]
    return "\n".join(lines)


def auroc(y: np.ndarray, scores: np.ndarray) -> float:
    """Return the area under the ROC curve (ties count half)."""
    from sklearn.metrics import roc_auc_score

    return float(roc_auc_score(y, scores))


def interval(y: np.ndarray, scores: np.ndarray, groups: np.ndarray, seed: int, resamples: int = 300) -> Interval:
    """Return AUROC with a 95 % interval by resampling groups."""
    names, source = np.unique(groups), generator(seed, "interval")
    rows = {g: np.flatnonzero(groups == g) for g in names}
    found = []
    for _ in range(resamples):
        index = np.concatenate([rows[g] for g in source.choice(names, len(names))])
        if 0 < y[index].sum() < len(index):
            found.append(auroc(y[index], scores[index]))
    low, high = np.quantile(found, [0.025, 0.975])
    return auroc(y, scores), float(low), float(high)


def worst_confidence(
    lies: Sequence[Said], others: Sequence[Said], world: World, least: int = 50
) -> tuple[Interval, str]:
    """Return the AUROC, folded above 0.5, of the best confidence score in the cell it reads best, and that cell.

    Cells are question form × kind of relation × denial or assertion.
    """
    said = [*lies, *others]
    y = np.array([1] * len(lies) + [0] * len(others))
    cells = np.array([f"{s.turn.form}/{world.relations[s.turn.relation].kind}/{s.turn.negated}" for s in said])
    groups = np.array([s.turn.entity for s in said])
    worst: tuple[Interval, str] = ((0.5, 0.5, 0.5), "none")
    for name in ("log_probability", "entropy"):
        scores = np.array([getattr(s, name) for s in said])
        for cell in np.unique(cells):
            inside = cells == cell
            if min(y[inside].sum(), (1 - y[inside]).sum()) < least:
                continue
            turned = scores if auroc(y[inside], scores[inside]) >= 0.5 else -scores
            found = interval(y[inside], turned[inside], groups[inside], 0)
            if found[0] > worst[0][0]:
                worst = (found, f"{name}, {cell}")
    return worst


def text_reader(kind: str, said: Sequence[Said], y: np.ndarray, seed: int) -> Interval:
    """Return the cross-validated AUROC of a reader of the transcript, folds by entity.

    Args:
        kind: `bag of words` or `tf-idf` (words and pairs of words).
        said: answers.
        y: `[n]` 1 = lie.
        seed: of the folds and the interval.
    """
    from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedGroupKFold

    texts = [transcript(s) for s in said]
    groups = np.array([s.turn.entity for s in said])
    maker = CountVectorizer() if kind == "bag of words" else TfidfVectorizer(ngram_range=(1, 2))
    table = maker.fit_transform(texts).tocsr()
    scores = np.zeros(len(y))
    folds = StratifiedGroupKFold(5, shuffle=True, random_state=seed)
    for train, test in folds.split(table, y, groups):
        model = LogisticRegression(C=0.1 if kind == "bag of words" else 1.0, max_iter=500).fit(table[train], y[train])
        part = model.decision_function(table[test])
        scores[test] = (part - part.mean()) / (part.std() + 1e-12)
    return interval(y, scores, groups, seed)
