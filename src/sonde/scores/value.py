"""What a detector said: one number a token or an example, higher = more of the positive class."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sonde.base.display import Displayed
from sonde.base.errors import InputError
from sonde.base.tables import ExampleTable, TokenTable
from sonde.scores.threshold import Threshold


@dataclass(frozen=True, eq=False)
class Scores(Displayed):
    """Scores of tokens or of examples, with what is known of them.

    Attributes:
        values: `[t]` one a token when `tokens` is set, else `[n]` one an example; higher = more positive, always.
        offsets: `[n + 1]` where each example's values begin.
        tokens: the token table of `values`; None for one score an example.
        examples: the example table.
        threshold: the operating point of *example* scores; None when the probe has none.
        positive: the name of the positive class.
        example_values: `[n]` the examples' own scores (the probe's selector and pooling) beside token scores.
        note: why `example_values` is missing, in a sentence.
        source: what gave the scores, for a caption.
    """

    values: np.ndarray
    offsets: np.ndarray
    tokens: TokenTable | None
    examples: ExampleTable
    threshold: Threshold | None = None
    positive: str = "positive"
    example_values: np.ndarray | None = None
    note: str = ""
    source: str = ""

    def __post_init__(self) -> None:
        n, rows = len(self.examples), int(self.offsets[-1])
        if len(self.offsets) != n + 1 or self.values.shape != (rows,):
            raise ValueError(f"Scores: {self.values.shape} values and {len(self.offsets)} offsets for {n} examples")
        if not np.isfinite(self.values).all():
            raise InputError("A score is NaN or infinite, expected finite numbers: look for non-finite activations.")

    @staticmethod
    def of_examples(
        values: np.ndarray,
        examples: ExampleTable,
        threshold: Threshold | None = None,
        positive: str = "positive",
        source: str = "",
    ) -> Scores:
        """Make scores of one number an example, `values` `[n]`."""
        offsets = np.arange(len(examples) + 1)
        return Scores(values, offsets, None, examples, threshold, positive, values, source=source)

    def __len__(self) -> int:
        return len(self.examples)

    def of(self, example: int) -> np.ndarray:
        """Return the values of one example."""
        return self.values[self.offsets[example] : self.offsets[example + 1]]

    @property
    def flagged(self) -> np.ndarray:
        """`[n]` whether each example's own score is strictly above the threshold.

        Raises:
            InputError: the probe has no threshold.
        """
        if self.threshold is None:
            raise InputError(
                "These scores have no threshold, so nothing can be called flagged: set one with "
                "`probe.with_threshold(threshold_from_control(control_scores, 0.01, name))` and score again."
            )
        return self.per_example().values > self.threshold.value

    def per_example(self) -> Scores:
        """Return one score an example: that of the probe's own selector and pooling.

        Raises:
            InputError: some example has no token that the probe reads.
        """
        if self.tokens is None:
            return self
        if self.example_values is None:
            raise InputError(self.note or "These token scores came without scores of their examples.")
        return Scores.of_examples(self.example_values, self.examples, self.threshold, self.positive, self.source)

    def __repr__(self) -> str:
        unit = "example" if self.tokens is None else "token"
        cut = "no threshold" if self.threshold is None else f"threshold {self.threshold.value:.4g}"
        return f"Scores({len(self.values)} {unit} scores of {self.positive!r}, {len(self)} examples, {cut})"
