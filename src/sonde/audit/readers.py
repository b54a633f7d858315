"""Readers without the probe's site: what words, lengths and tags alone give away, on the same split."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float, Int, Real, Shaped

from sonde.scores import auroc
from sonde.text import Dataset, Dialogue

#: Words, and single marks of punctuation.
WORD = r"(?u)\b\w+\b|[^\w\s]"


def text_reader(
    kind: str, train: Sequence[str], y: Int[np.ndarray, " n"], tests: Sequence[Sequence[str]]
) -> list[Float[np.ndarray, " m"]]:
    """Return the scores of a logistic regression on words, one array for each test set.

    Args:
        kind: `bag of words` (counts) or `tf-idf` (words and pairs of words, weighed by rarity).
        train: `n` texts.
        y: `[n]` labels.
        tests: texts to score.
    """
    from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
    from sklearn.linear_model import LogisticRegression

    words = CountVectorizer(token_pattern=WORD)
    if kind == "tf-idf":
        words = TfidfVectorizer(token_pattern=WORD, ngram_range=(1, 2), sublinear_tf=True)
    table = words.fit_transform(train)
    model = LogisticRegression(max_iter=1000, C=1.0 if kind == "bag of words" else 10.0, tol=1e-3).fit(table, y)
    return [model.decision_function(words.transform(texts)) for texts in tests]


def figure_reader(
    train: Real[np.ndarray, " n"], y: Int[np.ndarray, " n"], tests: Sequence[Real[np.ndarray, " m"]]
) -> list[Float[np.ndarray, " m"]]:
    """Return each figure turned so that higher means positive, as it does on the training data."""
    found = auroc(y, np.asarray(train, dtype=float))
    sign = 1.0 if not found.defined or float(found) >= 0.5 else -1.0
    return [sign * np.asarray(figure, dtype=float) for figure in tests]


def category_reader(
    train: Shaped[np.ndarray, " n"], y: Int[np.ndarray, " n"], tests: Sequence[Shaped[np.ndarray, " m"]]
) -> list[Float[np.ndarray, " m"]]:
    """Return the share of positives of each row's category in the training data, one pseudo-row of each class added.

    A category that training does not know has the overall share.
    """
    names, owner = np.unique(train, return_inverse=True)
    share = (np.bincount(owner, weights=y) + 2 * y.mean()) / (np.bincount(owner) + 2)
    known = dict(zip(names.tolist(), share.tolist(), strict=True))
    return [np.array([known.get(c, float(y.mean())) for c in test.tolist()]) for test in tests]


def lengths(data: Dataset) -> Int[np.ndarray, " n"]:
    """Return the words of each dialogue."""
    return np.array([len(d.text.split()) for d in data], dtype=np.int64)


def positions(data: Dataset) -> Int[np.ndarray, " n"]:
    """Return the words before what the label speaks of: before the target, else before the last answer, else 0."""
    return np.array([len(_before(d).split()) for d in data], dtype=np.int64)


def prompt_of(dialogue: Dialogue) -> str:
    """Return what stands before the message that the label speaks of, empty for plain text."""
    return "\n".join(m.content for m in dialogue.messages[: answer_message(dialogue)])


def answer_message(dialogue: Dialogue) -> int:
    """Return the index of the message that the label speaks of: the target's, else the last one by the assistant."""
    if dialogue.target is not None:
        return dialogue.target.message % len(dialogue.messages)
    spoken = [i for i, m in enumerate(dialogue.messages) if m.role == "assistant"]
    return spoken[-1] if spoken else 0


def _before(dialogue: Dialogue) -> str:
    index, target = answer_message(dialogue), dialogue.target
    start = 0 if target is None else target.start
    return "\n".join([prompt_of(dialogue), dialogue.messages[index].content[:start]])
