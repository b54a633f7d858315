"""What closed-form probes need of their rows: counts, sums and cross products of each class, added up as they stream.

Rows are not kept, so a probe can be trained from a capture, or from a store larger than memory, in `2·d²` numbers.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from jaxtyping import Float, Shaped

from sonde.activations import Activations, Origin
from sonde.probes.inputs import DataError, as_array, check_finite


@dataclass(frozen=True, eq=False)
class ClassSums:
    """Sums over rows of two classes, about `anchor` (the mean of the first rows), so that no digits cancel.

    Attributes:
        anchor: `[d]` subtracted from every row.
        weight: `[2]` total weight of the negatives and the positives.
        total: `[2, d]` weighted sums.
        product: `[2, d, d]` weighted cross products.
        rows: how many rows were seen.
        origin: model, site, selector, pooling and data of the rows, where known.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> X, y = rng.normal(size=(100, 3)), np.arange(100) % 2
        >>> halves = ClassSums.of(X[:50], y[:50]).update(X[50:], y[50:])
        >>> bool(np.allclose(halves.scatter()[2], ClassSums.of(X, y).scatter()[2]))
        True
    """

    anchor: Float[np.ndarray, " d"]
    weight: Float[np.ndarray, " 2"]
    total: Float[np.ndarray, "2 d"]
    product: Float[np.ndarray, "2 d d"]
    rows: int
    origin: Origin | None = None

    @staticmethod
    def of(X: Any, y: Any, w: Any = None, anchor: Float[np.ndarray, " d"] | None = None) -> ClassSums:
        """Add up the first rows, about their mean or a given anchor; see `update`."""
        rows = np.asarray(as_array(X), dtype=np.float64)
        if rows.ndim != 2 or len(rows) == 0:
            raise DataError(f"Sums were asked of rows of shape {rows.shape}, expected [n, d] with at least one row.")
        d = rows.shape[1]
        empty = ClassSums(
            rows.mean(0) if anchor is None else anchor, np.zeros(2), np.zeros((2, d)), np.zeros((2, d, d)), 0
        )
        return empty.update(rows, y, w)

    @staticmethod
    def of_batches(batches: Iterable[Sequence[Any]]) -> ClassSums:
        """Add up `(X, y)` or `(X, y, w)` batches, such as those of a capture or a store.

        Raises:
            DataError: no batch.
        """
        sums: ClassSums | None = None
        for batch in batches:
            sums = ClassSums.of(*batch) if sums is None else sums.update(*batch)
        if sums is None:
            raise DataError("No rows came to add up: check what streams them.")
        return sums

    @staticmethod
    def of_activations(acts: Activations, site: str, pool: str = "mean", examples: int = 1024) -> ClassSums:
        """Add up the labelled examples of activations, in memory or in a store of any size, some at a time.

        Args:
            acts: with labels; `open_store(folder).activations()` for a store.
            site: which site.
            pool: how an example's tokens become one row; `none` = every token is a row.
            examples: held in memory at once.

        Raises:
            InputError: no labels, or an example without tokens to pool.
        """
        sums: ClassSums | None = None
        for start in range(0, len(acts), examples):
            part = acts.take_examples(np.arange(start, min(start + examples, len(acts)))).pool(pool).at(site)
            X, y = part.xy
            sums = replace(ClassSums.of(X, y), origin=part.origin) if sums is None else sums.update(X, y)
        if sums is None:
            raise DataError("These activations hold no examples, so there is nothing to add up: capture some.")
        return sums

    def update(self, X: Any, y: Any, w: Any = None) -> ClassSums:
        """Return the sums with more rows.

        Args:
            X: `[n, d]` numpy or torch.
            y: `[n]` 1 or True = positive class, 0 or False = negative.
            w: `[n]` weights of at least 0; None = 1 each.

        Raises:
            DataError: another width, labels that are neither 0 nor 1, or NaN.
        """
        rows, labels = np.asarray(as_array(X), dtype=np.float64), np.asarray(as_array(y))
        if rows.ndim != 2 or rows.shape[1] != len(self.anchor) or labels.shape != (len(rows),):
            raise DataError(
                f"Rows of shape {rows.shape} with labels of shape {labels.shape} cannot join sums of width "
                f"{len(self.anchor)}: pass [n, {len(self.anchor)}] rows and one label for each."
            )
        if not np.isin(labels, (0, 1)).all():
            raise DataError("The labels hold something other than 0 and 1: pass 1 for the positive class.")
        check_finite(rows)
        weights = np.ones(len(rows)) if w is None else np.asarray(as_array(w), dtype=np.float64)
        weight, total, product = self.weight.copy(), self.total.copy(), self.product.copy()
        for c in (0, 1):
            mine = labels == c
            Z = rows[mine] - self.anchor
            weighed = Z if w is None else Z * weights[mine, None]
            weight[c] += weights[mine].sum()
            total[c] += weighed.sum(0)
            product[c] += weighed.T @ Z
        return ClassSums(self.anchor, weight, total, product, self.rows + len(rows), self.origin)

    def about(self, anchor: Float[np.ndarray, " d"]) -> ClassSums:
        """Return the same sums about another anchor."""
        if np.array_equal(anchor, self.anchor):
            return self
        move = self.anchor - anchor
        cross = self.total[:, :, None] * move[None, None, :]
        square = self.weight[:, None, None] * np.outer(move, move)
        product = self.product + cross + cross.transpose(0, 2, 1) + square
        return ClassSums(anchor, self.weight, self.total + self.weight[:, None] * move, product, self.rows, self.origin)

    @staticmethod
    def join(parts: Sequence[ClassSums]) -> ClassSums:
        """Return the sums of several parts, such as of other ranks or folds."""
        first, moved = parts[0], [part.about(parts[0].anchor) for part in parts]
        names = ("weight", "total", "product", "rows")
        added: dict[str, Any] = {name: sum(getattr(part, name) for part in moved) for name in names}
        return ClassSums(anchor=first.anchor, origin=first.origin, **added)

    def weighed(self, factors: Shaped[np.ndarray, " 2"]) -> ClassSums:
        """Return the sums with the rows of each class counted `factors[class]` times."""
        f = np.asarray(factors, dtype=np.float64)
        return ClassSums(
            self.anchor,
            self.weight * f,
            self.total * f[:, None],
            self.product * f[:, None, None],
            self.rows,
            self.origin,
        )

    def check_classes(self) -> None:
        """Refuse sums of one class only.

        Raises:
            DataError: a class has no weight.
        """
        if not (self.weight > 0).all():
            only = int(self.weight[1] > 0)
            raise DataError(f"The labels hold one class only ({only!r}), expected two: add rows of the other class.")

    def means(self) -> tuple[Float[np.ndarray, " d"], Float[np.ndarray, " d"], Float[np.ndarray, " d"]]:
        """Return the raw means of the negatives, of the positives, and of all."""
        mean_0, mean_1 = self.total / self.weight[:, None] + self.anchor
        return mean_0, mean_1, self.total.sum(0) / self.weight.sum() + self.anchor

    def scatter(self) -> tuple[Float[np.ndarray, " d"], Float[np.ndarray, " d"], Float[np.ndarray, "d d"]]:
        """Return mean `[d]`, standard deviation `[d]` (1 where constant) and scatter `[d, d]` about the mean."""
        mean = self.total.sum(0) / self.weight.sum()
        S = self.product[0] + self.product[1]
        square = np.diag(S) / self.weight.sum()
        S -= np.outer(self.weight.sum() * mean, mean)
        variance = np.diag(S) / self.weight.sum()
        constant = variance <= 1e-12 * square
        return mean + self.anchor, np.where(constant, 1.0, np.sqrt(np.where(constant, 1.0, variance))), S
