"""Every field of a recipe, with its unit and meaning."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, FiniteFloat, PositiveInt

from sonde.base.probe_types import PROBE_HOMES
from sonde.recipe.closed import Closed
from sonde.recipe.rollout import RolloutRecipe


def _registered(name: str) -> str:
    if name not in PROBE_HOMES:
        raise ValueError(f"one of {', '.join(PROBE_HOMES)}")
    return name


ProbeType = Annotated[str, AfterValidator(_registered)]


def _as_list(value: Any) -> Any:
    return [value] if isinstance(value, str | int | float) and not isinstance(value, bool) else value


Names = Annotated[tuple[str, ...], BeforeValidator(_as_list)]
Strengths = Annotated[tuple[Annotated[FiniteFloat, Field(gt=0)], ...], BeforeValidator(_as_list)]


class DataRecipe(Closed):
    """What is trained on, tested on, and what sets the threshold.

    A data set is a built-in name (`cretan:…`), a file, a folder, or `hf:NAME`. Relative paths are looked for beside the
    recipe, then in the working folder.
    """

    train: str
    """The labelled data probes are trained and selected on."""
    test: Names = ()
    """Labelled data the selected probe is tested on; left out: held-out groups of `train`."""
    control: str | None = None
    """Data without the positive class; its scores set the threshold. Left out: out-of-fold negatives of `train`."""
    test_fraction: Annotated[float, Field(gt=0, lt=1)] = 0.25
    """Share of the groups of `train` held out when `test` is left out."""
    text: str | None = None
    """Column of a table that holds the text."""
    label: str | None = None
    """Column of a table that holds the label."""
    group: str | None = None
    """Column of a table whose equal values must stay on one side of a split."""
    negative: str | None = None
    """Name of the negative class, where labels are names."""
    format: str | None = None
    """Format of the files, where content and name do not tell it."""
    limit: PositiveInt | None = None
    """At most this many rows of each file (class-blind, the first ones); left out: all."""


class CaptureRecipe(Closed):
    """Which activations are read."""

    sites: Names = ("resid_post",)
    """Site names, globs, or shorthands such as `resid_post` (that site in every layer)."""
    tokens: str = "all"
    """Token selector, for example `assistant & ~last(5)`."""
    pool: str = "mean"
    """How the selected tokens of an example become one row."""
    dtype: Literal["float32", "bfloat16", "float16"] | None = None
    """Precision the model runs in; left out: the checkpoint's own on a GPU, float32 on a CPU."""
    device: str | None = None
    """Where the model runs; left out: the best device there is."""
    max_tokens: PositiveInt | None = None
    """Longest sequence, in tokens; left out: the model's context."""
    truncation: Literal["error", "left", "right"] = "error"
    """What happens to a longer text: refuse it, or cut its left or right end."""
    token_budget: PositiveInt | None = None
    """Padded tokens in a batch; left out: chosen by device."""


class ProbeRecipe(Closed):
    """Which probes are trained, and how the best is chosen."""

    types: Annotated[tuple[ProbeType, ...], BeforeValidator(_as_list), Field(min_length=1)] = (
        "logistic",
        "mean_difference",
    )
    """Probe types to try."""
    l2: Strengths = (1.0, 10.0, 100.0, 1000.0, 10000.0)
    """Strengths to try: the factor before half the squared weight norm, on standardised features."""
    sae: str | None = None
    """Folder of the sparse autoencoder that `sparse_latents` reads; left out: the neurons themselves."""
    k: PositiveInt = 16
    """Latents that `sparse_latents` may read."""
    folds: Annotated[int, Field(ge=2, le=20)] = 5
    """Grouped cross-validation folds on the training data, for selection."""
    target_fpr: Annotated[float, Field(gt=0, lt=0.5)] = 0.01
    """False-positive rate on the control set that the threshold aims at."""


class AuditRecipe(Closed):
    """What is asked of the claim, and what the claim says it will not fire on."""

    checks: Literal["all", "none"] | tuple[str, ...] = "all"
    """Audit checks to run."""
    scope: Names = ()
    """Kinds of negatives the detector claims not to fire on; the others are reported as limits."""
    evidence: Names = ()
    """Further labelled data that the checks may draw on: fiction, liars who do not know, talk about lying, …"""
    second_control: str | None = None
    """Negatives that set no threshold, on which its false positives are counted. Left out: the built-in control's other
    entities, or the tests' negatives where no control was named."""


class Recipe(Closed):
    """One run, from data to report."""

    name: Annotated[str, Field(min_length=1, pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]
    """Name of the run, used for its folder."""
    positive: Annotated[str, Field(min_length=1)] = "positive"
    """Name of the positive class; higher scores mean more of it."""
    model: Annotated[str, Field(min_length=1)]
    """`cretan`, a local folder, or a hub name."""
    revision: str | None = None
    """Revision of a hub model; left out: its default branch."""
    seed: Annotated[int, Field(ge=0)] = 0
    """Seed of splits, folds and resampling."""
    resamples: Annotated[int, Field(ge=100)] = 1000
    """Bootstrap resamples behind each interval."""
    data: DataRecipe
    """What is trained and tested on."""
    capture: CaptureRecipe = CaptureRecipe()
    """Which activations are read."""
    probe: ProbeRecipe = ProbeRecipe()
    """Which probes are trained."""
    audit: AuditRecipe = AuditRecipe()
    """What the claim covers."""
    rollout: RolloutRecipe | None = None
    """What the model is asked, where its own answers are the data."""
