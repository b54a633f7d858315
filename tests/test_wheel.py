"""What is installed from a wheel works from another folder, with recipes and weights."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """A folder that holds the unpacked wheel."""
    folder = tmp_path_factory.mktemp("wheel")
    pip = [sys.executable, "-m", "pip", "-q", "--disable-pip-version-check"]
    build = ["wheel", "--no-deps", "--no-build-isolation", "--no-index", "-w", str(folder), str(ROOT)]
    subprocess.run([*pip, *build], check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    target = folder / "site"
    subprocess.run([*pip, "install", "--no-deps", "--no-index", "--target", str(target), str(wheel)], check=True)
    assert wheel.stat().st_size < 30_000_000
    return target


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
