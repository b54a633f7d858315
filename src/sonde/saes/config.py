"""How one sparse autoencoder is trained: frozen, closed and inert."""

from __future__ import annotations

from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, PositiveInt, ValidationError, model_validator

from sonde.base.errors import InputError, unknown_name

ArchitectureName = Literal["standard", "topk", "batchtopk", "jumprelu", "matryoshka_batchtopk"]
ARCHITECTURES: tuple[str, ...] = get_args(ArchitectureName)

Positive = Annotated[FiniteFloat, Field(gt=0)]


class SAEConfig(BaseModel):
    """One autoencoder's training.

    Activations are scaled while training so that their mean distance from their mean is `sqrt(d_in)`; coefficients,
    thresholds and bandwidths are in that unit. A saved autoencoder takes raw activations.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    architecture: ArchitectureName = "batchtopk"
    """`standard` (ReLU and L1), `topk`, `batchtopk`, `jumprelu` or `matryoshka_batchtopk`."""
    d_sae: PositiveInt
    """Latents."""
    k: Positive = 32.0
    """Latents active per row: exactly (`topk`), on average over a batch (`batchtopk`), or steered to (the others)."""
    seed: Annotated[int, Field(ge=0)] = 0
    """Seed of the initial weights. The order of the data has its own."""
    learning_rate: Positive | None = None
    """Of Adam; left out: `5e-4 * sqrt(16384 / d_sae)` (falls with width as in Gao et al. 2024, 2406.04093)."""
    warmup: Annotated[float, Field(ge=0, le=1)] = 0.05
    """Share of the steps over which the learning rate rises linearly from 0."""
    decay: Annotated[float, Field(ge=0, le=1)] = 0.2
    """Share of the steps, at the end, over which the learning rate falls linearly to 0."""
    coefficient: Positive | None = None
    """Weight of the sparsity penalty of `standard` and `jumprelu`; left out: steered so that `k` latents are active."""
    threshold: Positive = 0.1
    """Initial threshold of `jumprelu`."""
    bandwidth: Positive = 0.1
    """Width of the kernel that estimates the threshold's gradient in `jumprelu`."""
    widths: tuple[PositiveInt, ...] = ()
    """Widths of the nested dictionaries of `matryoshka_batchtopk`, rising to `d_sae`; left out: 1/16, 1/4 and all."""
    revival: Annotated[FiniteFloat, Field(ge=0)] = 1.0
    """Weight of the auxiliary loss that revives dead latents; 0 switches it off."""
    dead_after: PositiveInt | None = None
    """Rows without firing after which a latent counts as dead; left out: a tenth of the training, at most 1,000,000."""

    @model_validator(mode="after")
    def _check(self) -> SAEConfig:
        if self.k > self.d_sae:
            raise ValueError(f"at most d_sae = {self.d_sae} for k, got k = {self.k:g}")
        if self.architecture == "topk" and self.k != int(self.k):
            raise ValueError(f"a whole number for k of a topk autoencoder, got {self.k:g}")
        rising = all(a < b for a, b in zip(self.widths, self.widths[1:], strict=False))
        if self.widths and not (rising and self.widths[-1] == self.d_sae):
            raise ValueError(f"widths that rise to d_sae = {self.d_sae}, got {list(self.widths)}")
        if self.warmup + self.decay > 1:
            raise ValueError(f"warmup + decay of at most 1, got {self.warmup + self.decay:g}")
        return self

    @property
    def rate(self) -> float:
        """The learning rate, with its default worked out."""
        return self.learning_rate or 5e-4 * (16_384 / self.d_sae) ** 0.5

    @property
    def levels(self) -> tuple[int, ...]:
        """The widths of the nested dictionaries; one for architectures without nesting."""
        if self.architecture != "matryoshka_batchtopk":
            return (self.d_sae,)
        return self.widths or tuple(sorted({max(1, self.d_sae // 16), max(1, self.d_sae // 4), self.d_sae}))

    @property
    def name(self) -> str:
        """What a folder of several is told apart by, such as `batchtopk-2048-k32-seed0`."""
        return f"{self.architecture}-{self.d_sae}-k{self.k:g}-seed{self.seed}"


def make_config(**options: Any) -> SAEConfig:
    """Return the configuration of `options`.

    Raises:
        InputError: an unknown option or architecture, or a value that does not fit; one sentence says which.

    Example:
        >>> make_config(architecture="topk", d_sae=64, k=8).rate
        0.008
    """
    for name in options:
        if name not in SAEConfig.model_fields:
            raise unknown_name("option", name, "the training of an SAE", SAEConfig.model_fields)
    architecture = options.get("architecture", "batchtopk")
    if architecture not in ARCHITECTURES:
        raise unknown_name("SAE architecture", str(architecture), "the architectures trained here", ARCHITECTURES)
    try:
        return SAEConfig(**options)
    except ValidationError as error:
        detail = error.errors(include_url=False)[0]
        reason = detail["msg"].removeprefix("Input should be ").removeprefix("Value error, ")
        if not detail["loc"]:
            raise InputError(f"This SAE cannot be trained: expected {reason}; change it.") from error
        what = f"Option {detail['loc'][0]!r} of an SAE is {detail.get('input')!r}"
        raise InputError(f"{what}, expected {reason}: correct it.") from error
