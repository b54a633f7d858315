"""`sonde audit` on saved probes: beside their run, and alone."""

import json
import shutil

import pytest
from tests.cli.commands import run

from sonde.audit import CHECKS


@pytest.mark.slow
def test_a_probe_beside_its_run_is_audited_on_the_runs_own_data(capsys, trained, tmp_path):
    page = tmp_path / "audit.html"
    code, out, err = run(capsys, "audit", trained, "--json", "--limit", 60, "--html", page)
    found = json.loads(out)
    assert code == (3 if found["verdict"] == "not supported" else 0)
    assert [f["check"] for f in found["findings"]] == list(CHECKS)
    assert found["sentence"]
    assert f"Wrote {page}" in err
    assert found["verdict"] in page.read_text(encoding="utf-8")
    assert run(capsys, "audit", trained, "--html", page)[0] == 2


def test_a_probe_alone_says_what_data_would_let_more_checks_run(capsys, trained, tmp_path):
    probe = tmp_path / "alone.safetensors"
    shutil.copy(trained / "probe.safetensors", probe)
    code, out, err = run(capsys, "audit", probe)
    assert code == 2
    assert "--data" in err
    given = (
        "audit",
        probe,
        "--data",
        "cretan:loyalty-lies",
        "--limit",
        120,
        "--checks",
        "text_baselines,falsity,pairs",
    )
    code, out, _ = run(capsys, *given)
    lines = {line.split()[0]: line for line in out.splitlines() if line.split() and line.split()[0] in CHECKS}
    assert set(lines) == set(CHECKS)
    assert "training data were not given" in lines["text_baselines"]
    assert "--train" in out
    assert "it was not asked for" in lines["style"]
    assert code == (3 if "verdict: not supported" in out else 0)


def test_unknown_checks_are_named(capsys, trained):
    code, _, err = run(capsys, "audit", trained, "--checks", "styel")
    assert code == 2
    assert "did you mean 'style'" in err
