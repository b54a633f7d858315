"""Texts that are nearly the same: found, grouped, and looked for on both sides of a split."""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Iterator, Sequence

import numpy as np

#: Cosine of rarity-weighted character 5-grams from which two texts count as nearly the same. Chosen on templated
#: statements ("The city of X is in Y."), which must not chain into one group, and checked there by the tests.
THRESHOLD = 0.8
_NGRAM = 5
_BUCKETS = 2**22
_CHUNK = 512


def normalise(text: str) -> str:
    """Return `text` with compatible characters, case and white space folded: what "the same text" means here."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def text_group(text: str) -> str:
    """Return a group id that any two texts share exactly when they are the same after `normalise`.

    Example:
        >>> text_group("Who  is it?") == text_group("who is it?")
        True
    """
    short = normalise(text)
    if len(short) <= 60:
        return short
    return f"{short[:48]}… #{hashlib.sha256(short.encode('utf-8', 'surrogatepass')).hexdigest()[:8]}"


def near_duplicates(texts: Sequence[str], threshold: float = THRESHOLD) -> np.ndarray:
    """Group texts that are the same, or nearly the same, directly or through a chain of others.

    Two texts are linked when the cosine of their character 5-grams, each weighted by its rarity in `texts` (smoothed
    TF-IDF, so that what a template repeats in every row counts little), is at least `threshold`. Pairs are found
    exactly, by the prefix filter of Bayardo, Ma & Srikant (2007, "Scaling up all pairs similarity search", §4): only
    rows that share one of their rarest 5-grams can reach the threshold.

    Args:
        texts: `n` texts.
        threshold: cosine in (0, 1]; higher links less.

    Returns:
        `[n]` group ids (strings), the same for any order of the rows; each begins with the text that it stands for.

    Example:
        >>> groups = near_duplicates(["Paris is in France.", "paris is  in France.", "Water boils at 100 degrees."])
        >>> bool(groups[0] == groups[1]), bool(groups[0] == groups[2])
        (True, False)
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    unique, row = np.unique(np.array([normalise(t) for t in texts], dtype=object), return_inverse=True)
    left, right = similar_pairs(list(unique), threshold)
    links = coo_array((np.ones(len(left), dtype=bool), (left, right)), shape=(len(unique), len(unique)))
    _, component = connected_components(links, directed=False)
    # `unique` is sorted, so the first text of a component is its smallest: a name that no row order changes.
    _, first = np.unique(component, return_index=True)
    names = np.array([text_group(unique[i]) for i in first], dtype=object)
    return names[component][row].astype(str) if len(unique) else np.empty(0, dtype=str)


def similar_pairs(texts: Sequence[str], threshold: float = THRESHOLD) -> tuple[np.ndarray, np.ndarray]:
    """Return `[p]`, `[p]` row numbers `i < j` of the distinct, normalised texts whose cosine reaches `threshold`."""
    if len(texts) < 2:
        return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)
    vectors = _vectors(texts)
    found = list(_pairs(vectors, _rare_part(vectors, threshold), threshold))
    return np.concatenate([i for i, _ in found]), np.concatenate([j for _, j in found])


def _vectors(texts: Sequence[str]):
    """`[n, buckets]` sparse unit rows of 5-grams, columns from the rarest to the commonest."""
    from sklearn.feature_extraction.text import HashingVectorizer, TfidfTransformer

    hashed = HashingVectorizer(
        analyzer="char",
        ngram_range=(_NGRAM, _NGRAM),
        n_features=_BUCKETS,
        alternate_sign=False,
        norm=None,
        binary=True,
        lowercase=False,
    )
    counts = hashed.transform([f" {t} " for t in texts]).tocsc()
    frequency = np.diff(counts.indptr)
    present = np.flatnonzero(frequency)
    order = present[np.argsort(frequency[present], kind="stable")]
    rows = TfidfTransformer(smooth_idf=True).fit_transform(counts[:, order].tocsr()).tocsr()
    rows.sort_indices()
    return rows


def _rare_part(vectors, threshold: float):
    """Keep each row's rarest columns until what is left has a norm below `threshold`."""
    squared = vectors.data**2
    running = np.cumsum(squared)
    start = np.concatenate([[0.0], running])[vectors.indptr[:-1]]
    before = running - squared - np.repeat(start, np.diff(vectors.indptr))
    # The part from here on has squared norm 1 - before; once that is below threshold², nothing more is needed.
    needed = 1.0 - before >= threshold**2 - 1e-9
    part = vectors.copy()
    part.data = needed.astype(np.float32)
    part.eliminate_zeros()
    return part


def _pairs(vectors, rare, threshold: float) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    columns = rare.T.tocsr()
    for begin in range(0, vectors.shape[0], _CHUNK):
        candidates = (rare[begin : begin + _CHUNK] @ columns).tocoo()
        i, j = candidates.row + begin, candidates.col
        i, j = i[i < j], j[i < j]
        for part in range(0, len(i), 200_000):
            left, right = i[part : part + 200_000], j[part : part + 200_000]
            cosine = np.asarray(vectors[left].multiply(vectors[right]).sum(axis=1)).ravel()
            yield left[cosine >= threshold], right[cosine >= threshold]
    yield np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)
