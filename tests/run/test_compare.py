"""Comparisons of runs made by hand, against scikit-learn and a bootstrap written as a loop."""

import json

import numpy as np
import pytest
from runs import make_run, rows_of
from scipy.stats import spearmanr
from sklearn.metrics import roc_auc_score

import sonde
from sonde.base.errors import InputError
from sonde.cli import main

ROWS = rows_of()
Y = np.array([r[2] for r in ROWS])
S = np.array([r[3] for r in ROWS])
OTHER = [(i, g, y, float(s)) for (i, g, y, _), s in zip(ROWS, 0.4 * Y + S[::-1], strict=True)]
S_OTHER = np.array([r[3] for r in OTHER])


@pytest.fixture
def two(tmp_path):
    return make_run(tmp_path / "a", {"t": ROWS}), make_run(tmp_path / "b", {"t": OTHER[::-1]}, threshold=0.3)


def pair_of(*runs, **options):
    (pair,) = sonde.compare(*runs, **{"resamples": 100, **options}).content["pairs"]
    return pair


def test_the_difference_is_that_of_the_metrics_on_rows_matched_by_id(two):
    entry = pair_of(*two)["tests"]["t"]
    found = entry["difference"]
    assert found["auroc"]["value"] == pytest.approx(roc_auc_score(Y, S) - roc_auc_score(Y, S_OTHER))
    recall = (S > 1.0)[Y == 1].mean() - (S_OTHER > 0.3)[Y == 1].mean()
    fpr = (S > 1.0)[Y == 0].mean() - (S_OTHER > 0.3)[Y == 0].mean()
    assert found["recall"]["value"] == pytest.approx(recall)
    assert found["false_positive_rate"]["value"] == pytest.approx(fpr)
    assert found["balanced_accuracy"]["value"] == pytest.approx((recall - fpr) / 2)
    assert entry["same_verdict"]["value"] == pytest.approx(np.mean((S > 1.0) == (S_OTHER > 0.3)))
    assert entry["rank_correlation"]["value"] == pytest.approx(spearmanr(S, S_OTHER).statistic)
    assert (entry["n"], entry["n_positive"], entry["n_groups"]) == (300, 150, len({r[1] for r in ROWS}))


def test_the_interval_is_that_of_a_bootstrap_over_groups_written_as_a_loop(two):
    found = pair_of(*two, resamples=1000)["tests"]["t"]["difference"]["auroc"]
    groups = np.array([r[1] for r in ROWS])
    members = {g: np.flatnonzero(groups == g) for g in np.unique(groups)}
    rng, draws = np.random.default_rng(1), []

    def area(y, s):
        return (s[y == 1][:, None] > s[y == 0]).mean() + 0.5 * (s[y == 1][:, None] == s[y == 0]).mean()

    for _ in range(400):
        rows = np.concatenate([members[g] for g in rng.choice(list(members), len(members))])
        draws.append(area(Y[rows], S[rows]) - area(Y[rows], S_OTHER[rows]))
    np.testing.assert_allclose([found["low"], found["high"]], np.quantile(draws, [0.025, 0.975]), atol=0.025)


def test_turning_the_runs_round_turns_the_sign(two):
    there, back = (pair_of(*runs)["tests"]["t"]["difference"]["auroc"] for runs in (two, two[::-1]))
    assert [there[k] for k in ("value", "low", "high")] == pytest.approx([-back[k] for k in ("value", "high", "low")])


def test_different_verdicts_come_first_then_the_widest_gap_of_ranks(tmp_path):
    rows = [(f"e{k}", f"g{k}", k % 2, float(k)) for k in range(10)]
    moved = [(i, g, y, {"e0": 7.5, "e9": 8.5}.get(i, s)) for i, g, y, s in rows]
    a = make_run(tmp_path / "a", {"t": rows}, threshold=8.0)
    b = make_run(tmp_path / "b", {"t": moved}, threshold=8.7)
    found = pair_of(a, b, shown=3)["tests"]["t"]["disagreements"]
    # e9 keeps its rank and loses its flag; e0 climbs seven places of ten; e1 is the first of those it passes.
    assert [row["id"] for row in found] == ["e9", "e0", "e1"]
    assert [row["a"]["flagged"] for row in found] == [True, False, False]
    assert [round(row["b"]["rank"] - row["a"]["rank"], 6) for row in found] == [0.0, 0.7, -0.1]
    assert found[0]["excerpt"] == "text of e9"


def test_directions_are_compared_where_that_means_something(tmp_path, two):
    a, b = two
    same = pair_of(a, b)["direction"]
    assert same["value"] == pytest.approx(1.0)
    assert same["random"] == pytest.approx(1.96 / np.sqrt(6))
    other_model = make_run(tmp_path / "m", {"t": ROWS}, fingerprint="0" * 8)
    other_site = make_run(tmp_path / "s", {"t": ROWS}, site="blocks.0.hook_resid_post")
    assert "models differ" in pair_of(a, other_model)["direction"]["reason"]
    assert "different sites" in pair_of(a, other_site)["direction"]["reason"]


def test_the_cosine_is_that_of_the_saved_probes(tmp_path, two):
    other = make_run(tmp_path / "o", {"t": ROWS}, probe=sonde.MeanDifferenceProbe())
    directions = [run.probe().direction_ for run in (two[0], other)]
    cosine = np.dot(*directions) / np.prod([np.linalg.norm(d) for d in directions])
    assert pair_of(two[0], other)["direction"]["value"] == pytest.approx(cosine)


def test_what_is_not_shared_is_said(tmp_path, two):
    elsewhere = make_run(tmp_path / "e", {"other": ROWS}, positive="flattery")
    pair = pair_of(two[0], elsewhere)
    assert pair["tests"] == {}
    assert "share no test set (a: t; e: other)" in pair["notes"][0]
    assert "'lie'" in pair["notes"][1]
    fewer = make_run(tmp_path / "f", {"t": ROWS[:200]})
    pair = pair_of(two[0], fewer)
    assert pair["tests"]["t"]["n"] == 200
    assert "200 rows are compared; 100 and 0 are in one run only" in pair["notes"][0]
    strangers = make_run(tmp_path / "g", {"t": [(f"x{i}", g, y, s) for i, g, y, s in ROWS]})
    assert "share no row" in pair_of(two[0], strangers)["notes"][0]
    flipped = make_run(tmp_path / "h", {"t": [(i, g, 1 - y, s) for i, g, y, s in ROWS]})
    pair = pair_of(two[0], flipped)
    assert pair["tests"] == {}
    assert "another label or text" in pair["notes"][0]


def test_the_same_data_under_another_name_are_matched_by_their_hash(tmp_path):
    a = make_run(tmp_path / "a", {"here": ROWS}, hashes={"here": "abc"})
    b = make_run(tmp_path / "b", {"there": ROWS}, hashes={"there": "abc"})
    assert pair_of(a, b)["tests"]["here"]["difference"]["auroc"]["value"] == 0.0


def test_three_runs_make_three_pairs_and_folders_of_one_name_are_told_apart(tmp_path):
    runs = [make_run(tmp_path / x / "run", {"t": ROWS}) for x in ("1", "2", "3")]
    content = sonde.compare(*runs, resamples=100).content
    assert len(content["pairs"]) == 3
    assert [run["run"] for run in content["runs"]] == [str(run.folder) for run in runs]


def test_wrong_runs_are_refused(tmp_path, two):
    with pytest.raises(InputError, match="two or more"):
        sonde.compare(two[0])
    with pytest.raises(InputError, match="named twice"):
        sonde.compare(two[0], str(two[0].folder))
    with pytest.raises(InputError, match=r"run\.json"):
        sonde.compare(two[0], tmp_path)


def test_the_command_prints_json_a_table_and_a_page(tmp_path, two, capsys):
    def run(*arguments):
        with pytest.raises(SystemExit) as stop:
            main(["compare", *map(str, arguments)])
        return int(stop.value.code or 0), *capsys.readouterr()

    folders = [r.folder for r in two]
    code, out, _ = run(*folders, "--json", "--resamples", 100)
    assert code == 0
    assert json.loads(out)["pairs"][0]["tests"]["t"]["n"] == 300
    page = tmp_path / "side by side.html"
    code, out, err = run(*folders, "--resamples", 100, "--html", page)
    assert code == 0
    assert str(page) in err
    value = pair_of(*two)["tests"]["t"]["difference"]["auroc"]["value"]
    assert f"{value:+.3f}" in out
    assert f"{abs(value):.3f}" in page.read_text(encoding="utf-8")
    assert run(*folders, "--html", page)[0] == 2
    assert run(folders[0])[0] == 2


def test_the_page_escapes_what_runs_are_called(tmp_path, two):
    hostile = make_run(
        tmp_path / "<img src=x onerror=alert(1)>", {"t<script>": ROWS}, hashes={"t<script>": "hash of t"}
    )
    page = sonde.compare(two[0], hostile, resamples=100).write_html(tmp_path / "page.html").read_text(encoding="utf-8")
    assert "<img src=x" not in page
    assert "t<script>" not in page


def test_report_of_several_runs_is_the_page_of_their_comparison(two, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    folders = [str(run.folder) for run in two]
    with pytest.raises(SystemExit) as stop:
        main(["report", *folders, "--out", "both.html"])
    assert not stop.value.code
    assert capsys.readouterr().out.strip() == "both.html"
    assert "sonde compare" in (tmp_path / "both.html").read_text(encoding="utf-8")
    with pytest.raises(SystemExit) as stop:
        main(["report", *folders, "--out", "both.html"])
    assert stop.value.code == 2
