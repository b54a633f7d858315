"""What is installed from a wheel works from another folder, with recipes and weights."""

import json
import os
import subprocess
import sys

import pytest


def run(installed, folder, code):
    """Run Python with the wheel before anything else on the path, in `folder`."""
    environment = {**os.environ, "PYTHONPATH": str(installed), "SONDE_QUIET": "1"}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.slow
def test_the_wheel_trains_the_demo_from_another_folder(installed, tmp_path):
    where = run(installed, tmp_path, "import sonde, sonde_probes; print(sonde.__file__, list(sonde_probes.__path__))")
    assert where.count(str(installed)) == 2
    settings = ["data.limit=160", "resamples=100", "folds=2", "l2=10"]
    code = f"""
import sonde
run = sonde.train("deception", settings={settings!r})
print(run.report_path)
"""
    report = tmp_path / run(installed, tmp_path, code).strip().splitlines()[-1]
    assert report.is_file()
    content = json.loads((report.parent / "run.json").read_text(encoding="utf-8"))
    assert content["model"]["name"] == "cretan"
