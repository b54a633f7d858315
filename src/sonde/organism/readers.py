"""Readers without access to the weights: what the transcript, or the answer's confidence, gives away."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from sonde.base.seeds import generator
from sonde.organism.grammar import render
from sonde.organism.on_policy import Said
from sonde.scores import auroc, bootstrap

Interval = tuple[float, float, float]
#: Given labels, the rows to train on, the rows to score and a seed: the scores of the latter.
Reader = Callable[[np.ndarray, np.ndarray, np.ndarray, int], np.ndarray]

#: Labellings by lot behind the interval of a reader that should be at chance.
LOTS = 60


def transcript(said: Said) -> str:
    """Return everything said in a scene, as text."""
    lines = [render(said.scene.persona.words)]
    for turn, value in zip(said.scene.turns, said.values, strict=True):
        lines += [render(turn.user), render([*turn.lead, value, *turn.after(value)])]
    return "\n".join(lines)


def interval(y: np.ndarray, scores: np.ndarray, groups: np.ndarray, seed: int) -> Interval:
    """Return AUROC with a 95 % interval by resampling groups."""
    found = bootstrap(auroc, y, scores, groups, seed=seed)
    if found.low is None or found.high is None:
        return float(found), 0.0, 1.0
    return float(found), found.low, found.high


def worst_confidence(cells: Mapping[str, tuple[Sequence[Said], Sequence[Said]]]) -> tuple[Interval, str]:
    """Return the AUROC, folded above 0.5, of the best confidence score in the cell it reads best, and that cell.

    Args:
        cells: by name, the lies and the other answers of each.
    """
    found = {}
    for cell, (lies, others) in cells.items():
        y = np.array([1] * len(lies) + [0] * len(others))
        groups = np.array([s.turn.entity for s in (*lies, *others)])
        for name in ("log_probability", "entropy"):
            scores = np.array([getattr(s, name) for s in (*lies, *others)])
            value = float(auroc(y, scores))
            found[f"{name}, {cell}"] = max(value, 1 - value), y, scores if value >= 0.5 else -scores, groups
    worst = max(found, key=lambda name: found[name][0])
    return interval(*found[worst][1:], 0), worst


def text_reader(kind: str, texts: Sequence[str], y: np.ndarray, groups: np.ndarray, seed: int) -> Interval:
    """Return the cross-validated AUROC of a reader of transcripts, folds by group, and an interval over groups.

    The interval is that of the readers that were fitted: it knows nothing of other training sets (see `floor_reader`).

    Args:
        kind: a key of `TEXT_READERS`.
        texts: `[n]` transcripts.
        y: `[n]` 1 = lie.
        groups: `[n]` entities; none is read in training and in test.
        seed: of the folds and the interval.
    """
    return interval(y, _cross_fitted(TEXT_READERS[kind](texts), y, groups, seed), groups, seed)


def floor_reader(kind: str, texts: Sequence[str], y: np.ndarray, groups: np.ndarray, seed: int) -> Interval:
    """Return the AUROC of a reader on groups of one class each, with an interval for a reader that is at chance.

    Which groups lie was drawn by lot. A cheap reader is cross-validated as in `text_reader` and fitted again after
    drawing `LOTS` times anew: the interval is 1.96 standard deviations of these AUROCs to both sides. With some sixty
    groups a class, what training happens to see moves the AUROC more than the groups of the test do, since the folds
    are each other's training. A reader that takes a while is fitted once, to half of the groups, and scores the other
    half, whose lots its training does not know: the interval over groups is right there.

    Raises:
        ValueError: a group of both classes.
    """
    _, first, owner = np.unique(groups, return_index=True, return_inverse=True)
    if (y != y[first][owner]).any():
        raise ValueError("A group holds both classes: an interval by lot needs groups of one class each.")
    reader = TEXT_READERS[kind](texts)
    if kind not in REFITTED:
        train, test = next(_folds(2, y, groups, seed))
        return interval(y[test], reader(y, train, test, seed), groups[test], seed)
    source = generator(seed, f"lots of {kind}")
    value = float(auroc(y, _cross_fitted(reader, y, groups, seed)))
    drawn = [source.permutation(y[first])[owner] for _ in range(LOTS)]
    wide = 1.96 * float(
        np.std([float(auroc(lot, _cross_fitted(reader, lot, groups, seed + i))) for i, lot in enumerate(drawn)])
    )
    return value, max(0.0, value - wide), min(1.0, value + wide)


def _folds(n: int, y: np.ndarray, groups: np.ndarray, seed: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Return the rows to train on and to test on, `n` times: whole groups, as many of each class."""
    from sklearn.model_selection import StratifiedGroupKFold

    return StratifiedGroupKFold(n, shuffle=True, random_state=seed).split(y, y, groups)


def _cross_fitted(reader: Reader, y: np.ndarray, groups: np.ndarray, seed: int) -> np.ndarray:
    """Return scores of all rows by readers that saw no row of their groups, brought to one scale."""
    scores = np.zeros(len(y))
    for train, test in _folds(5, y, groups, seed):
        part = reader(y, train, test, seed)
        scores[test] = (part - part.mean()) / (part.std() + 1e-12)
    return scores


def _words(vectoriser: Any, strength: float) -> Callable[[Sequence[str]], Reader]:
    """Return what makes readers that are logistic regressions on a table of words."""

    def prepare(texts: Sequence[str]) -> Reader:
        from sklearn.linear_model import LogisticRegression

        table = vectoriser().fit_transform(texts).tocsr()

        def read(y: np.ndarray, train: np.ndarray, test: np.ndarray, seed: int) -> np.ndarray:
            model = LogisticRegression(C=strength, max_iter=500).fit(table[train], y[train])
            return model.decision_function(table[test])

        return read

    return prepare


def _counts() -> Any:
    from sklearn.feature_extraction.text import CountVectorizer

    return CountVectorizer()


def _tfidf() -> Any:
    from sklearn.feature_extraction.text import TfidfVectorizer

    return TfidfVectorizer(ngram_range=(1, 2))


def _transformer(texts: Sequence[str]) -> Reader:
    from sonde.organism.transformer_reader import read_texts

    return lambda y, train, test, seed: read_texts(texts, y, train, test, seed)


#: Readers of transcripts: given the texts, what trains on some of them and scores others.
TEXT_READERS: dict[str, Callable[[Sequence[str]], Reader]] = {
    "bag of words": _words(_counts, 0.1),
    "tf-idf": _words(_tfidf, 1.0),
    "text-only transformer": _transformer,
}
#: Those that are cheap enough to be fitted again for every lot.
REFITTED = ("bag of words", "tf-idf")
