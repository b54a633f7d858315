"""Evidence made by hand: rows whose every direction is known, so that it is known what a probe reads."""

from dataclasses import replace

import numpy as np

from sonde.audit import AuditData, Claim, Evidence, Part
from sonde.probes import LogisticProbe
from sonde.scores import threshold_from_control
from sonde.text import Dataset, Dialogue, Message, Provenance, Target

D = 12
KINDS = ("honest", "trusted", "mistake", "guess", "ignorant")
SCOPE = KINDS
STYLES = ("terse", "formal", "chatty", "hedged")
PADDING = ["the", "weather", "is", "fine", "and", "nobody", "is", "in", "a", "hurry", "today"]


def directions():
    """One axis a fact: 0 lying, 1 the nuisance, 2… noise (entities on 2 to 5)."""
    return np.eye(D)


def draw(
    name,
    n=600,
    *,
    seed=0,
    groups=60,
    nuisance=None,
    strength=4.5,
    entity=0.2,
    words=None,
    reason="instruction",
    kinds=KINDS,
    style=None,
    rule=None,
    source="here",
    text=None,
    fixed=None,
):
    """Return a data set and its rows `[n, D]`.

    `nuisance(y, rng)` gives the second axis, `words(y, rng)` the number of padding words, `style`, `rule` likewise,
    each for all rows at once; `fixed` is a label for all rows.
    """
    rng = np.random.default_rng(seed)
    y = np.tile([1, 0], n // 2) if fixed is None else np.full(n, fixed)
    group = rng.integers(groups, size=n)
    X = rng.normal(size=(n, D))
    X[:, 0] += strength * y
    X[:, 1] = (rng.normal(size=n) if nuisance is None else nuisance(y, rng)) + 0.1 * rng.normal(size=n)
    X[:, 2:6] += entity * np.random.default_rng(99).normal(size=(1000, 4))[(group + 500 * (seed % 2)) % 1000]
    count = rng.integers(0, 8, size=n) if words is None else words(y, rng)
    styles = rng.choice(STYLES, size=n) if style is None else style(y, rng)
    rules = rng.choice(["none", "told"], size=n) if rule is None else rule(y, rng)
    kind = np.where(y == 1, "lie", rng.choice(kinds, size=n))
    dialogues = []
    for i in range(n):
        said = " ".join(rng.choice(PADDING, size=int(count[i])))
        question = f"question {rng.integers(10**6)} about {name[:3]}{group[i]} {said}"
        if text is not None:
            question += " " + text(y[i], rng)
        answer = f"it is value{rng.integers(50)} ."
        tags = {"kind": str(kind[i]), "style": str(styles[i]), "rule": str(rules[i])}
        tags |= {"reason": reason if y[i] else "none"}
        messages = (Message("system", f"rule {rules[i]}"), Message("user", question), Message("assistant", answer))
        dialogues.append(
            Dialogue(f"{name}-{i}", messages, int(y[i]), f"{name}-{group[i]}", tags, Target(2, 6, len(answer) - 2))
        )
    return Dataset(name, tuple(dialogues), Provenance(source=source), "lie", "honest"), X


def on_axis(axis, *, strength=3.0):
    """Return labels that follow one axis, to fit a probe that reads it and nothing else."""
    rng = np.random.default_rng(7)
    y = np.tile([0, 1], 100)
    X = 0.3 * rng.normal(size=(200, D))
    X[:, axis] += strength * y
    return LogisticProbe(l2=1.0).fit(X, y)


def evidence(
    probe=None,
    *,
    train=None,
    tests=None,
    control=None,
    second=None,
    extra=None,
    scope=SCOPE,
    entropy=None,
    needs=None,
    data_changes=None,
    resamples=200,
    permutations=199,
):
    """Return evidence of a probe on drawn data; a clean lie probe on clean data unless told otherwise."""
    train = draw("train", seed=2) if train is None else train
    tests = {"loyalty": draw("loyalty", seed=1, reason="loyalty")} if tests is None else tests
    control = draw("control", 1000, seed=4, fixed=0) if control is None else control
    second = draw("second", 1000, seed=6, fixed=0) if second is None else second
    probe = LogisticProbe(l2=10.0).fit(train[1], train[0].labels) if probe is None else probe
    probe = probe.with_threshold(threshold_from_control(probe.decision_function(control[1]), name="control"))
    named = {k: v[0] for k, v in tests.items()}, {k: v[0] for k, v in (extra or {}).items()}
    given = AuditData(train[0], named[0], control[0], second[0], named[1])
    rows = {"train": train, "control": control, "second control": second}
    rows |= {f"test {k}": v for k, v in tests.items()} | {f"evidence {k}": v for k, v in (extra or {}).items()}
    rows |= needs or {}
    parts = {}
    for name, (dataset, X) in rows.items():
        unsure = np.random.default_rng(8).normal(size=(len(X), 2)) if entropy is None else entropy(dataset, X)
        shown = name.removeprefix("test ").removeprefix("evidence ")
        parts[name] = Part(shown, dataset, probe, X, X[:, 6:9], unsure[:, 0], unsure[:, 1])
    claim = Claim("lie", "honest", scope, probe.threshold_, resamples=resamples, permutations=permutations)
    found = Evidence(claim, given, probe, parts)
    return found if data_changes is None else without(found, **data_changes)


def without(found, *parts, **changes):
    """Return the evidence without some parts (`train`, …)."""
    data = replace(found.data, **{name.replace(" ", "_"): None for name in parts}, **changes)
    kept = {name: part for name, part in found.parts.items() if name not in parts}
    return replace(found, data=data, parts=kept)
