"""Features: what vector probes eat. `[n, d]` per site, with what is known of each row."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from sonde.activations.rows import as_index
from sonde.base.display import Displayed
from sonde.base.errors import InputError, unknown_name
from sonde.base.tables import ExampleTable, offsets_of, rows_of

SITE_JOINT = " + "  #: between the names of sites that stand side by side


@dataclass(frozen=True)
class Origin:
    """Where a feature matrix comes from: what a probe must know to be used on other text.

    An empty string means "not stated": features made by hand have no model.

    Attributes:
        model: the model's name.
        fingerprint: hash of its weights and configuration.
        site: where in the model.
        tokens: the token selector, in its string form.
        pooling: how tokens became rows.
        data_sha256: content hash of the dataset captured.
        positive, negative: the names of the classes.
    """

    model: str = ""
    fingerprint: str = ""
    site: str = ""
    tokens: str = ""
    pooling: str = ""
    data_sha256: str = ""
    positive: str = "positive"
    negative: str = "negative"


class LazyValues(Mapping[str, Tensor]):
    """A mapping of sites to tensors that are computed when first asked for, and then kept."""

    def __init__(self, sites: Sequence[str], compute: Callable[[str], Tensor]) -> None:
        self._sites = tuple(sites)
        self._compute = compute
        self._known: dict[str, Tensor] = {}

    def __getitem__(self, site: str) -> Tensor:
        if site not in self._sites:
            raise KeyError(site)
        if site not in self._known:
            self._known[site] = self._compute(site)
        return self._known[site]

    def __iter__(self) -> Iterator[str]:
        return iter(self._sites)

    def __len__(self) -> int:
        return len(self._sites)


class Features(Displayed):
    """`[n, d]` on each site, one row an example (or a token, after `pool("none")`).

    Args:
        values: per site `[n, d]` floats.
        examples: one row an example.
        fingerprint: as of `Activations`.
        pooling: how tokens became rows.
        example: `[n]` the row of `examples` behind each feature row; None = one row an example, in order. Labels,
            groups and tags are repeated by it.

    Example:
        >>> examples = ExampleTable(ids=("a", "b"), labels=np.array([1, 0]))
        >>> X, y = Features({"s": torch.eye(2)}, examples).at("s").xy
        >>> X.origin.site, y.tolist()
        ('s', [1, 0])
    """

    def __init__(
        self,
        values: Mapping[str, Any],  # of tensors; said loosely, as a checker that looks at one would compute it
        examples: ExampleTable,
        fingerprint: Mapping[str, str] | None = None,
        pooling: str = "",
        example: np.ndarray | None = None,
    ) -> None:
        self._values = values
        self._index: np.ndarray | None = None
        self.example = np.arange(len(examples)) if example is None else np.asarray(example, dtype=np.int64)
        self.examples = examples if example is None else examples.take(self.example)
        self.fingerprint = dict(fingerprint or {})
        self.pooling = pooling

    @property
    def sites(self) -> tuple[str, ...]:
        """The names of the sites."""
        return tuple(self._values)

    @property
    def y(self) -> np.ndarray | None:
        """`[n]` 1 = positive class, 0 = negative; None when unlabelled."""
        return self.examples.labels

    @property
    def groups(self) -> np.ndarray | None:
        """`[n]` rows of one group never cross a split; None when unknown."""
        return self.examples.groups

    @property
    def tags(self) -> Mapping[str, tuple[str | None, ...]]:
        """Further columns, each of length `n`."""
        return self.examples.tags

    def __len__(self) -> int:
        return len(self.example)

    def __iter__(self) -> Iterator[str]:
        raise InputError("Features are not iterable: go over features.sites.")

    def __getitem__(self, site: str) -> Float[Tensor, "n d"]:
        """Return `[n, d]` the rows of `site`."""
        if site not in self.sites:
            raise unknown_name("site", site, "these features", self.sites)
        values = self._values[site]
        if self._index is not None:
            values = values[torch.from_numpy(self._index).to(values.device)]
        if values.ndim != 2 or len(values) != len(self):
            raise InputError(
                f"Features of {site!r} have shape {tuple(values.shape)}, expected [{len(self)}, d]: one row an example."
            )
        return values

    def at(self, site: str) -> SiteFeatures:
        """Return one site's features.

        Raises:
            InputError: no such site.
        """
        if site not in self.sites:
            raise unknown_name("site", site, "these features", self.sites)
        return SiteFeatures(self, site)

    def join(self, sites: Sequence[str] | None = None) -> Features:
        """Return one site, named `a + b + …`, whose rows are those of several sites side by side (None = all).

        What is trained on it reads several layers at once, as `EnsembleProbe(blocks=…)` does.
        """
        names = self.sites if sites is None else tuple(sites)
        joined = LazyValues(
            [SITE_JOINT.join(names)], lambda _: torch.cat([self[name].float() for name in names], dim=1)
        )
        side = Features(joined, self.examples, self.fingerprint, self.pooling)
        side.example = self.example
        return side

    def take(self, index: Sequence[int] | np.ndarray) -> Features:
        """Return the rows `index` (integers, or one boolean a row), in that order; the sites stay lazy."""
        index = as_index(index, len(self), "row")
        return self._taken(index, self.examples.take(index), self.example[index], self.fingerprint)

    def take_as(self, index: np.ndarray, examples: ExampleTable, data_sha256: str) -> Features:
        """Return the rows of the examples `index` `[m]` under the names, labels, groups and tags of other examples.

        For data that share texts: each text is captured once, and each data set takes its own view of it.

        Args:
            index: `[m]` which of these features' examples, repeats allowed.
            examples: a table of the `m` examples.
            data_sha256: content hash of their data set.

        Example:
            >>> rows = Features({"s": torch.eye(2)}, ExampleTable(ids=("a", "b")))
            >>> again = rows.take_as(np.array([1, 1]), ExampleTable(ids=("x", "y"), labels=np.array([0, 1])), "…")
            >>> again["s"].tolist(), again.y.tolist()
            ([[0.0, 1.0], [0.0, 1.0]], [0, 1])
        """
        if len(index) != len(examples):
            raise ValueError(f"{len(index)} rows for {len(examples)} examples, expected one each")
        order = np.argsort(self.example, kind="stable")
        counts = np.bincount(self.example, minlength=int(index.max(initial=-1)) + 1)
        rows = order[rows_of(offsets_of(counts), index)]
        example = np.repeat(np.arange(len(index)), counts[index])
        return self._taken(rows, examples.take(example), example, {**self.fingerprint, "data_sha256": data_sha256})

    def _taken(
        self, index: np.ndarray, examples: ExampleTable, example: np.ndarray, fingerprint: Mapping[str, str]
    ) -> Features:
        taken = Features(self._values, examples, fingerprint, self.pooling)
        taken.example = example
        taken._index = index if self._index is None else self._index[index]
        return taken

    def origin(self, site: str) -> Origin:
        """Return where the rows of `site` come from."""
        known = self.fingerprint
        return Origin(
            model=known.get("model", ""),
            fingerprint=known.get("model_fingerprint", ""),
            site=site,
            tokens=known.get("tokens", ""),
            pooling=self.pooling,
            data_sha256=known.get("data_sha256", ""),
            positive=self.examples.positive,
            negative=self.examples.negative,
        )

    def __repr__(self) -> str:
        rows = f"{len(self)} rows" if self.pooling == "none" else f"{len(self)} examples"
        names = list(self.sites)
        if len(names) > 8:
            names = [*names[:4], f"… {len(names) - 8} more", *names[-4:]]
        lines = [f"Features: {rows}, {len(self.sites)} sites, pooling {self.pooling or 'not stated'}"]
        if self.y is not None:
            positive = int((self.y == 1).sum())
            lines.append(f"  {positive} {self.examples.positive}, {len(self) - positive} {self.examples.negative}")
        return "\n".join([*lines, *(f"  {name}" for name in names)])


@dataclass(frozen=True)
class SiteFeatures(Displayed):
    """The features of one site.

    Attributes:
        features: all sites.
        site: which one this is.
    """

    features: Features
    site: str

    @property
    def X(self) -> Tensor:
        """`[n, d]` floats (half types widened to float32), carrying `.origin` and, as `.facts`, this value itself."""
        values = self.features[self.site]
        half = values.dtype in (torch.float16, torch.bfloat16)
        X = values.float() if half else values.detach()  # a new tensor object: `origin` must not stick to a shared one
        X.origin, X.facts = self.origin, self  # type: ignore[attr-defined]
        return X

    @property
    def y(self) -> np.ndarray | None:
        """`[n]` 1 = positive class, 0 = negative; None when unlabelled."""
        return self.features.y

    @property
    def xy(self) -> tuple[Tensor, np.ndarray]:
        """`(X, y)`, ready for `probe.fit(*…xy)`.

        Raises:
            InputError: the examples have no labels.
        """
        if self.y is None:
            raise InputError(
                f"The examples behind the features of {self.site!r} have no labels, and a probe learns from labels: "
                "load the data with its label column."
            )
        return self.X, self.y

    @property
    def groups(self) -> np.ndarray | None:
        """`[n]` rows of one group never cross a split; None when unknown."""
        return self.features.groups

    @property
    def tags(self) -> Mapping[str, tuple[str | None, ...]]:
        """Further columns, each of length `n`."""
        return self.features.tags

    @property
    def example(self) -> np.ndarray | None:
        """`[n]` the example each row is a token of; None when every row is an example."""
        return self.features.example if self.features.pooling == "none" else None

    @property
    def examples(self) -> ExampleTable:
        """One row a feature row."""
        return self.features.examples

    @property
    def origin(self) -> Origin:
        """Where these rows come from."""
        return self.features.origin(self.site)

    def __len__(self) -> int:
        return len(self.features)
