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
#: Numbers held at once while comparing: about 100 MB.
_BLOCK = 8_000_000


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

    Two texts are linked when the cosine of their character 5-grams, each weighted by its rarity in `texts` (TF-IDF,
    so that what a template or a system prompt repeats in every row counts next to nothing), is at least `threshold`.
    Pairs are found exactly, by the prefix filter of Bayardo, Ma & Srikant (2007, "Scaling up all pairs similarity
    search", §4): only rows that share one of their rarest 5-grams can reach the threshold.

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
    unique, row = np.unique(np.array([normalise(t) for t in texts], dtype=object), return_inverse=True)
    if not len(unique):
        return np.empty(0, dtype=str)
    component = _components(list(unique), threshold)
    # `unique` is sorted, so the first text of a component is its smallest: a name that no row order changes.
    _, first = np.unique(component, return_index=True)
    names = np.array([text_group(unique[i]) for i in first], dtype=object)
    return names[component][row].astype(str)


def similar_pairs(texts: Sequence[str], threshold: float = THRESHOLD) -> tuple[np.ndarray, np.ndarray]:
    """Return `[p]`, `[p]` row numbers `i < j` of the distinct, normalised texts whose cosine reaches `threshold`."""
    found: list[tuple[np.ndarray, np.ndarray]] = [(np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64))]
    if len(texts) > 1:
        vectors = _vectors(texts)
        found += [_reaching(vectors, i, j, threshold) for i, j in _candidates(vectors, threshold)]
    return np.concatenate([i for i, _ in found]), np.concatenate([j for _, j in found])


def _components(texts: Sequence[str], threshold: float) -> np.ndarray:
    """`[n]` component numbers, in order of first appearance; pairs that are linked already are not compared again."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    component = np.arange(len(texts))
    if len(texts) < 2:
        return component
    vectors = _vectors(texts)
    for i, j in _candidates(vectors, threshold):
        apart = component[i] != component[j]
        left, right = _reaching(vectors, i[apart], j[apart], threshold)
        if len(left):
            merged = coo_array((np.ones(len(left), dtype=bool), (component[left], component[right])), (len(texts),) * 2)
            component = connected_components(merged, directed=False)[1][component]
    return np.unique(component, return_inverse=True)[1]


def _vectors(texts: Sequence[str]):
    """`[n, buckets]` sparse unit rows of 5-grams, columns from the rarest to the commonest."""
    from scipy.sparse import diags_array
    from sklearn.feature_extraction.text import HashingVectorizer
    from sklearn.preprocessing import normalize

    hashed = HashingVectorizer(
        analyzer="char",
        ngram_range=(_NGRAM, _NGRAM),
        n_features=_BUCKETS,
        alternate_sign=False,
        norm=None,
        binary=True,
        lowercase=False,
    )
    present = hashed.transform([f" {t} " for t in texts]).tocsc()
    frequency = np.diff(present.indptr)
    order = np.argsort(frequency, kind="stable")[np.count_nonzero(frequency == 0) :]
    # The floor keeps a handful of texts comparable; it fades, as in many texts what all rows share says nothing.
    rarity = np.log((1 + len(texts)) / (1 + frequency[order])) + 1 / np.sqrt(len(texts))
    rows = normalize((present[:, order] @ diags_array(rarity)).tocsr())
    rows.sort_indices()
    return rows


def _rare_part(vectors, threshold: float):
    """Ones in each row's rarest columns, up to where the norm of what is left falls below `threshold`."""
    squared = vectors.data**2
    running = np.cumsum(squared)
    start = np.concatenate([[0.0], running])[vectors.indptr[:-1]]
    before = running - squared - np.repeat(start, np.diff(vectors.indptr))
    part = vectors.copy()
    part.data = (1.0 - before >= threshold**2 - 1e-6).astype(np.float32)
    part.eliminate_zeros()
    return part


def _candidates(vectors, threshold: float) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield `[p]`, `[p]` rows `i < j` that share a rare column, in blocks that bound the memory of a comparison."""
    rare = _rare_part(vectors, threshold)
    columns = rare.T.tocsr()
    n = vectors.shape[0]
    chunk = max(1, min(512, _BLOCK // n))
    block = max(1, _BLOCK // max(1, int(np.diff(vectors.indptr).max(initial=1))))
    for begin in range(0, n, chunk):
        shared = (rare[begin : begin + chunk] @ columns).tocoo()
        i, j = shared.row.astype(np.int64) + begin, shared.col.astype(np.int64)
        i, j = i[i < j], j[i < j]
        for part in range(0, len(i), block):
            yield i[part : part + block], j[part : part + block]


def _reaching(vectors, i: np.ndarray, j: np.ndarray, threshold: float) -> tuple[np.ndarray, np.ndarray]:
    """Of the pairs, those whose cosine reaches `threshold`."""
    cosine = np.asarray(vectors[i].multiply(vectors[j]).sum(axis=1)).ravel()
    return i[cosine >= threshold], j[cosine >= threshold]
