"""Readers without access to the weights: what the transcript, or the answer's confidence, gives away."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from sonde.base.seeds import generator
from sonde.organism.grammar import render
from sonde.organism.on_policy import Said
from sonde.organism.world import World

Interval = tuple[float, float, float]
TextReader = Callable[[Sequence[str], np.ndarray, np.ndarray, np.ndarray, int], np.ndarray]


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


def text_reader(kind: str, texts: Sequence[str], y: np.ndarray, groups: np.ndarray, seed: int) -> Interval:
    """Return the cross-validated AUROC of a reader of transcripts, folds by group.

    Args:
        kind: a key of `TEXT_READERS`.
        texts: `[n]` transcripts.
        y: `[n]` 1 = lie.
        groups: `[n]` entities; none is read in training and in test.
        seed: of the folds and the interval.
    """
    from sklearn.model_selection import StratifiedGroupKFold

    scores = np.zeros(len(y))
    for train, test in StratifiedGroupKFold(5, shuffle=True, random_state=seed).split(y, y, groups):
        part = TEXT_READERS[kind](texts, y, train, test, seed)
        scores[test] = (part - part.mean()) / (part.std() + 1e-12)
    return interval(y, scores, groups, seed)


def _words(vectoriser: Any, strength: float) -> TextReader:
    """Return a reader that is a logistic regression on a table of words."""

    def read(texts: Sequence[str], y: np.ndarray, train: np.ndarray, test: np.ndarray, seed: int) -> np.ndarray:
        from sklearn.linear_model import LogisticRegression

        table = vectoriser().fit_transform(texts).tocsr()
        return LogisticRegression(C=strength, max_iter=500).fit(table[train], y[train]).decision_function(table[test])

    return read


def _counts() -> Any:
    from sklearn.feature_extraction.text import CountVectorizer

    return CountVectorizer()


def _tfidf() -> Any:
    from sklearn.feature_extraction.text import TfidfVectorizer

    return TfidfVectorizer(ngram_range=(1, 2))


def _transformer(texts: Sequence[str], y: np.ndarray, train: np.ndarray, test: np.ndarray, seed: int) -> np.ndarray:
    from sonde.organism.transformer_reader import read_texts

    return read_texts(texts, y, train, test, seed)


#: Readers of transcripts: train on some rows, score others.
TEXT_READERS: dict[str, TextReader] = {
    "bag of words": _words(_counts, 0.1),
    "tf-idf": _words(_tfidf, 1.0),
    "text-only transformer": _transformer,
}
