"""The notebooks, run from an installed wheel in another folder, offline, and their pages in a browser."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
#: Plotly figures and cards that each page has to show, at least.
SHOWN = {
    "01_tour": (0, 9),
    "02_where_is_it": (2, 3),
    "03_is_it_real": (1, 3),
    "04_sae_features": (1, 5),
    "05_meet_cretan": (0, 4),
    "06_your_own": (0, 5),
}


def test_notebooks_are_stripped_of_output():
    assert {path.stem for path in NOTEBOOKS} == set(SHOWN)
    for path in NOTEBOOKS:
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        assert not [c["id"] for c in cells if c.get("outputs") or c.get("execution_count")], path.name


@pytest.mark.slow
@pytest.mark.browser
@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs_from_the_wheel_and_its_page_is_whole(installed, browser, notebook, tmp_path):
    pytest.importorskip("nbconvert", reason="notebooks are exported by nbconvert: pip install nbconvert")
    copy = shutil.copy(notebook, tmp_path)
    script = [sys.executable, str(ROOT / "tools" / "export_notebooks.py"), str(tmp_path), copy]
    environment = {**os.environ, "PYTHONPATH": str(installed)}
    done = subprocess.run(script, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    print(done.stdout, end="")
    page = (tmp_path / f"{notebook.stem}.html").read_text(encoding="utf-8")
    figures, cards = SHOWN[notebook.stem]
    assert 'data-mime-type="application/vnd.jupyter.stderr"' not in page
    dom, console = browser.open(page)
    assert console == []
    assert dom.count('class="sonde-figure"') == figures
    assert dom.count('class="plot js-plotly-plot"') == figures
    assert dom.count('<svg class="main-svg"') >= figures
    assert dom.count('<div class="sonde">') >= cards
