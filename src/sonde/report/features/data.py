"""The frozen values a feature page is drawn from. Whoever ran the model fills them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from sonde.base.display import Displayed
from sonde.report.data import TokenStrip


@dataclass(frozen=True, repr=False, eq=False)
class FeaturePage(Displayed):
    """One latent: what it is active on, what it raises, and what it has to do with a concept.

    Attributes:
        latent: its number.
        d_sae: latents of its dictionary.
        about: facts of the dictionary by name (model, site, architecture, data).
        rows: rows looked at.
        active: `[a]` its activations where it is active.
        top_logits, bottom_logits: tokens it raises and lowers most, with what one unit of activation adds to each
            logit; empty where the site does not write to the residual stream.
        strips: heading → examples, highest activation first.
        concept: name → (figure, meaning), how it relates to a labelled concept.
        neighbours: other latents whose decoder rows point nearly where this one's does, with cosines.
    """

    latent: int
    d_sae: int
    about: Sequence[tuple[str, str]]
    rows: int
    active: np.ndarray
    top_logits: Sequence[tuple[str, float]] = ()
    bottom_logits: Sequence[tuple[str, float]] = ()
    strips: Sequence[tuple[str, Sequence[TokenStrip]]] = ()
    concept: Sequence[tuple[str, str, str]] = ()
    neighbours: Sequence[tuple[int, float]] = field(default=())

    @property
    def density(self) -> float:
        """Share of rows in which it is active."""
        return len(self.active) / max(1, self.rows)

    def __repr__(self) -> str:
        highest = f", highest activation {self.active.max():.3f}" if len(self.active) else ""
        return f"Latent {self.latent} of {self.d_sae}: active in {self.density:.2%} of {self.rows} tokens{highest}"


@dataclass(frozen=True)
class IndexEntry:
    """One line of the index.

    Attributes:
        latent: its number.
        density: share of rows in which it is active.
        highest: its largest activation.
        tokens: the tokens of its highest activations.
        z: standardised AUROC for the concept; None without one.
    """

    latent: int
    density: float
    highest: float
    tokens: str
    z: float | None = None
