"""`sonde.audit(probe, model, data)`: the whole audit of a probe at hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sonde.audit.verdict import Audit
from sonde.base.auditor import auditor
from sonde.base.errors import InputError


def audit(
    probe: Any,
    model: Any,
    data: Any,
    *,
    train: Any = None,
    control: Any = None,
    second_control: Any = None,
    evidence: Any = (),
    scope: Sequence[str] = (),
    checks: str | Sequence[str] = "all",
    resamples: int = 1000,
    permutations: int = 999,
    seed: int = 0,
    plugged: Mapping[str, Any] | None = None,
) -> Audit:
    """Ask whether a probe reads what its name says.

    What a check lacks, it says: its finding names the data that would let it run.

    Args:
        probe: a fitted probe that knows its site (or a `load_probe`d one).
        model: the model it was made for.
        data: labelled test data: a `Dataset`, a list of them, or a mapping from names.
        train: what the probe learnt from; without it nothing can be refitted.
        control: negatives; sets the probe's threshold where it has none.
        second_control: other negatives of the same kinds, for `calibration`.
        evidence: further labelled data for the checks to draw on, as `data`.
        scope: kinds of negatives (tag `kind`) that the claim covers; empty = all that the data name.
        checks: `all`, `none`, or names of checks.
        resamples: bootstrap resamples behind each interval.
        permutations: of the labels.
        seed: of all of these.
        plugged: findings of other rooms (`causal`, `sae_table`), by check.

    Returns:
        An `Audit`: `.verdict`, `.sentence`, `.findings`.

    Raises:
        InputError: the probe was made for another model, a data set is unlabelled, or a check is unknown.

    Example:
        >>> import sonde
        >>> model = sonde.load_model("cretan")
        >>> data = sonde.load_dataset("cretan:instructed-lies", n=200, split="train")
        >>> acts = sonde.capture(model, data, sites="blocks.2.hook_resid_post", tokens="before(target)")
        >>> probe = sonde.LogisticProbe(l2=100.0).fit(*acts.pool("mean").at("blocks.2.hook_resid_post").xy)
        >>> test = sonde.load_dataset("cretan:instructed-lies", n=200, split="test")
        >>> found = sonde.audit(probe, model, test, train=data, checks=["text_baselines"], resamples=100)
        >>> found["text_baselines"].check
        'text_baselines'
    """
    run = auditor()
    if run is None:
        raise InputError("Nothing here can run a model: import sonde first, and call sonde.audit(…).")
    return run(
        probe,
        model,
        data,
        train=train,
        control=control,
        second_control=second_control,
        evidence=evidence,
        scope=scope,
        checks=checks,
        resamples=resamples,
        permutations=permutations,
        seed=seed,
        plugged=plugged or {},
    )
