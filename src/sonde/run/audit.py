"""Joining the audit and the model: ask the checks what they need, capture it in one pass, let them judge."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from sonde.audit import Audit, AuditData, Claim, Evidence, Finding, Need, Part, judge, needs_of, not_audited
from sonde.base.errors import InputError
from sonde.capture import Model, capture
from sonde.probes import Probe, example_rows
from sonde.probes.scoring import known_origin
from sonde.probes.sequence import SequenceProbe
from sonde.recipe import Recipe, parse_recipe
from sonde.run.audit_data import as_named, audit_data, fitting, given_data
from sonde.run.captured import EMBEDDING, Captured, capture_run
from sonde.run.data import RunData
from sonde.scores import threshold_from_control
from sonde.text import Dataset
from sonde.tokens import Not, Selector, parse_selector


class Plan:
    """What an audit asks to be captured, made before anything is.

    Args:
        data: the data sets of the audit.
        claim: what is claimed; its threshold may come later.
        checks: `all`, `none`, or names.
        model: the model that will read.
        limits: `max_tokens` and `truncation`, as for `capture`.
    """

    def __init__(
        self, data: AuditData, claim: Claim, checks: str | Sequence[str], model: Model, limits: Mapping[str, Any]
    ) -> None:
        self.data, self.claim, self.checks = data, claim, checks
        self.needs = {
            name: Need(fitting(need.dataset, model, limits), need.without)
            for name, need in needs_of(data, claim, checks).items()
        }
        self._limits = dict(limits)

    @property
    def extra(self) -> dict[str, Dataset]:
        """What is read with the probe's own selector, beside the run's own parts."""
        own = {"train", "control"}
        parts = {name: d for name, d in self.data.parts() if name not in own and not name.startswith("test ")}
        return parts | {name: need.dataset for name, need in self.needs.items() if need.without is None}

    def masked(self, model: Model, probe: Probe, site: str, tokens: str, pool: str) -> dict[str, Part]:
        """Capture the needs that take tokens away from the selector, where it takes any of these."""
        found = {}
        for name, need in self.needs.items():
            if need.without is None or len(need.dataset) == 0:
                continue
            selector, away = parse_selector(tokens), parse_selector(need.without)
            table = model.tokenize(need.dataset, **self._limits).table
            chosen = selector.mask(table)
            left = chosen & ~away.mask(table)
            if left.sum() == chosen.sum() or not left.any():
                continue
            rest: Selector = selector & Not(away)
            kept = need.dataset[np.bincount(table.example[left], minlength=len(need.dataset)) > 0]
            features: Any = capture(model, kept, sites=[site], tokens=rest, pool=pool, check=False, **self._limits)
            found[name] = Part(name, kept, probe, _pooled(features, site), tokens=_tokens(features, site))
        return found


def plan_audit(recipe: Recipe, model: Model, data: RunData) -> Plan:
    """Return what auditing the run of `recipe` needs.

    Raises:
        InputError: a check is unknown, or evidence cannot be used.
    """
    claim = Claim(
        positive=data.train.positive,
        negative=data.train.negative,
        scope=recipe.audit.scope,
        resamples=recipe.resamples,
        seed=recipe.seed,
    )
    return Plan(audit_data(recipe, model, data), claim, recipe.audit.checks, model, limits_of(recipe))


def audit_run(
    recipe: Recipe,
    model: Model,
    plan: Plan,
    captured: Captured,
    probe: Probe,
    plugged: Mapping[str, Finding] | None = None,
) -> Audit:
    """Let the checks judge the selected probe on what was captured.

    Args:
        recipe: of the run.
        model: what read the data.
        plan: from `plan_audit`; its `extra` is among the captured parts.
        captured: from `capture_run`.
        probe: the selected probe, with its threshold.
        plugged: findings of other rooms, by check.
    """
    if isinstance(probe, SequenceProbe):
        return not_audited(
            f"The {probe.kind} probe reads whole sequences of tokens, and the checks judge one row an example: "
            "train a probe of pooled rows beside it, and let that be audited."
        )
    assert probe.origin_ is not None
    site = probe.origin_.site
    names = [name for name, _ in plan.data.parts()] + [n for n, need in plan.needs.items() if need.without is None]
    datasets = dict(plan.data.parts()) | {name: need.dataset for name, need in plan.needs.items()}
    parts = {name: _part(name, datasets[name], probe, captured, site) for name in names if len(datasets[name])}
    if plan.checks != "none":
        parts |= plan.masked(model, probe, site, recipe.capture.tokens, recipe.capture.pool)
    claim = replace(plan.claim, threshold=probe.threshold_)
    return judge(Evidence(claim, plan.data, probe, parts, plugged or {}), plan.checks)


def audit_probe(
    probe: Probe,
    model: Model,
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
    plugged: Mapping[str, Finding] | None = None,
) -> Audit:
    """Audit a probe at hand; see `sonde.audit`."""
    origin = known_origin(probe, model)
    tests = as_named(data)
    if not tests:
        raise InputError("No test data were given to audit the probe on: pass labelled data that it was not fitted to.")
    given = given_data(model, tests, train, control, second_control, as_named(evidence))
    recipe = parse_recipe(
        {
            "name": "audit",
            "model": model.name,
            "resamples": resamples,
            "seed": seed,
            "data": {"train": "given"},
            "capture": {"sites": [origin.site], "tokens": origin.tokens or "all", "pool": origin.pooling or "mean"},
        }
    )
    first = next(iter(tests.values()))
    claim = Claim(
        first.positive, first.negative, tuple(scope), None, resamples=resamples, permutations=permutations, seed=seed
    )
    plan = Plan(given, claim, checks, model, limits_of(recipe))
    run_data = RunData(given.train or first, dict(given.tests), given.control)
    captured = capture_run(recipe, model, run_data, extra=plan.extra)
    if probe.threshold_ is None and given.control is not None:
        scores = probe.decision_function(example_rows(captured.features["control"].at(origin.site)))
        probe = probe.with_threshold(threshold_from_control(scores, name=given.control.name))
    return audit_run(recipe, model, plan, captured, probe, plugged)


def limits_of(recipe: Recipe) -> dict[str, Any]:
    """Return how long texts may be, as `capture` takes it."""
    return {"max_tokens": recipe.capture.max_tokens, "truncation": recipe.capture.truncation}


def with_verdict(probe: Probe, audit: Audit) -> Probe:
    """Return the same probe, marked with its verdict."""
    marked = copy.copy(probe)
    marked.audit_ = audit.verdict
    return marked


def _part(name: str, dataset: Dataset, probe: Probe, captured: Captured, site: str) -> Part:
    features = captured.features[name]
    shown = name.removeprefix("test ").removeprefix("evidence ")
    return Part(
        shown,
        dataset,
        probe,
        _pooled(features, site),
        _pooled(features, EMBEDDING) if EMBEDDING in features.sites else None,
        captured.entropy.get(name),
        captured.log_probability.get(name),
        _tokens(features, site),
    )


def _tokens(features: Any, site: str) -> Any:
    """Return what the probe scores where nothing was pooled, else None."""
    return example_rows(features.at(site)) if features.pooling == "none" else None


def _pooled(features: Any, site: str) -> Any:
    """Return one row an example; tokens' rows are averaged, as a linear probe averages their scores."""
    rows = features.at(site).X
    if features.pooling != "none":
        return rows
    starts = np.flatnonzero(np.r_[True, np.diff(features.example) != 0])
    values = np.asarray(rows, dtype=np.float64)
    return np.add.reduceat(values, starts) / np.diff(np.r_[starts, len(values)])[:, None]
