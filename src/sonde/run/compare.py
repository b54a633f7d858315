"""Runs side by side: paired differences on the rows they share, the angle of their directions, where they disagree."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

from sonde.base.display import Displayed
from sonde.base.errors import InputError
from sonde.base.files import write_atomic
from sonde.run.agreement import direction_cosine
from sonde.run.folder import Run, open_run
from sonde.run.paired import compare_test

SCHEMA = 1


@dataclass(frozen=True)
class Comparison(Displayed):
    """What a comparison found.

    Attributes:
        content: JSON-ready, what `sonde compare --json` prints. `runs`: what each run is, with its own figures per test
            set. `pairs`: for every two runs `a` and `b`, per shared test set (`tests`) the paired differences a - b
            with their intervals, how often the verdicts agree, and the rows where they differ most; `direction`, the
            cosine of the two directions or the reason why there is none; `notes`, what could not be compared.
    """

    content: Mapping[str, Any]

    def table(self) -> str:
        """Return the comparison as text."""
        from sonde.run.compare_table import comparison_text

        return comparison_text(self.content)

    def write_html(self, path: str | Path, *, force: bool = False) -> Path:
        """Draw the comparison into `path`, one page that needs no network.

        Raises:
            InputError: `path` exists and `force` is not set.
        """
        from sonde.report import render_comparison

        path = Path(path)
        if path.exists() and not force:
            raise InputError(f"{path} exists, and nothing is overwritten unasked: pass --force or name another file.")
        return write_atomic(path, render_comparison(self.content))

    def __str__(self) -> str:
        return self.table()

    def __repr__(self) -> str:
        shared = sum(len(pair["tests"]) for pair in self.content["pairs"])
        return f"Comparison({', '.join(run['run'] for run in self.content['runs'])}; {shared} paired test sets)"


def compare(*runs: Run | str | Path, resamples: int = 1000, seed: int = 0, shown: int = 5) -> Comparison:
    """Compare two or more finished runs.

    Test sets are matched by name (or, under other names, by content hash) and their rows by id. On the rows two runs
    share, differences have 95 % intervals from one bootstrap over groups that both runs go through together; they are
    not corrected for the number of pairs, metrics and sets.

    Args:
        *runs: run folders, or opened runs.
        resamples: of the bootstrap.
        seed: of the bootstrap.
        shown: how many of the most different rows to keep, per pair and test set.

    Raises:
        InputError: fewer than two runs, the same one twice, or a folder that is no run.

    Example:
        >>> small = ["data.limit=200", "resamples=100", "folds=2"]
        >>> a = train("deception", settings=[*small, "types=logistic"], out=tmp / "a")
        >>> b = train("deception", settings=[*small, "types=mean_difference"], out=tmp / "b")
        >>> compare(a, b).content["pairs"][0]["tests"]["cretan:loyalty-lies"]["n"]
        200
    """
    opened = [run if isinstance(run, Run) else open_run(run) for run in runs]
    if len(opened) < 2:
        raise InputError(f"{len(opened)} run was named, expected two or more to compare: name another run folder.")
    names = shown_runs(opened)
    named = list(zip(names, opened, strict=True))
    pairs = [_pair(a, b, resamples, seed, shown) for a, b in combinations(named, 2)]
    return Comparison(
        {
            "schema": SCHEMA,
            "method": f"a minus b on the rows both runs scored; 95 % intervals from {resamples} bootstrap resamples of "
            "groups, the same for both runs; not corrected for the number of comparisons",
            "runs": [_run_entry(name, run) for name, run in named],
            "pairs": pairs,
        }
    )


def shown_runs(runs: Sequence[Run]) -> list[str]:
    """Return what each run is called: its folder's own name where that is unique, else the folder as given.

    Raises:
        InputError: a folder is named twice.
    """
    folders = [run.folder.resolve() for run in runs]
    for k, folder in enumerate(folders):
        if folder in folders[:k]:
            raise InputError(f"Run {runs[k].folder} is named twice, expected different runs: leave one of them out.")
    short = [folder.name for folder in folders]
    return [s if short.count(s) == 1 else str(run.folder) for s, run in zip(short, runs, strict=True)]


def _run_entry(name: str, run: Run) -> dict[str, Any]:
    content = run.content
    keys = ("positive", "negative", "selected", "threshold", "test", "created")
    return {
        "run": name,
        "folder": str(run.folder),
        "name": content["name"],
        "verdict": run.verdict,
        "model": {key: content["model"][key] for key in ("name", "fingerprint")},
        **{key: content[key] for key in keys},
    }


def _pair(a: tuple[str, Run], b: tuple[str, Run], resamples: int, seed: int, shown: int) -> dict[str, Any]:
    (name_a, run_a), (name_b, run_b) = a, b
    scores_a, scores_b = run_a.scores(), run_b.scores()
    notes: list[str] = []
    tests = {}
    matched = shared_tests(run_a, run_b)
    for test_a, test_b in matched.items():
        what = test_a if test_a == test_b else f"{test_a} ({test_b} in {name_b})"
        entry, said = compare_test(
            scores_a[f"test {test_a}"], scores_b[f"test {test_b}"], resamples=resamples, seed=seed, shown=shown
        )
        notes += [f"{what}: {sentence}" for sentence in said]
        if entry is not None:
            tests[test_a] = entry
    if not matched:
        notes.append(
            f"{name_a} and {name_b} share no test set ({name_a}: {', '.join(run_a.content['test'])}; {name_b}: "
            f"{', '.join(run_b.content['test'])}), so no paired difference can be taken: name the same [data] test."
        )
    if run_a.content["positive"] != run_b.content["positive"]:
        notes.append(
            f"{name_a} detects {run_a.content['positive']!r} and {name_b} {run_b.content['positive']!r}: differences "
            "are between detectors of different things."
        )
    return {"a": name_a, "b": name_b, "tests": tests, "direction": direction_cosine(run_a, run_b), "notes": notes}


def shared_tests(a: Run, b: Run) -> dict[str, str]:
    """Return the test sets of `a` that `b` has too: by name, else by content hash."""
    hashes_b = {digest: name for name, digest in _test_hashes(b).items()}
    shared = {}
    for name, digest in _test_hashes(a).items():
        if name in b.content["test"]:
            shared[name] = name
        elif digest in hashes_b:
            shared[name] = hashes_b[digest]
    return shared


def _test_hashes(run: Run) -> dict[str, str]:
    """Return the content hash of each test set, in the order of the run."""
    digests = [part.get("sha256") for part in run.content["data"] if part["role"] == "test"]
    return dict(zip(run.content["test"], digests, strict=True))
