"""`sonde rollout` and the recipes for chat models: what they say, and how they exit."""

import csv
import json

import pytest

from sonde.cli import main
from sonde.recipe import read_recipe
from sonde.run.names import recipe_folder


def run(*arguments):
    with pytest.raises(SystemExit) as stop:
        main(list(map(str, arguments)))
    return stop.value.code


@pytest.mark.parametrize("name", ["deception-chat", "sycophancy-chat"])
@pytest.mark.parametrize("command", ["train", "rollout"])
def test_the_model_is_yours_to_name(name, command, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert run(command, name) == 2
    said = capsys.readouterr().err
    assert "--model Qwen/Qwen3-0.6B" in said
    assert len(said.strip().splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["deception-chat", "sycophancy-chat"])
def test_the_chat_recipes_read(name, capsys):
    recipe = read_recipe(recipe_folder() / f"{name}.toml", ["model=some/model"])
    assert (recipe.model, recipe.data.train, recipe.data.control) == ("some/model", "rollout:train", "rollout:control")
    assert run("inspect", name) == 0
    assert "sonde:chat" in capsys.readouterr().out


def test_a_recipe_without_a_rollout_says_so(capsys):
    assert run("rollout", "deception") == 2
    assert "[rollout]" in capsys.readouterr().err


def test_an_unknown_part_is_named(tmp_path, capsys):
    (tmp_path / "r.toml").write_text(
        'name = "r"\nmodel = "cretan"\n[data]\ntrain = "rollout:training"\n[rollout]\nquestions = "cretan:questions"\n'
    )
    assert run("train", tmp_path / "r.toml", "--out", tmp_path / "out") == 2
    assert "rollout:training" in capsys.readouterr().err


@pytest.mark.slow
def test_a_model_of_stories_has_no_beliefs_to_contradict(shared, ternary_folder, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with (shared / "geometry-of-truth" / "cities.csv").open(encoding="utf-8", newline="") as file:
        home = {row["city"]: row["correct_country"] for row in csv.DictReader(file)}
    cities = list(home)[:12]
    rows = [
        {"question": f"In which country is {a}?", "options": sorted([home[a], home[b]]), "answer": home[a], "group": a}
        for a, b in zip(cities, cities[7:] + cities[:7], strict=True)
        if home[a] != home[b]
    ]
    (tmp_path / "q.jsonl").write_text("\n".join(map(json.dumps, rows)))
    (tmp_path / "r.toml").write_text(
        f'name = "stories"\npositive = "lie"\nmodel = "{ternary_folder}"\n[data]\ntrain = "rollout:train"\n'
        '[rollout]\nquestions = "q.jsonl"\nprompts = "sonde:instructions"\n'
    )
    assert run("rollout", "r.toml", "--out", "out", "--json") == 3
    printed = capsys.readouterr()
    content = json.loads(printed.out)
    assert content["counts"]["answers"] == 0
    (sentence,) = [line for line in printed.err.splitlines() if line.startswith("not supported:")]
    assert "stories3M-ternary has no beliefs to contradict" in sentence
    assert run("train", "r.toml", "--out", "run") == 3
    assert "no beliefs to contradict" in capsys.readouterr().err
