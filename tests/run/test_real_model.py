"""The whole path on a real language model and real statements about cities."""

import csv

import pytest

import sonde
from sonde.run import summarize

RECIPE = """
name = "{name}"
positive = "{positive}"
model = {model!r}
[data]
train = {train!r}
text = "statement"
label = "{label}"
group = "city"
[capture]
sites = ["resid_post"]
tokens = "all"
pool = "mean"
[probe]
types = ["logistic", "mean_difference"]
l2 = [10, 1000]
folds = 3
"""


def rows_of(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def run(tmp_path, model, table, *, name, positive, label):
    path = tmp_path / f"{name}.toml"
    path.write_text(RECIPE.format(name=name, positive=positive, label=label, model=str(model), train=str(table)))
    return sonde.train(path, settings=["resamples=200"], out=tmp_path / name)


@pytest.mark.slow
def test_negated_or_not_is_read_with_cities_held_out(tmp_path, shared, ternary_folder):
    table = tmp_path / "negation.csv"
    folder = shared / "geometry-of-truth"
    with table.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["statement", "negated", "city"])
        for name, negated in [("cities.csv", 0), ("neg_cities.csv", 1)]:
            writer.writerows([r["statement"], negated, r["city"]] for r in rows_of(folder / name))
    result = run(tmp_path, ternary_folder, table, name="negated", positive="negated", label="negated")
    (test,) = result.content["test"].values()
    assert test["auroc"]["value"] >= 0.99
    assert test["n_positive"] + test["n_negative"] > 500
    assert result.verdict == "not supported"
    assert "the text gives the label away" in result.content["audit"]["sentence"]
    train, held_out = (part["counts"] for part in result.content["data"])
    assert train["groups"] + held_out["groups"] == len({r["city"] for r in rows_of(folder / "cities.csv")})


@pytest.mark.slow
def test_true_or_not_is_chance_and_reported_so(tmp_path, shared, ternary_folder):
    table = shared / "geometry-of-truth" / "cities.csv"
    result = run(tmp_path, ternary_folder, table, name="truth", positive="true", label="label")
    (test,) = result.content["test"].values()
    assert abs(test["auroc"]["value"] - 0.5) <= 0.1
    assert result.verdict == "not supported"
    assert "labels drawn by lot do as well" in result.content["audit"]["sentence"]
    shown = f"{test['auroc']['value']:.3f}"
    assert shown in result.report_path.read_text(encoding="utf-8")
    assert shown in summarize(result)
