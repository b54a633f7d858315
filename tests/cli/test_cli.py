"""Commands as a user types them; slow starts are shared by running in this process."""

import json
import subprocess
import sys
from dataclasses import replace

from tests.cli.commands import SMALL, run

from sonde.organism.contrasts import CONTRASTS

HEAVY = ("torch", "sklearn", "transformers", "transformer_lens", "sae_lens", "scipy", "pandas", "plotly", "datasets")


def test_help_imports_nothing_heavy():
    code = (
        "import sys\nfrom sonde.cli import main\n"
        "try:\n    main(['--help'])\nexcept SystemExit:\n    pass\n"
        f"print([m for m in {HEAVY!r} if m in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "[]"
    for verb in ("train", "capture", "score", "compare", "inspect", "report", "doctor", "demo"):
        assert verb in done.stdout


def test_version(capsys):
    code, out, _ = run(capsys, "--version")
    assert code == 0
    assert out.startswith("sonde 0.")


def test_wrong_usage_is_2(capsys):
    assert run(capsys, "train")[0] == 2
    assert run(capsys, "trian")[0] == 2


def test_train_refuses_to_overwrite(capsys, trained):
    code, out, err = run(capsys, "train", "deception", "--out", trained, *SMALL)
    assert code == 2
    assert out == ""
    assert "--force" in err


def test_train_json_is_one_document(training):
    folder, code, out, err = training
    assert json.loads(out) == json.loads((folder / "run.json").read_text())
    assert code == (3 if json.loads(out)["audit"]["verdict"] == "not supported" else 0)
    assert f"Wrote {folder / 'report.html'}" in err


def test_score_a_text_a_file_and_a_dataset(capsys, trained, tmp_path):
    probe = trained / "probe.safetensors"
    code, out, _ = run(capsys, "score", probe, "cretan:loyalty-lies", "--limit", 3, "--json")
    assert code == 0
    examples = json.loads(out)["examples"]
    assert len(examples) == 3
    assert all(len(e["tokens"]) == len(e["token_scores"]) for e in examples)
    assert all(e["flagged"] in (True, False) for e in examples)
    page = tmp_path / "strip.html"
    code, out, _ = run(capsys, "score", probe, "hello there", "--html", page, "--tokens")
    assert code == 0
    assert "has no token that this probe reads" in out
    assert page.read_text(encoding="utf-8").startswith("<!DOCTYPE html>") or "<html" in page.read_text(encoding="utf-8")
    assert run(capsys, "score", probe, "hello there", "--html", page)[0] == 2


def test_inspect_everything(capsys, trained, monkeypatch):
    monkeypatch.setitem(CONTRASTS, "loyalty-lies", replace(CONTRASTS["loyalty-lies"], n=80))
    for artefact, kind in [
        (trained, "run"),
        (trained / "probe.safetensors", "probe"),
        (trained / "recipe.toml", "recipe"),
        ("deception", "recipe"),
        ("cretan", "model"),
        ("cretan:loyalty-lies", "dataset"),
    ]:
        code, out, _ = run(capsys, "inspect", artefact, "--json")
        assert code == 0
        assert json.loads(out)["kind"] == kind
        code, out, _ = run(capsys, "inspect", artefact)
        assert code == 0
        assert len(out.splitlines()) > 3


def test_inspect_prints_figures_that_can_be_read(capsys, trained):
    probe = trained / "probe.safetensors"
    interval = json.loads(run(capsys, "inspect", probe, "--json")[1])["threshold"]["interval"]
    line = next(line for line in run(capsys, "inspect", probe)[1].splitlines() if "threshold.interval" in line)
    shown = json.loads(line.split("threshold.interval")[1])
    assert shown == [float(f"{figure:.6g}") for figure in interval]


def test_capture_writes_a_store_and_resumes(capsys, tmp_path, monkeypatch):
    monkeypatch.setattr("sonde.capture.plan.UNIT_BYTES", 2**18)
    monkeypatch.setitem(CONTRASTS, "honest-chat", replace(CONTRASTS["honest-chat"], n=80))
    store, site = tmp_path / "store", "blocks.1.hook_resid_post"
    given = ("capture", "cretan:honest-chat", "--model", "cretan", "--sites", site, "--out", store)
    assert run(capsys, *given)[0] == 0
    before = {p.name: p.read_bytes() for p in store.rglob("*") if p.is_file()}
    units = sorted((store / "units").iterdir())
    assert len(units) > 2
    units[1].unlink()
    assert run(capsys, *given)[0] == 0
    assert {p.name: p.read_bytes() for p in store.rglob("*") if p.is_file()} == before
    code, out, _ = run(capsys, "inspect", store, "--json")
    assert code == 0
    assert json.loads(out)["kind"] == "store"


def test_capture_takes_a_recipe(capsys, tmp_path):
    store = tmp_path / "store"
    given = ("--set", "data.limit=20", "--sites", "blocks.0.hook_resid_post", "--out", store)
    code, out, _ = run(capsys, "capture", "deception", *given)
    assert code == 0
    assert "blocks.0.hook_resid_post" in out
    code, _, err = run(capsys, "capture", "cretan:honest-chat", "--out", store)
    assert code == 2
    assert "--model" in err


def test_report_is_drawn_again(capsys, trained, tmp_path):
    code, out, _ = run(capsys, "report", trained, "--out", tmp_path / "r.html")
    assert code == 0
    assert out.strip() == str(tmp_path / "r.html")


def test_doctor(capsys):
    code, out, _ = run(capsys, "doctor", "--json")
    assert code == 0
    assert {c["name"] for c in json.loads(out)} >= {"packages", "device", "cretan", "self-check"}


def test_debug_shows_the_traceback(tmp_path):
    code = f"from sonde.cli import main; main(['inspect', {str(tmp_path / 'none')!r}, '--debug'])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert "Traceback" in done.stderr
