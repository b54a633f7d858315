import csv
import json
import tomllib

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

import sonde
from sonde.base.errors import InputError
from sonde.recipe import parse_recipe

BASELINES = {"bag_of_words", "length", "embedding_layer", "answer_entropy", "shuffled_labels"}


def test_the_run_folder_holds_what_the_design_names(demo_run):
    names = {p.name for p in demo_run.folder.iterdir()}
    assert names == {"run.json", "report.html", "probe.safetensors", "scores.csv", "recipe.toml"}


def test_run_json_has_the_contracts_keys(demo_run):
    content = json.loads((demo_run.folder / "run.json").read_text())
    assert content["schema"] == 1
    assert content["name"] == "deception"
    assert content["model"]["name"] == "cretan"
    assert content["selected"]["chosen_on"] == "validation"
    assert set(content["selected"]) >= {"site", "probe", "l2"}
    assert set(content["threshold"]) >= {"value", "target_fpr", "control", "n", "realised"}
    assert set(content["baselines"]) == BASELINES
    assert content["audit"]["verdict"] in ("supported", "weak", "not supported")
    assert [f["check"] for f in content["audit"]["findings"]] == list(sonde.audit.CHECKS)
    assert content["audit"]["sentence"]
    cost = ("tokens", "capture_seconds", "sweep_seconds", "audit_seconds", "forward_only_seconds")
    assert set(content["cost"]) >= set(cost)
    for entry in content["test"].values():
        assert set(entry) >= {"auroc", "recall_at_fpr", "balanced_accuracy", "n_positive", "n_negative"}
        assert set(entry["auroc"]) >= {"value", "low", "high"}


def test_figures_can_be_recomputed_from_the_scores(demo_run):
    scores = demo_run.scores()
    for name, entry in demo_run.content["test"].items():
        part = scores[f"test {name}"]
        assert entry["auroc"]["value"] == pytest.approx(roc_auc_score(part["label"], part["score"]), abs=1e-9)
        assert entry["n_positive"] == part["label"].sum()
    threshold = demo_run.content["threshold"]
    assert np.mean(scores["control"]["score"] > threshold["value"]) <= threshold["target_fpr"]


def test_the_saved_probe_gives_the_saved_scores(demo_run):
    probe = sonde.load_probe(demo_run.probe_path)
    name = next(iter(demo_run.content["test"]))
    data = sonde.load_dataset(name, split="test", n=60, seed=0)
    again = probe.score_examples(sonde.load_model("cretan"), data)
    np.testing.assert_allclose(again.values, demo_run.scores()[f"test {name}"]["score"], rtol=1e-3, atol=1e-3)


def test_no_group_stands_on_both_sides(demo_run):
    with (demo_run.folder / "scores.csv").open() as file:
        tested = {row["group"] for row in csv.DictReader(file) if row["set"].startswith("test")}
    trained = set(sonde.load_dataset("cretan:instructed-lies", split="train", n=60, seed=0).groups)
    assert not tested & trained


def test_the_recipe_as_run_reads_back(demo_run):
    recipe = parse_recipe(tomllib.loads((demo_run.folder / "recipe.toml").read_text()))
    assert recipe.data.limit == 60
    assert recipe.probe.l2 == (10.0, 1000.0)


@pytest.mark.slow
def test_the_same_recipe_gives_the_same_probe_and_scores(demo_run, tmp_path):
    again = sonde.train(demo_run.folder / "recipe.toml", out=tmp_path / "again")
    for name in ("probe.safetensors", "scores.csv", "recipe.toml"):
        assert (again.folder / name).read_bytes() == (demo_run.folder / name).read_bytes(), name
    assert again.content["test"] == demo_run.content["test"]


def test_held_out_groups_are_the_test_when_none_is_named(small_table, tmp_path):
    recipe = parse_recipe(
        {
            "name": "negation",
            "positive": "negated",
            "model": "cretan",
            "resamples": 100,
            "data": {"train": str(small_table), "group": "city"},
            "probe": {"folds": 2, "l2": [10.0], "types": ["ridge", "lda"]},
        }
    )
    run = sonde.train(recipe, out=tmp_path / "run")
    (entry,) = run.content["test"].values()
    assert 12 <= entry["n_positive"] + entry["n_negative"] <= 18
    assert "out-of-fold" in run.content["threshold"]["control"]
    assert entry["recall_at_fpr"]["0.01"]["value"] is None
    assert entry["recall_at_fpr"]["0.01"]["reason"]


def test_a_finished_run_is_opened_again(demo_run, tmp_path):
    assert demo_run.probe().predict is not None
    page = demo_run.write_report(tmp_path / "again.html")
    assert page.read_text(encoding="utf-8") == demo_run.report_path.read_text(encoding="utf-8")
    with pytest.raises(InputError, match="--force"):
        demo_run.write_report(tmp_path / "again.html")


@pytest.mark.parametrize("content", [None, "{", "[]", '{"schema": 99}'])
def test_what_is_no_run_is_said_so(tmp_path, content):
    if content is not None:
        (tmp_path / "run.json").write_text(content)
    with pytest.raises(InputError, match=r"run\.json|run folder"):
        sonde.open_run(tmp_path)


def test_the_transfer_matrix_holds_the_tests_of_the_run(demo_run):
    transfer, test = demo_run.content["transfer"], demo_run.content["test"]
    assert transfer["kinds"] == ["cretan:instructed-lies", *test]
    for cell, entry in zip(transfer["auroc"][0][1:], test.values(), strict=True):
        assert cell["value"] == pytest.approx(entry["auroc"]["value"])  # trained on train, tested on a test set
    assert {"capture_seconds", "test_seconds", "extra_tokens"} <= set(demo_run.content["cost"])


def test_reliability_bins_hold_every_row_and_give_the_calibration_error(demo_run):
    for entry in demo_run.content["test"].values():
        bins = entry["reliability"]
        n = entry["n_positive"] + entry["n_negative"]
        assert sum(b["n"] for b in bins) == n
        gap = sum(b["n"] * abs(b["share"]["value"] - b["probability"]) for b in bins) / n
        assert gap == pytest.approx(entry["ece"]["value"])
